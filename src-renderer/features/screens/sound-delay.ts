/**
 * How much later a sound arrives than it is played over there. Pure. A stream that gives 48 000 frames a second and has given
 * fewer since it began has the rest still on its way, or lost. What is behind for good is no more than the two clocks differ.
 * What pauses after silence has nothing on its way: all before has come, and it begins anew with what comes next.
 */
import { framesPerSecond, pauseAfterMs } from './sound-buffer.ts';

const bytesPerMs = (framesPerSecond * 4) / 1_000;
/** Longer than between two pieces of a stream that does not pause. */
const pauseMs = 300;
/** Clocks differ by less; a way that is too narrow for the sound loses far more. */
const leak = 0.001;

export class SoundDelay {
  #begunAtMs: number | null = null;
  #bytes = 0;
  #silentBytes = 0;
  #arrivedAtMs = 0;
  /** The least that it was ever behind: the beginning, which every stream has. */
  #least = 0;
  #leastAtMs = 0;

  arrived(bytes: Uint8Array, nowMs: number): void {
    if (this.#isPaused(nowMs)) this.#begin();
    this.#begunAtMs ??= nowMs;
    this.#arrivedAtMs = nowMs;
    this.#bytes += bytes.byteLength;
    const silent = bytes.byteLength - 1 - bytes.findLastIndex((byte) => byte !== 0);
    this.#silentBytes = silent === bytes.byteLength ? this.#silentBytes + silent : silent;
    this.behindMs(nowMs);
  }

  #isPaused(nowMs: number): boolean {
    return this.#silentBytes >= pauseAfterMs * bytesPerMs && nowMs - this.#arrivedAtMs >= pauseMs;
  }

  #begin(): void {
    this.#begunAtMs = null;
    this.#bytes = 0;
    this.#least = 0;
    this.#leastAtMs = 0;
  }

  behindMs(nowMs: number): number {
    if (this.#begunAtMs === null || this.#isPaused(nowMs)) return 0;
    const behind = nowMs - this.#begunAtMs - this.#bytes / bytesPerMs;
    this.#least = Math.min(behind, this.#least + (nowMs - Math.max(this.#begunAtMs, this.#leastAtMs)) * leak);
    this.#leastAtMs = nowMs;
    return behind - this.#least;
  }
}
