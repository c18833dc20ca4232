/** Numbers read as people say them, at their edges. */
import { expect, it } from 'vitest';
import {
  formatBytes,
  formatClock,
  formatDuration,
  formatLatency,
  formatPercent,
  formatRelative,
} from '#renderer/components/format.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

it.each([
  [null, '–'],
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [1024 ** 2 - 1, '1.0 MiB'],
  [150 * 1024 ** 2, '150 MiB'],
  [2 * 1024 ** 3, '2.0 GiB'],
])('bytes: %j is %j', (bytes, text) => expect(plain(formatBytes(bytes))).toBe(text));

it.each([
  [0, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [7_500_000, '2 h 5 min'],
  [90_000_000, '1 d 1 h'],
])('duration: %j is %j', (ms, text) => expect(plain(formatDuration(ms))).toBe(text));

it.each([
  [14_000, '0:14'],
  [61_000, '1:01'],
  [3_729_000, '1:02:09'],
])('clock: %j is %j', (ms, text) => expect(formatClock(ms)).toBe(text));

it('never says done before it is', () => {
  expect(plain(formatPercent(0.9999))).toBe('99 %');
  expect(plain(formatPercent(1))).toBe('100 %');
});

it('latency and relative times', () => {
  expect(plain(formatLatency(0.4))).toBe('< 1 ms');
  expect(plain(formatLatency(1203))).toBe('1.2 s');
  const now = new Date('2026-11-20T12:00:00Z');
  expect(formatRelative(new Date('2026-11-20T11:59:55Z'), now)).toBe('just now');
  expect(formatRelative(new Date('2026-11-20T11:57:00Z'), now)).toBe('3 minutes ago');
  expect(formatRelative(new Date('2026-11-19T12:00:00Z'), now)).toBe('yesterday');
});
