/**
 * When a lost host is tried again: pure but for its counts. Waits grow with each failure; after a wake there is a hurry, in
 * which tries are short and close together, since a network is about to come up; one lost link in a while is dialled again
 * without any wait.
 */
import { backOffMs, hurriedWaitMs } from './host.ts';

/**
 * Milliseconds of hurry after a wake. Wi-Fi and DHCP take 3 to 10 s; longer would hammer a server that is down.
 */
const HURRY_MS = 20_000;
/** A link that lived shorter than this, in milliseconds, counts as one more failure: a flapping host is not hammered. */
const STABLE_AFTER_MS = 30_000;

export class RetryPlan {
  #failures = 0;
  /** Of these, how many in a hurry: they do not lengthen the waits that follow. */
  #hurried = 0;
  #hurryUntilMs = Number.NEGATIVE_INFINITY;
  /** When a lost link was last dialled again without a wait. */
  #atOnceMs = Number.NEGATIVE_INFINITY;

  /** Attempts in a row that failed. */
  get failures(): number {
    return this.#failures;
  }

  isInHurry(nowMs: number): boolean {
    return nowMs < this.#hurryUntilMs;
  }

  startOver(): void {
    this.#failures = 0;
    this.#hurried = 0;
  }

  woke(nowMs: number): void {
    this.startOver();
    this.#hurryUntilMs = nowMs + HURRY_MS;
    this.#atOnceMs = Number.NEGATIVE_INFINITY;
  }

  /** A link that was up for `livedMs` is lost. True: dial at once; false: it counts as a failure, and `waitMs` says when. */
  lost(nowMs: number, livedMs: number): boolean {
    if (livedMs >= STABLE_AFTER_MS) this.startOver();
    if (nowMs - this.#atOnceMs >= STABLE_AFTER_MS) {
      this.#atOnceMs = nowMs;
      return true;
    }
    this.#failures += 1;
    return false;
  }

  failed(): void {
    this.#failures += 1;
  }

  /** Milliseconds until the next attempt; asked once for each failure. */
  waitMs(nowMs: number, fraction: number): number {
    if (this.isInHurry(nowMs)) {
      this.#hurried += 1;
      return hurriedWaitMs(this.#hurried, fraction);
    }
    return backOffMs(Math.max(1, this.#failures - this.#hurried), fraction);
  }
}
