/**
 * Whether a terminal's output has been a flood lately. What is drawn already says too little: a fast screen has drawn
 * nearly all it got, while megabytes still wait on the host. Two windows of time, no timer.
 */

/** Bytes lately, from which on output is a flood: no person reads that fast. */
export const floodBytes = 65_536;
/** Milliseconds of one window; the one before counts, too. */
export const windowMs = 250;

export class FloodMeter {
  #sinceMs = Number.NEGATIVE_INFINITY;
  #bytes = 0;
  #bytesBefore = 0;

  count(byteCount: number, nowMs: number): void {
    const elapsedMs = nowMs - this.#sinceMs;
    if (elapsedMs >= windowMs) {
      this.#bytesBefore = elapsedMs < 2 * windowMs ? this.#bytes : 0;
      this.#bytes = 0;
      this.#sinceMs = nowMs;
    }
    this.#bytes += byteCount;
  }

  isFlooding(nowMs: number): boolean {
    this.count(0, nowMs);
    return this.#bytes + this.#bytesBefore >= floodBytes;
  }
}
