/**
 * Gathers what tells that the computer woke (the system, pages, the clock, the network, often several at once) into rounds:
 * the first word begins one at once, and what comes within a second has one more.
 */
import type { Clock } from '../interfaces/clock.ts';

/** Milliseconds between two rounds: whoever tells of wakes, however often, costs no more. */
const ROUND_EVERY_MS = 1_000;

/**
 * Why the ways to all hosts are in doubt: the computer slept (`resume` as the system says it, `sleep` by a clock), a person
 * is back (`unlock`, `visible`), or its network is another (`network` by its addresses, `online` as a page hears it).
 */
export type WakeReason = 'resume' | 'sleep' | 'unlock' | 'visible' | 'network' | 'online';

export class WakeRounds {
  readonly #clock: Clock;
  readonly #onRound: (reason: WakeReason) => void;
  #lastMs = Number.NEGATIVE_INFINITY;
  #stopNext: (() => void) | undefined;

  constructor(clock: Clock, onRound: (reason: WakeReason) => void) {
    this.#clock = clock;
    this.#onRound = onRound;
  }

  ask(reason: WakeReason): void {
    if (this.#stopNext) return;
    const nowMs = this.#clock.monotonicMs();
    const waitMs = this.#lastMs + ROUND_EVERY_MS - nowMs;
    if (waitMs <= 0) {
      this.#lastMs = nowMs;
      this.#onRound(reason);
      return;
    }
    this.#stopNext = this.#clock.after(waitMs, () => {
      this.#stopNext = undefined;
      this.ask(reason);
    });
  }

  close(): void {
    this.#stopNext?.();
    this.#stopNext = undefined;
  }
}
