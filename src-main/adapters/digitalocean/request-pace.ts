/**
 * When the next request may leave: one for all requests of a token, since the provider counts by token. When it asks to
 * wait, everything waits; when little is left of the hour, everything goes slower, so that nothing comes to a halt.
 * Limits: 5,000 in an hour and 250 in a minute (docs.digitalocean.com/reference/api/, "Rate Limit").
 */
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import { pause } from './pause.ts';

/** Milliseconds that a request waits here for its turn. Longer ones are told to the caller, who knows what can wait. */
export const TURN_LIMIT_MS = 20_000;
/** Milliseconds to wait where the provider does not say how long: the window of its burst limit. */
const UNTOLD_WAIT_MS = 60_000;
/** Milliseconds. A provider that says “now” each time must not be asked without a break. */
const SHORTEST_WAIT_MS = 1_000;
/** Milliseconds: the window of its longest limit. Whatever says more is wrong. */
const LONGEST_WAIT_MS = 3_600_000;
/** Requests that are left: below, each keeps this distance in milliseconds from the one before. */
const spacing = [
  { below: 25, spacingMs: 5_000 },
  { below: 100, spacingMs: 1_000 },
  { below: 250, spacingMs: 250 },
] as const;

export class RequestPace {
  readonly #clock: Clock;
  /** Monotonic milliseconds. */
  #pausedUntilMs = 0;
  #nextTurnMs = 0;
  #spacingMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is this request's turn. Throws cloud.rate-limited where that is too far away, or cancelled. */
  async turn(signal: AbortSignal): Promise<void> {
    for (;;) {
      const nowMs = this.#clock.monotonicMs();
      const atMs = Math.max(nowMs, this.#nextTurnMs, this.#pausedUntilMs);
      if (atMs - nowMs > TURN_LIMIT_MS) throw rateLimited(atMs - nowMs);
      this.#nextTurnMs = atMs + this.#spacingMs;
      if (atMs === nowMs) return;
      await pause(this.#clock, atMs - nowMs, signal);
      // Somebody else may have been told to wait meanwhile.
      if (this.#pausedUntilMs <= this.#clock.monotonicMs()) return;
    }
  }

  /** Of every answer. Null: not told. */
  noteRemaining(remaining: number | null): void {
    if (remaining === null) return;
    this.#spacingMs = spacing.find(({ below }) => remaining < below)?.spacingMs ?? 0;
    if (this.#spacingMs === 0) this.#nextTurnMs = 0;
  }

  /** The provider asks to wait. Milliseconds, null where it does not say. Returns the failure to tell. */
  stop(retryAfterMs: number | null): BerthError {
    const waitMs = Math.min(Math.max(retryAfterMs ?? UNTOLD_WAIT_MS, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#clock.monotonicMs() + waitMs);
    return rateLimited(this.#pausedUntilMs - this.#clock.monotonicMs());
  }
}

function rateLimited(waitMs: number): BerthError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const wait = seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`;
  return new BerthError('cloud.rate-limited', `DigitalOcean asks to wait for ${wait}: too many requests.`, {
    details: { retryAfterMs: Math.ceil(waitMs) },
  });
}
