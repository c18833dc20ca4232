/** How quickly bytes go just now, from what was told in the last seconds: a pause does not make it lie for long. Pure. */

export interface RateSample {
  readonly atMs: number;
  readonly bytes: number;
}

/** Milliseconds that are looked back at: shorter jumps about, longer tells of what was. */
const windowMs = 5_000;
/** Under this a rate says little. */
const leastMs = 1_000;

export function withSample(samples: readonly RateSample[], sample: RateSample): RateSample[] {
  const kept = samples.filter(({ atMs }) => atMs > sample.atMs - windowMs);
  // The last one before the window is where it begins.
  const before = samples.findLast(({ atMs }) => atMs <= sample.atMs - windowMs);
  return [...(before === undefined ? [] : [before]), ...kept, sample];
}

/** Null: not known yet. */
export function bytesPerSecond(samples: readonly RateSample[]): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs - first.atMs < leastMs) return null;
  return ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
}

export function timeLeftMs(samples: readonly RateSample[], leftBytes: number): number | null {
  const rate = bytesPerSecond(samples);
  return rate === null || rate <= 0 ? null : (leftBytes * 1000) / rate;
}
