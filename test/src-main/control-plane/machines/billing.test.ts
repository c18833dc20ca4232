import { describe, expect, it } from 'vitest';
import { machineUsd, monthOf, type Priced, storedUsd } from '#main/control-plane/machines/billing.ts';

const at = (text: string) => Date.parse(text);
const january = monthOf(at('2026-01-15T00:00:00Z'));
const february = monthOf(at('2026-02-15T00:00:00Z'));
const rule = { leastSeconds: 60, leastUsd: 0.01 };
const farAwayMs = at('2030-01-01T00:00:00Z');

function priced(from: string, to: string | null, change: Partial<Priced> = {}): Priced {
  return {
    fromMs: at(from),
    toMs: to === null ? null : at(to),
    hourlyUsd: 0.01,
    monthlyUsd: 6,
    backupShare: 0,
    ...change,
  };
}

/** A row of numbers in [0, 1) that is the same each time. */
function* chances(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state / 2_147_483_648;
  }
}

describe('a month of a machine', () => {
  it('is a calendar month in UTC, whatever its length', () => {
    expect(monthOf(at('2026-02-28T23:59:59.999Z'))).toEqual(february);
    expect(monthOf(at('2026-03-01T00:00:00.000Z')).beganMs).toBe(february.endsMs);
    expect(monthOf(at('2026-12-31T12:00:00Z')).endsMs).toBe(at('2027-01-01T00:00:00Z'));
  });

  it('is counted by the second, also while it is switched off', () => {
    const times = [priced('2026-01-10T00:00:00Z', '2026-01-10T10:00:00Z')];
    expect(machineUsd(times, january, farAwayMs, rule)).toBeCloseTo(0.1, 10);
    const second = [priced('2026-01-10T00:00:00Z', '2026-01-10T10:00:01Z')];
    expect(machineUsd(second, january, farAwayMs, rule)).toBeCloseTo(0.1 + 0.01 / 3600, 10);
  });

  it('ends for what still runs where the count ends', () => {
    const times = [priced('2026-01-10T00:00:00Z', null)];
    expect(machineUsd(times, january, at('2026-01-10T10:00:00Z'), rule)).toBeCloseTo(0.1, 10);
  });

  it('is cut at both ends of the month', () => {
    const times = [priced('2026-01-31T14:00:00Z', '2026-02-01T20:00:00Z')];
    expect(machineUsd(times, january, farAwayMs, rule)).toBeCloseTo(0.1, 10);
    expect(machineUsd(times, february, farAwayMs, rule)).toBeCloseTo(0.2, 10);
  });

  it('costs its monthly price at most, and not less for the time before', () => {
    const times = [priced('2025-12-15T00:00:00Z', null)];
    expect(machineUsd(times, january, farAwayMs, rule)).toBe(6);
    expect(machineUsd(times, january, at('2026-01-20T00:00:00Z'), rule)).toBeCloseTo(19 * 24 * 0.01, 10);
  });

  it('has no most where the provider tells no monthly price', () => {
    const times = [priced('2025-12-15T00:00:00Z', null, { monthlyUsd: 0 })];
    expect(machineUsd(times, january, farAwayMs, rule)).toBeCloseTo(744 * 0.01, 10);
  });

  it('costs the least of the provider however short it was there, once', () => {
    const short = [priced('2026-01-31T23:59:59Z', '2026-02-01T00:00:01Z')];
    expect(machineUsd(short, january, farAwayMs, rule)).toBe(0.01);
    expect(machineUsd(short, february, farAwayMs, rule)).toBeLessThan(0.0001);
    const gpu = [priced('2026-01-10T00:00:00Z', '2026-01-10T00:00:05Z', { hourlyUsd: 6, monthlyUsd: 4464 })];
    expect(machineUsd(gpu, january, farAwayMs, rule)).toBeCloseTo(0.1, 10);
    expect(machineUsd(gpu, january, farAwayMs, undefined)).toBeCloseTo((6 * 5) / 3600, 10);
  });

  it('costs nothing before it is there', () => {
    const times = [priced('2026-01-20T00:00:00Z', null)];
    expect(machineUsd(times, january, at('2026-01-10T00:00:00Z'), rule)).toBe(0);
    expect(machineUsd([], january, farAwayMs, rule)).toBe(0);
  });

  it('counts each size up to its own monthly price, and one size as one however often it was interrupted', () => {
    const small = (from: string, to: string | null) => priced(from, to);
    const large = (from: string, to: string | null) => priced(from, to, { hourlyUsd: 0.07, monthlyUsd: 48 });
    const times = [
      small('2025-12-01T00:00:00Z', '2026-01-02T00:00:00Z'),
      large('2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z'),
      small('2026-01-03T00:00:00Z', null),
    ];
    expect(machineUsd(times, january, farAwayMs, rule)).toBeCloseTo(24 * 0.07 + 6, 10);
  });

  it('adds backups for the time that they were on, and never above their share of the month', () => {
    const half = [
      priced('2026-01-01T00:00:00Z', '2026-01-01T10:00:00Z'),
      priced('2026-01-01T10:00:00Z', '2026-01-01T20:00:00Z', { backupShare: 0.2 }),
    ];
    expect(machineUsd(half, january, farAwayMs, rule)).toBeCloseTo(0.2 * 1.1, 10);
    const whole = [priced('2025-12-01T00:00:00Z', null, { backupShare: 0.2 })];
    expect(machineUsd(whole, january, farAwayMs, rule)).toBeCloseTo(7.2, 10);
  });

  it('grows with time, is never more than the prices allow, and adds up over any cut', () => {
    const chance = chances(7);
    const next = () => chance.next().value;
    for (let round = 0; round < 500; round += 1) {
      let ms = january.beganMs - next() * 40 * 86_400_000;
      const times: Priced[] = [];
      const count = 1 + Math.floor(next() * 4);
      for (let index = 0; index < count; index += 1) {
        const toMs = ms + next() * 30 * 86_400_000;
        const hourlyUsd = Math.round(next() * 1000) / 1000;
        times.push({ fromMs: ms, toMs, hourlyUsd, monthlyUsd: hourlyUsd * 672, backupShare: next() });
        ms = toMs;
      }
      const earlier = january.beganMs + next() * 31 * 86_400_000;
      const later = earlier + next() * (january.endsMs - earlier);
      const usd = (untilMs: number) => machineUsd(times, january, untilMs, undefined);
      expect(usd(earlier)).toBeLessThanOrEqual(usd(later) + 1e-9);
      const most = times.reduce((sum, time) => sum + time.monthlyUsd * (1 + time.backupShare), 0);
      expect(usd(later)).toBeLessThanOrEqual(most + 1e-9);
      // A row that is cut in two at any instant costs what it cost in one.
      const [first, ...rest] = times as [Priced, ...Priced[]];
      const cutMs = first.fromMs + next() * (first.toMs! - first.fromMs);
      const cut = [{ ...first, toMs: cutMs }, { ...first, fromMs: cutMs }, ...rest];
      expect(machineUsd(cut, january, later, undefined)).toBeCloseTo(usd(later), 8);
    }
  });
});

describe('a month of what is kept', () => {
  it('is the part of the monthly price for the part of the month', () => {
    const half = [priced('2026-02-01T00:00:00Z', '2026-02-15T00:00:00Z', { monthlyUsd: 1.4 })];
    expect(storedUsd(half, february, farAwayMs)).toBeCloseTo(0.7, 10);
    expect(
      storedUsd([priced('2025-01-01T00:00:00Z', null, { monthlyUsd: 1.4 })], february, farAwayMs),
    ).toBeCloseTo(1.4, 10);
    expect(storedUsd(half, january, farAwayMs)).toBe(0);
  });
});
