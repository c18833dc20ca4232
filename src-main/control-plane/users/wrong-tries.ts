/**
 * Slows down whoever guesses: after five wrong tries for one key a pause, which doubles up to fifteen minutes. Counts a
 * try when it begins, so that many at once are no way round. Knows nothing of who exists: a key of nobody's is counted
 * alike. In memory: a restart forgives.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../interfaces/clock.ts';

export const freeTries = 5;
/** Of the first pause. */
const firstPauseMs = 30_000;
/** Longer would shut people out of their accounts for whoever dislikes them. */
export const longestPauseMs = 15 * 60_000;
/** After so long without a try nothing is held against anybody. */
const forgetAfterMs = 24 * 60 * 60_000;
/** Each took a slow hash to get here. */
const maxKeys = 10_000;

interface Tries {
  count: number;
  untilMs: number;
  lastMs: number;
}

export interface Try {
  /** It was right: all is forgotten. */
  succeed(): void;
  /** It was neither right nor wrong, as when a code is still to come. */
  withdraw(): void;
}

export class WrongTries {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #byKey = new Map<string, Tries>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Counts as wrong until something else is said of it. Throws too-many during a pause. */
  begin(key: string): Try {
    const now = this.#clock.monotonicMs();
    const tries = this.#byKey.get(key) ?? { count: 0, untilMs: 0, lastMs: now };
    if (tries.untilMs > now) throw tooMany(tries.untilMs - now);
    tries.count += 1;
    tries.lastMs = now;
    const before = tries.untilMs;
    const paused = tries.count - freeTries;
    if (paused >= 0) tries.untilMs = now + Math.min(longestPauseMs, firstPauseMs * 2 ** paused);
    // Behind all others: the first of the map is the one that was quiet the longest.
    this.#byKey.delete(key);
    this.#byKey.set(key, tries);
    this.#trim(now);
    return {
      succeed: () => void this.#byKey.delete(key),
      withdraw: () => {
        tries.count = Math.max(0, tries.count - 1);
        if (paused >= 0) tries.untilMs = before;
      },
    };
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }

  #trim(now: number): void {
    for (const [key, { lastMs }] of this.#byKey) {
      if (now - lastMs < forgetAfterMs && this.#byKey.size <= maxKeys) return;
      this.#byKey.delete(key);
    }
  }
}

function tooMany(leftMs: number): BerthError {
  const seconds = Math.ceil(leftMs / 1000);
  const wait = seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
  return new BerthError(
    'too-many',
    `Too many wrong tries. Wait ${wait} and try again, or ask for a new password by e-mail.`,
    { details: { retryAfterSeconds: seconds } },
  );
}
