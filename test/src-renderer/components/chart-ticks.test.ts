import { expect, it } from 'vitest';
import { chartTicks } from '#renderer/components/chart-ticks.ts';
import { formatBytes, formatRate } from '#renderer/components/format.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

it('marks bytes at powers of two, so that every label is round', () => {
  expect(chartTicks(2 * 1024 ** 3, 'bytes').map((at) => plain(formatBytes(at)))).toEqual([
    '0 B',
    '1.0 GiB',
    '2.0 GiB',
  ]);
  expect(chartTicks(1_035_000, 'bytes').map((at) => plain(formatRate(at)))).toEqual(['0 B/s', '512 KiB/s']);
});

it('marks numbers at 1, 2 and 5', () => {
  expect(chartTicks(2, 'number')).toEqual([0, 1, 2]);
  expect(chartTicks(0.3, 'number')).toEqual([0, 0.1, 0.2, 0.1 * 3]);
  expect(chartTicks(16, 'number')).toEqual([0, 10]);
});

it.each(['bytes', 'number'] as const)('has one to three round marks above 0 for any %s', (unit) => {
  for (let max = unit === 'bytes' ? 1 : 1e-3; max < 1e13; max *= 1.37) {
    const ticks = chartTicks(max, unit);
    expect(ticks[0]).toBe(0);
    expect(ticks.length).toBeGreaterThanOrEqual(2);
    expect(ticks.length).toBeLessThanOrEqual(4);
    expect(ticks.at(-1)!).toBeLessThanOrEqual(max * (1 + 1e-9));
  }
});

it('marks only 0 where there is nothing to measure', () => {
  for (const max of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(chartTicks(max, 'bytes')).toEqual([0]);
});
