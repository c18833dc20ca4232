/** What people have in the rest of the plane, as the users' services see it. */
import type { UserId } from '#contract/ids.ts';
import type { Usage } from '#contract/users.ts';

export interface PersonsThings {
  /** What a person has now. */
  usageOf(userId: UserId): Usage;
  /** Told of each person whose usage changed. Returns what takes it back. */
  onUsageChange(listener: (userId: UserId) => void): () => void;
  /**
   * All of a person's things become another's. Throws conflict while an operation of that person runs; links that the
   * person gave to terminals end.
   */
  takeOver(
    from: UserId,
    to: UserId,
  ): Promise<{ readonly projects: number; readonly workspaces: number; readonly snapshots: number }>;
}
