/** Slow hashes of passwords. Their cost is the point, so that only a few are made at once. */
import type { Secret } from './secret.ts';

export interface PasswordHasher {
  /** A text that names its own parameters. Throws too-many when the waiting line is full. */
  hash(password: Secret): Promise<string>;
  /**
   * Compares in constant time. `encoded` null: there is nothing to compare with, and it costs the same; never right.
   * `isOutdated`: made with weaker parameters than today's. Throws too-many when the waiting line is full.
   */
  verify(
    password: Secret,
    encoded: string | null,
  ): Promise<{ readonly isRight: boolean; readonly isOutdated: boolean }>;
}
