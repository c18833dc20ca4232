/**
 * What a run of the bench yields: series of samples that were taken in turns (A B A B …), so that a noisy machine is
 * noisy for all of them, and what is said of them. Pure. No figure of another run or machine stands here.
 */

export interface Series {
  /** Who was measured: `Berth`, `ssh -tt`. */
  readonly name: string;
  readonly samples: readonly number[];
}

export interface Measure {
  /** As goals refer to it. */
  readonly id: string;
  readonly title: string;
  readonly unit: 'ms' | 's' | 'MB/s' | 'MB' | '/s' | 'files' | '% of a core';
  /** The first one is Berth's; the others are what it is compared with. */
  readonly series: readonly [Series, ...Series[]];
}

/** Each as soon as it is taken: what fails later takes nothing along. */
export type AddMeasure = (measure: Measure) => void;

export type Statistic = 'median' | 'p95';

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}
export function p95(samples: readonly number[]): number {
  return quantile(samples, 0.95);
}

/** Linear between the two nearest samples. NaN without any. */
function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** Takes `rounds` samples of each in turns. A taker that throws ends the measure. */
export async function inTurns(
  rounds: number,
  takers: readonly [name: string, take: () => Promise<number | readonly number[]>][],
): Promise<[Series, ...Series[]]> {
  const series = takers.map(([name]) => ({ name, samples: [] as number[] }));
  for (let round = 0; round < rounds; round++)
    for (const [index, [, take]] of takers.entries()) {
      const taken = await take();
      series[index]?.samples.push(...(typeof taken === 'number' ? [taken] : taken));
    }
  const [first, ...rest] = series;
  if (first === undefined) throw new TypeError('nothing to measure');
  return [first, ...rest];
}

export async function elapsedMs(run: () => Promise<unknown>): Promise<number> {
  const begunAtMs = performance.now();
  await run();
  return performance.now() - begunAtMs;
}

/** Rejects with `what` when `promise` takes longer. Nothing in a bench may wait for ever. */
export function within<T>(timeoutMs: number, what: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what}: not within ${timeoutMs} ms`)), timeoutMs);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
