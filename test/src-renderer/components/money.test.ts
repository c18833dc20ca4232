/** Amounts read as a person says them, and sums are exact. */
import { expect, it } from 'vitest';
import { withBackups } from '#contract/clouds.ts';
import {
  formatHourlyUsd,
  formatPerHour,
  formatPerMonth,
  formatSumPerMonth,
  formatUsd,
  sumUsd,
} from '#renderer/components/money.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

it.each([
  [null, '–'],
  [0, '$0.00'],
  [-0.001, '$0.00'],
  [0.004, '< $0.01'],
  [0.005, '$0.01'],
  [12, '$12.00'],
  [-3.5, '-$3.50'],
  [1234.567, '$1,234.57'],
])('dollars: %j is %j', (usd, text) => expect(plain(formatUsd(usd))).toBe(text));

it.each([
  [null, '–'],
  [0, '$0.00'],
  [0.01786, '$0.01786'],
  [0.0089, '$0.0089'],
  [0.5, '$0.50'],
  [3.39, '$3.39'],
  [0.000001, '< $0.00001'],
])('dollars for an hour: %j is %j', (usd, text) => expect(plain(formatHourlyUsd(usd))).toBe(text));

it('says per what', () => {
  expect(plain(formatPerHour(0.01786))).toBe('$0.01786 an hour');
  expect(plain(formatPerMonth(12))).toBe('$12.00 a month');
  expect(formatPerMonth(null)).toBe('price not known');
});

it('sums without the error of binary fractions, and says when a price is missing', () => {
  expect(sumUsd([0.1, 0.2])).toEqual({ usd: 0.3, isAtLeast: false });
  expect(sumUsd([])).toEqual({ usd: 0, isAtLeast: false });
  expect(plain(formatSumPerMonth(sumUsd([5, null, 2.2])))).toBe('at least $7.20 a month');
  expect(plain(formatSumPerMonth(sumUsd([5, 2.2])))).toBe('$7.20 a month');
  expect(formatSumPerMonth(sumUsd([null]))).toBe('price not known');
});

it('counts backups into a price, to what a provider can bill', () => {
  const small = { hourlyUsd: 0.00595, monthlyUsd: 4 };
  expect(withBackups(small, 0)).toEqual(small);
  expect(withBackups(small, 0.2)).toEqual({ hourlyUsd: 0.00714, monthlyUsd: 4.8 });
  expect(withBackups({ hourlyUsd: 0.0062, monthlyUsd: 4.17 }, 0.2)).toEqual({
    hourlyUsd: 0.00744,
    monthlyUsd: 5,
  });
});
