import { describe, expect, it } from 'vitest';
import {
  bytesPerSecond,
  type RateSample,
  timeLeftMs,
  withSample,
} from '#renderer/features/files/transfer-rate.ts';

const sampled = (samples: readonly (readonly [number, number])[]) =>
  samples.reduce<RateSample[]>((all, [atMs, bytes]) => withSample(all, { atMs, bytes }), []);

describe('the rate', () => {
  it('says nothing before there was a second of it', () => {
    expect(bytesPerSecond(sampled([[0, 0]]))).toBeNull();
    expect(
      bytesPerSecond(
        sampled([
          [0, 0],
          [900, 900],
        ]),
      ),
    ).toBeNull();
    expect(
      bytesPerSecond(
        sampled([
          [0, 0],
          [1_000, 500],
        ]),
      ),
    ).toBe(500);
  });
  it('forgets what was before the last seconds', () => {
    const samples = sampled([
      [0, 0],
      [10_000, 100],
      [12_000, 4_100],
      [14_000, 8_100],
      [16_000, 12_100],
    ]);
    expect(bytesPerSecond(samples)).toBe(2_000);
    expect(timeLeftMs(samples, 6_000)).toBe(3_000);
    expect(samples.length).toBeLessThan(5);
  });
  it('says no time where nothing moves', () => {
    expect(
      timeLeftMs(
        sampled([
          [0, 5],
          [2_000, 5],
        ]),
        10,
      ),
    ).toBeNull();
  });
});
