/** The delay line of a screen's sound: bursts, gaps, what comes late, and two clocks that differ. Time is what is pulled. */
import { describe, expect, it } from 'vitest';
import {
  framesPerSecond,
  lateAfterMs,
  shortestDelayMs,
  SoundBuffer,
} from '#renderer/features/screens/sound-buffer.ts';

const blockFrames = 128;
const msOf = (frames: number) => (frames / framesPerSecond) * 1_000;
const framesOf = (ms: number) => (ms / 1_000) * framesPerSecond;

/** A tone of 440 Hz at half of the loudest on the left, silence on the right, from its `from`th frame. */
function tone(from: number, frames: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(frames * 4));
  for (let frame = 0; frame < frames; frame += 1)
    view.setInt16(
      frame * 4,
      Math.round(16_384 * Math.sin((2 * Math.PI * 440 * (from + frame)) / framesPerSecond)),
      true,
    );
  return new Uint8Array(view.buffer);
}

class Bench {
  readonly buffer = new SoundBuffer();
  pushed = 0;
  pulled = 0;
  #due = 0;
  readonly heard: number[] = [];

  push(ms: number) {
    const frames = Math.round(framesOf(ms));
    this.buffer.push(tone(this.pushed, frames));
    this.pushed += frames;
  }

  pull(ms: number) {
    const left = new Float32Array(blockFrames);
    const right = new Float32Array(blockFrames);
    this.#due += framesOf(ms);
    for (; this.pulled < this.#due; this.pulled += blockFrames) {
      this.buffer.pull(left, right);
      this.heard.push(...left);
    }
  }

  /** As PulseAudio sends: 50 ms each 50 ms, at a clock that is `ratio` times this one. */
  run(ms: number, ratio = 1) {
    for (let at = 0; at < ms; at += 50) {
      this.push(50 * ratio);
      this.pull(50);
    }
  }

  peakOfLast(ms: number): number {
    return Math.max(...this.heard.slice(-framesOf(ms)).map(Math.abs));
  }

  /** The widest step between two samples: 0.029 for this tone, and near 1 for a click. */
  widestStep(): number {
    return this.heard.reduce(
      (widest, sample, at) => Math.max(widest, Math.abs(sample - (this.heard[at - 1] ?? 0))),
      0,
    );
  }
}

describe('an even sound', () => {
  it('is silent until the delay is filled, then plays what came, each sample as it was', () => {
    const bench = new Bench();
    bench.push(shortestDelayMs - 1);
    bench.pull(20);
    expect(bench.peakOfLast(20)).toBe(0);
    bench.run(1_000);
    expect(bench.peakOfLast(500)).toBeGreaterThan(0.49);
    expect(bench.peakOfLast(500)).toBeLessThan(0.51);
    expect(bench.buffer.gaps).toBe(0);
    expect(bench.widestStep()).toBeLessThan(0.04);
  });

  it('keeps left left, takes bytes however they are cut, and full scale as full scale', () => {
    const buffer = new SoundBuffer();
    const bytes = tone(0, framesOf(200));
    new DataView(bytes.buffer).setInt16(framesOf(180) * 4, -32_768, true);
    for (let at = 0; at < bytes.length; at += 7) buffer.push(bytes.subarray(at, at + 7));
    expect(buffer.bufferedMs).toBe(200);
    const left = new Float32Array(framesOf(90));
    const right = new Float32Array(framesOf(90));
    expect(buffer.pull(left, right)).toBeGreaterThan(0.85);
    expect(Math.max(...right)).toBe(0);
    expect(Math.min(...left)).toBeLessThan(-0.85);
  });

  it('holds a burst of the beginning no longer than the delay', () => {
    const bench = new Bench();
    bench.push(341);
    bench.pull(10);
    expect(bench.buffer.bufferedMs).toBeLessThanOrEqual(shortestDelayMs);
  });
});

describe('nothing to play', () => {
  it('fades out, is silent, waits for more than before, and comes back without a click', () => {
    const bench = new Bench();
    bench.run(1_000);
    bench.pull(400);
    expect(bench.buffer.gaps).toBe(1);
    expect(bench.peakOfLast(200)).toBe(0);
    expect(bench.buffer.delayMs).toBeGreaterThan(shortestDelayMs);
    bench.run(1_000);
    expect(bench.peakOfLast(200)).toBeGreaterThan(0.49);
    expect(bench.buffer.gaps).toBe(1);
    expect(bench.widestStep()).toBeLessThan(0.04);
  });

  it('waits for less again once it was calm for long, and never for more than half a second', () => {
    const bench = new Bench();
    for (let gap = 0; gap < 20; gap += 1) {
      bench.run(1_000);
      bench.pull(700);
    }
    expect(bench.buffer.delayMs).toBe(500);
    bench.run(95_000);
    expect(bench.buffer.delayMs).toBe(470);
    expect(bench.buffer.gaps).toBe(20);
  });
});

