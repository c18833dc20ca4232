/** What a person has, as far as accounts care: how much of it, and to whom it goes when the account is removed. */
import type { UserId } from '#contract/ids.ts';
import type { Usage } from '#contract/users.ts';

export interface PersonsThings {
  /** Cheap: from memory. */
  usageOf(userId: UserId): Usage;
  /** Told of each person whose usage changed. Returns what takes it back. */
  onUsageChange(listener: (userId: UserId) => void): () => void;
  /**
   * Everything of one becomes another's; counts what it was. Called again after a failure it goes on where it was.
   * Throws conflict while something of it is in the middle of an operation.
   */
  takeOver(
    from: UserId,
    to: UserId,
  ): Promise<{ readonly projects: number; readonly workspaces: number; readonly snapshots: number }>;
}
