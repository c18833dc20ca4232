/**
 * What stands between a sound that comes in bursts and a loudspeaker that wants it evenly: a ring of samples that is played
 * with a small delay. Pure; its only clock is how much is pulled.
 *
 * Guarantees: it holds two seconds at most, whatever is pushed; what comes later than the delay allows is dropped and the
 * newest is kept; when there is nothing to play it is silent, without a click, and waits for a little more from then on, unless
 * what was played last was silence: nothing is sent of that but its beginning (`skipsSilence` of `workspaces.dial`). The two
 * clocks, the sound's and the loudspeaker's, are never quite the same: it plays a little faster or slower, below what ears
 * notice, so that the delay stays what it is.
 */

/** Of what is pushed, and of what pulls. */
export const framesPerSecond = 48_000;
/** Two channels, left first, each signed 16 bit little-endian. */
const bytesPerFrame = 4;
const framesPerMs = framesPerSecond / 1_000;
/** After so much silence no more of it need come. Half of what is sent of each. */
export const pauseAfterMs = 250;
/** A power of two, so that a mask wraps: 2.7 s. */
const capacity = 131_072;
const mask = capacity - 1;

/** PulseAudio gives blocks of 50 ms: with less than two of them each jitter would be heard. */
export const shortestDelayMs = 100;
const longestDelayMs = 500;
/** More of a delay after each gap, and a bit less of it after each calm half minute. */
const moreAfterGapMs = 40;
const lessWhenCalmMs = 10;
const calmFrames = 30 * framesPerSecond;
/** So much more than the delay is late, and dropped. */
export const lateAfterMs = 250;

/** Of the pitch; half a per cent is a twelfth of a semitone. Quartz differs by 0.01 %. */
const mostBend = 0.005;
/** Of the pitch, for each second that the delay is off: 100 ms off are the whole of `mostBend`. */
const bendPerSecond = 0.05;
/** Bursts come and go within this time; what is left of them is drift. */
const averageFrames = 2 * framesPerSecond;
/** The curve through four points needs two behind, and one before. */
const curveFrames = 3;

export class SoundBuffer {
  /** How often it ran out, and how much was dropped because it was late. */
  gaps = 0;
  skippedFrames = 0;

  readonly #left = new Float32Array(capacity);
  readonly #right = new Float32Array(capacity);
  /** Counted from the beginning: what was pushed, and where it is played, which is mostly between two frames. */
  #end = 0;
  #at = 0;
  /** So much of the newest is silence. */
  #silentFrames = 0;
  /** The beginning of a frame whose end has not come. */
  #rest = new Uint8Array(0);
  #isFilling = true;
  #delay = shortestDelayMs * framesPerMs;
  #average = this.#delay;
  #calm = 0;

