/**
 * A clock that moves by hand. Timers fire in the order of their times, each at its own instant; between two of them
 * pending promises are let through, so that what a timer starts may set the next one.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '#main/control-plane/interfaces/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class ManualClock implements Clock {
  readonly #startMs: number;
  readonly #timers = new Set<Timer>();
  #elapsedMs = 0;
  #wallShiftMs = 0;
  #count = 0;

  constructor(start = '2026-01-02T03:04:05.000Z') {
    this.#startMs = Date.parse(start);
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs + this.#wallShiftMs;
  }
  monotonicMs(): number {
    return this.#elapsedMs;
  }
  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#count++, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Timers that wait. */
  get pendingTimers(): number {
    return this.#timers.size;
  }
  /** Milliseconds until the next timer; undefined when none waits. */
  get nextTimerMs(): number | undefined {
    const next = this.#next();
    return next && next.atMs - this.#elapsedMs;
  }

  /** Moves time on and fires what is due, in order. Resolves when all that followed at once has run. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + byMs;
    await turn();
    for (let timer = this.#next(); timer && timer.atMs <= untilMs; timer = this.#next()) {
      this.#elapsedMs = Math.max(this.#elapsedMs, timer.atMs);
      this.#timers.delete(timer);
      timer.run();
      await turn();
    }
    this.#elapsedMs = untilMs;
    await turn();
  }

  /** The machine slept: both clocks went on and no timer fired; those that are due fire at the next `advance`. */
  sleep(forMs: number): void {
    this.#elapsedMs += forMs;
  }

  /** Somebody set the wall clock; the monotonic one did not notice. */
  setWallClock(byMs: number): void {
    this.#wallShiftMs += byMs;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers)
      if (!next || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order))
        next = timer;
    return next;
  }
}