describe('a silence of which nothing is sent', () => {
  /** As the relay does: half a second of it comes. */
  const hush = (bench: Bench, forMs: number) => {
    for (let at = 0; at < 500; at += 50) {
      bench.buffer.push(new Uint8Array(framesOf(50) * 4));
      bench.pull(50);
    }
    bench.pull(forMs);
  };

  it('is no gap: the delay stays as short as it was, however often, and what sounds next is played after it', () => {
    const bench = new Bench();
    for (let time = 0; time < 20; time += 1) {
      bench.run(1_000);
      hush(bench, 3_000);
      expect(bench.peakOfLast(2_000)).toBe(0);
    }
    expect([bench.buffer.gaps, bench.buffer.delayMs]).toEqual([0, shortestDelayMs]);
    const before = bench.heard.length;
    bench.run(shortestDelayMs + 50);
    const began = bench.heard.slice(before).findIndex((sample) => Math.abs(sample) > 0.1);
    expect(msOf(began)).toBeLessThan(shortestDelayMs + 10);
    expect(bench.widestStep()).toBeLessThan(0.04);
  });

  it('is told from a rest of music, after which something was to come', () => {
    const bench = new Bench();
    bench.run(1_000);
    bench.buffer.push(new Uint8Array(framesOf(150) * 4));
    bench.pull(600);
    expect(bench.buffer.gaps).toBe(1);
  });
});

describe('what comes late', () => {
  it('is dropped for the newest, one fading into the other', () => {
    const bench = new Bench();
    bench.run(1_000);
    const before = bench.buffer.skippedFrames;
    bench.push(2_000);
    bench.pull(50);
    expect(bench.buffer.bufferedMs).toBeLessThanOrEqual(shortestDelayMs);
    expect(msOf(bench.buffer.skippedFrames - before)).toBeGreaterThan(1_800);
    expect(bench.widestStep()).toBeLessThan(0.1);
  });

  it('is kept as long as it is a little late', () => {
    const bench = new Bench();
    bench.run(1_000);
    const before = bench.buffer.skippedFrames;
    bench.push(lateAfterMs - 60);
    bench.pull(50);
    expect(bench.buffer.skippedFrames).toBe(before);
  });

  it('needs no more memory where nobody pulls: the newest is there', () => {
    const bench = new Bench();
    for (let second = 0; second < 60; second += 1) bench.push(1_000);
    expect(bench.buffer.bufferedMs).toBeLessThan(2_800);
    bench.pull(10);
    expect(bench.buffer.bufferedMs).toBeLessThanOrEqual(shortestDelayMs);
    expect(msOf(bench.buffer.skippedFrames)).toBeGreaterThan(59_000);
  });
});

describe('two clocks', () => {
  it.each([1.001, 0.999])('that differ by a factor of %d: the delay stays, and nothing is lost', (ratio) => {
    const bench = new Bench();
    bench.run(1_000);
    const before = bench.buffer.skippedFrames;
    bench.run(150_000, ratio);
    expect(bench.buffer.gaps).toBe(0);
    expect(bench.buffer.skippedFrames).toBe(before);
    expect(Math.abs(bench.buffer.bufferedMs - shortestDelayMs)).toBeLessThan(60);
    // What would be missing, or too much, without the bend.
    expect(Math.abs(msOf(bench.pushed - bench.pulled))).toBeGreaterThan(80);
  });
});

describe('another stream', () => {
  it('begins with none of the one before, nor with half a frame of it', () => {
    const bench = new Bench();
    bench.run(500);
    bench.buffer.push(new Uint8Array([1, 2, 3]));
    bench.buffer.clear();
    bench.pull(50);
    expect(bench.peakOfLast(40)).toBe(0);
    bench.pushed = 0;
    bench.run(500);
    expect(bench.peakOfLast(200)).toBeCloseTo(0.5, 1);
    expect(bench.buffer.gaps).toBe(0);
  });
});