  /** What is there to be played. */
  get bufferedMs(): number {
    return (this.#end - this.#at) / framesPerMs;
  }

  /** What it aims at. */
  get delayMs(): number {
    return this.#delay / framesPerMs;
  }

  /** Bytes in any pieces, as a network cuts them. */
  push(bytes: Uint8Array): void {
    const all = this.#rest.byteLength === 0 ? bytes : joined(this.#rest, bytes);
    const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
    const frames = Math.floor(all.byteLength / bytesPerFrame);
    for (let frame = 0; frame < frames; frame += 1) {
      const slot = (this.#end + frame) & mask;
      const left = view.getInt16(frame * bytesPerFrame, true);
      const right = view.getInt16(frame * bytesPerFrame + 2, true);
      this.#left[slot] = left / 32_768;
      this.#right[slot] = right / 32_768;
      this.#silentFrames = left === 0 && right === 0 ? this.#silentFrames + 1 : 0;
    }
    this.#rest = all.slice(frames * bytesPerFrame);
    this.#end += frames;
    // Nobody pulls: the oldest has been written over.
    const oldest = this.#end - capacity + curveFrames;
    if (this.#at < oldest) {
      this.skippedFrames += Math.floor(oldest - this.#at);
      this.#at = oldest;
    }
  }

  /** Another stream begins: what is left of the one before is not played, nor is half a frame of it. */
  clear(): void {
    this.#rest = new Uint8Array(0);
    this.#at = this.#end;
    this.#silentFrames = 0;
    this.#isFilling = true;
  }

  /** Fills both, which are equally long. @returns the loudest sample in them, from 0 to 1 */
  pull(left: Float32Array, right: Float32Array): number {
    const frames = left.length;
    if (this.#isFilling) {
      if (this.#end - this.#at < this.#delay) {
        left.fill(0);
        right.fill(0);
        return 0;
      }
      this.#begin();
      const step = this.#step(frames);
      this.#play(left, right, { frames, step, gainFrom: 0, gainTo: 1 });
      return peakOf(left, right);
    }
    if (this.#end - this.#at > this.#delay + lateAfterMs * framesPerMs) {
      this.#skip(left, right);
      return peakOf(left, right);
    }
    const step = this.#step(frames);
    const playable = Math.floor((this.#end - this.#at - curveFrames) / step);
    // Not enough for the next one either: this one is what it fades out in.
    if (playable < 2 * frames)
      this.#runOut(left, right, { frames: Math.max(0, Math.min(frames, playable)), step });
    else {
      this.#play(left, right, { frames, step, gainFrom: 1, gainTo: 1 });
      this.#calmDown(frames);
    }
    return peakOf(left, right);
  }

  /** What came before there was enough is older than it need be. */
  #begin(): void {
    this.#isFilling = false;
    this.skippedFrames += Math.floor(this.#end - this.#at - this.#delay);
    this.#at = this.#end - this.#delay;
    this.#average = this.#delay;
    this.#calm = 0;
  }

  /** From where it is to the newest, one fading into the other. */
  #skip(left: Float32Array, right: Float32Array): void {
    const frames = left.length;
    const newAt = Math.floor(this.#end - this.#delay);
    this.skippedFrames += Math.floor(newAt - this.#at);
    this.#play(left, right, { frames, step: 1, gainFrom: 1, gainTo: 0 });
    const newLeft = new Float32Array(frames);
    const newRight = new Float32Array(frames);
    this.#at = newAt;
    this.#average = this.#delay;
    this.#play(newLeft, newRight, { frames, step: 1, gainFrom: 0, gainTo: 1 });
    for (let frame = 0; frame < frames; frame += 1) {
      left[frame] = (left[frame] ?? 0) + (newLeft[frame] ?? 0);
      right[frame] = (right[frame] ?? 0) + (newRight[frame] ?? 0);
    }
  }

  #runOut(left: Float32Array, right: Float32Array, how: { frames: number; step: number }): void {
    left.fill(0);
    right.fill(0);
    this.#play(left, right, { ...how, gainFrom: 1, gainTo: 0 });
    this.#isFilling = true;
    if (this.#silentFrames >= pauseAfterMs * framesPerMs) return;
    this.gaps += 1;
    this.#delay = Math.min(longestDelayMs * framesPerMs, this.#delay + moreAfterGapMs * framesPerMs);
  }

  #calmDown(frames: number): void {
    this.#calm += frames;
    if (this.#calm < calmFrames) return;
    this.#calm = 0;
    this.#delay = Math.max(shortestDelayMs * framesPerMs, this.#delay - lessWhenCalmMs * framesPerMs);
  }

  /** Frames of the sound for each one of the loudspeaker. */
  #step(frames: number): number {
    this.#average += (this.#end - this.#at - this.#average) * (frames / averageFrames);
    const bend = ((this.#average - this.#delay) / framesPerSecond) * bendPerSecond;
    return 1 + Math.max(-mostBend, Math.min(mostBend, bend));
  }

  #play(
    left: Float32Array,
    right: Float32Array,
    how: {
      readonly frames: number;
      readonly step: number;
      readonly gainFrom: number;
      readonly gainTo: number;
    },
  ): void {
    const { frames, step, gainFrom, gainTo } = how;
    for (let frame = 0; frame < frames; frame += 1) {
      const gain = gainFrom + (gainTo - gainFrom) * ((frame + 1) / frames);
      const whole = Math.floor(this.#at);
      const part = this.#at - whole;
      left[frame] = curveAt(this.#left, whole, part) * gain;
      right[frame] = curveAt(this.#right, whole, part) * gain;
      this.#at += step;
    }
  }
}

/** Between two samples, on the curve through four (Catmull and Rom): a straight line would take the brightness away. */
function curveAt(samples: Float32Array, whole: number, part: number): number {
  const b = samples[whole & mask] ?? 0;
  if (part === 0) return b;
  const a = samples[(whole - 1) & mask] ?? 0;
  const c = samples[(whole + 1) & mask] ?? 0;
  const d = samples[(whole + 2) & mask] ?? 0;
  return b + 0.5 * part * (c - a + part * (2 * a - 5 * b + 4 * c - d + part * (3 * (b - c) + d - a)));
}

function peakOf(left: Float32Array, right: Float32Array): number {
  let peak = 0;
  for (const sample of left) peak = Math.max(peak, Math.abs(sample));
  for (const sample of right) peak = Math.max(peak, Math.abs(sample));
  return peak;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.byteLength + second.byteLength);
  all.set(first);
  all.set(second, first.byteLength);
  return all;
}
