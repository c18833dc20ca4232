/** Who is a person here and how much each may have: what quotas and ownership ask of the users' services. */
import type { UserId } from '#contract/ids.ts';
import type { Quota } from '#contract/users.ts';
import type { IsPerson } from '../heirs.ts';

/** Answers from memory. */
export interface QuotaSource {
  quotaOf(userId: UserId): Quota;
  /** Somebody with an account, also a disabled one. */
  readonly isPerson: IsPerson;
}
