/** Who reaches what, as a test says: for dispatchers and handlers alone, without a plane around them. */
import type { UserId } from '#contract/ids.ts';
import {
  type BelongingSources,
  ownedPrefixes,
  Ownership,
  type OwnershipGate,
} from '#main/control-plane/ownership.ts';

/** Somebody with an account. */
export function userIdOf(letter: string): UserId {
  return `user_${letter.repeat(20)}` as UserId;
}

/** For tests of other matters. */
export const openGate: OwnershipGate = { admits: () => true };

/** Nouns that are not given have no things. */
export function ownershipWith(sources: Partial<BelongingSources>): Ownership {
  const none = Object.fromEntries(ownedPrefixes.map((prefix) => [prefix, () => undefined]));
  return new Ownership({ ...(none as unknown as BelongingSources), ...sources });
}
