/** Where the marks of a chart's upright axis stand: from 0, at round numbers, and few. Pure. */

export type ChartUnit = 'bytes' | 'number';

/** Marks above 0 at most, so that lines of 11 px have air in a small chart. */
const mostSteps = 3;

/** Bytes are counted in powers of two: 512 MiB and 1 GiB are round, 500 MB is "476.8 MiB". */
function byteStep(least: number): number {
  return Math.max(1, 2 ** Math.ceil(Math.log2(least)));
}

function numberStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((one) => one * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** `chartTicks(2 * 1024 ** 3, 'bytes')` is 0, 1 GiB, 2 GiB. Without anything to measure only 0 stands there. */
export function chartTicks(max: number, unit: ChartUnit): number[] {
  if (!(max > 0) || !Number.isFinite(max)) return [0];
  const least = max / mostSteps;
  const step = unit === 'bytes' ? byteStep(least) : numberStep(least);
  const count = Math.floor(max / step + 1e-9);
  // Multiplied, not added up: a sum of 0.1 drifts.
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}
