/** What counts as a flood, and for how long it does after its end. */
import { expect, it } from 'vitest';
import { FloodMeter, floodBytes, windowMs } from '#renderer/features/terminals/flood-meter.ts';

it('tells a flood from a page of text', () => {
  const meter = new FloodMeter();
  meter.count(4_000, 0);
  expect(meter.isFlooding(1)).toBe(false);
  for (let atMs = 10; atMs < 100; atMs += 10) meter.count(floodBytes / 8, atMs);
  expect(meter.isFlooding(100)).toBe(true);
});

it('does not take much output over a long time for a flood', () => {
  const meter = new FloodMeter();
  for (let atMs = 0; atMs < 10_000; atMs += windowMs) meter.count(floodBytes / 4, atMs);
  expect(meter.isFlooding(10_000)).toBe(false);
});

it('remembers a flood across the border of its windows, and forgets it soon', () => {
  const meter = new FloodMeter();
  meter.count(floodBytes, 0);
  expect(meter.isFlooding(windowMs + 1)).toBe(true);
  expect(meter.isFlooding(3 * windowMs)).toBe(false);
});
