/** Randomness, so that tests can repeat it. */
import type { IdPrefix } from '#contract/ids.ts';

export interface Random {
  /** A new identifier, as `host_` and 20 characters of base 32. */
  id<P extends IdPrefix>(prefix: P): `${P}_${string}`;
  /** `length` cryptographically strong bytes. */
  bytes(length: number): Uint8Array;
  /** A number in [0, 1), for jitter only. */
  fraction(): number;
}
