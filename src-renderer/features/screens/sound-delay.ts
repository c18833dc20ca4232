/**
 * How much later a sound arrives than it is played over there. Pure. A stream that gives 48 000 frames a second and has given
 * fewer since it began has the rest still on its way, or lost. What is behind for good is no more than the two clocks differ.
 */
import { framesPerSecond } from './sound-buffer.ts';

const bytesPerMs = (framesPerSecond * 4) / 1_000;
/** Clocks differ by less; a way that is too narrow for the sound loses far more. */
const leak = 0.001;

export class SoundDelay {
  #begunAtMs: number | null = null;
  #bytes = 0;
  /** The least that it was ever behind: the beginning, which every stream has. */
  #least = 0;
  #leastAtMs = 0;

  arrived(bytes: number, nowMs: number): void {
    this.#begunAtMs ??= nowMs;
    this.#bytes += bytes;
    this.behindMs(nowMs);
  }

  behindMs(nowMs: number): number {
    if (this.#begunAtMs === null) return 0;
    const behind = nowMs - this.#begunAtMs - this.#bytes / bytesPerMs;
    this.#least = Math.min(behind, this.#least + (nowMs - Math.max(this.#begunAtMs, this.#leastAtMs)) * leak);
    this.#leastAtMs = nowMs;
    return behind - this.#least;
  }
}
