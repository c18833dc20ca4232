/**
 * Says a trouble that comes again and again without filling the log: the first three times, then at every doubling. A host
 * that is away for a day is some ten lines, however often it was tried.
 */

/** Milliseconds without trouble after which the next one is news again. */
const QUIET_MS = 15 * 60_000;

export class TroubleLog {
  #times = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Counts one more, and returns how often it happened by now when that is worth a line. */
  count(nowMs: number): number | undefined {
    if (nowMs - this.#lastMs >= QUIET_MS) this.#times = 0;
    this.#lastMs = nowMs;
    this.#times += 1;
    const isWorthALine = this.#times <= 3 || Number.isInteger(Math.log2(this.#times));
    return isWorthALine ? this.#times : undefined;
  }
}
