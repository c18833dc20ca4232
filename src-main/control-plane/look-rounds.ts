/** Looks that come again and again: how far apart they are, and whether things went on meanwhile that nobody saw. */
import type { Clock } from './interfaces/clock.ts';

/** A look that comes after so many of its intervals says that the computer slept. */
const LATE_INTERVALS = 3;

export interface LookRound {
  /** Milliseconds since the look before; 0: there was none. */
  readonly sinceMs: number;
  /** Nobody looked for a while, or the wall clock jumped: an instant in between was not seen coming. */
  readonly wasAway: boolean;
}

export class LookRounds {
  readonly #clock: Clock;
  readonly #lateMs: number;
  #last: { readonly monotonicMs: number; readonly wallMs: number } | undefined;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#lateMs = LATE_INTERVALS * intervalMs;
  }

  /** `isFirstAway`: whether the first look comes after something that nobody saw. */
  next(isFirstAway = true): LookRound {
    const now = { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.nowMs() };
    const last = this.#last;
    this.#last = now;
    if (last === undefined) return { sinceMs: 0, wasAway: isFirstAway };
    const sinceMs = now.monotonicMs - last.monotonicMs;
    const jumpMs = now.wallMs - last.wallMs - sinceMs;
    return { sinceMs, wasAway: sinceMs > this.#lateMs || jumpMs > this.#lateMs };
  }
}

/** Minutes until what failed is tried again; the last one goes on. */
const AGAIN_MINUTES = [5, 15, 30, 60] as const;

/** Milliseconds. `failures`: how many there were before this one. */
export function againAfterMs(failures: number): number {
  return (AGAIN_MINUTES[failures] ?? 60) * 60_000;
}
