/** Working hours against what the clocks of their time zone show, and around the changes to summer time and back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hoursAround, isTimeZone, type WorkingHours } from '#main/control-plane/lifecycles/working-hours.ts';

const week: WorkingHours = {
  timeZone: 'Europe/Berlin',
  days: [1, 2, 3, 4, 5],
  from: '09:00',
  to: '17:30',
  starts: false,
};
const iso = (ms: number | null | undefined) => (ms == null ? null : new Date(ms).toISOString());
const around = (hours: WorkingHours, at: string) => {
  const { lastEndMs, nextStartMs, now } = hoursAround(hours, Date.parse(at));
  return {
    now: now && [iso(now.startMs), iso(now.endMs)],
    lastEnd: iso(lastEndMs),
    nextStart: iso(nextStartMs),
  };
};

describe('a working day', () => {
  it('has its beginning and end in its own time zone', () => {
    expect(around(week, '2026-01-07T12:00:00Z')).toEqual({
      now: ['2026-01-07T08:00:00.000Z', '2026-01-07T16:30:00.000Z'],
      lastEnd: '2026-01-06T16:30:00.000Z',
      nextStart: '2026-01-08T08:00:00.000Z',
    });
  });
  it('ends at its last moment, and begins at its first', () => {
    expect(around(week, '2026-01-07T16:30:00.000Z').now).toBeNull();
    expect(around(week, '2026-01-07T16:29:59.999Z').now).not.toBeNull();
    expect(around(week, '2026-01-07T08:00:00.000Z').now).not.toBeNull();
  });
  it('is followed by a week-end', () => {
    expect(around(week, '2026-01-09T20:00:00Z')).toEqual({
      now: null,
      lastEnd: '2026-01-09T16:30:00.000Z',
      nextStart: '2026-01-12T08:00:00.000Z',
    });
  });
  it('keeps its time of day over the change to summer time', () => {
    expect(around(week, '2026-03-30T10:00:00Z').now).toEqual([
      '2026-03-30T07:00:00.000Z',
      '2026-03-30T15:30:00.000Z',
    ]);
  });
});

describe('a night', () => {
  const night: WorkingHours = { ...week, days: [6], from: '22:00', to: '06:00' };
  it('belongs to the day on which it begins, and is an hour shorter or longer where the clocks change', () => {
    expect(around(night, '2026-03-29T00:00:00Z').now).toEqual([
      '2026-03-28T21:00:00.000Z',
      '2026-03-29T04:00:00.000Z',
    ]);
    expect(around(night, '2026-10-25T00:00:00Z').now).toEqual([
      '2026-10-24T20:00:00.000Z',
      '2026-10-25T05:00:00.000Z',
    ]);
  });
  it('that begins in the hour that is left out begins after it', () => {
    const gap: WorkingHours = { ...week, days: [7], from: '02:30', to: '08:00' };
    expect(around(gap, '2026-03-29T02:00:00Z').now?.[0]).toBe('2026-03-29T01:30:00.000Z');
  });
  it('that begins in the hour that comes twice begins with the first', () => {
    const twice: WorkingHours = { ...week, days: [7], from: '02:30', to: '08:00' };
    expect(around(twice, '2026-10-25T02:00:00Z').now?.[0]).toBe('2026-10-25T00:30:00.000Z');
  });
});

it.each([
  ['that is left out ends after it', '2026-03-28T23:30:00Z', '2026-03-29T01:30:00.000Z'],
  ['that comes twice ends with the first', '2026-10-24T22:30:00Z', '2026-10-25T00:30:00.000Z'],
])('a night that ends in the hour %s', (_, at, end) => {
  const night: WorkingHours = { ...week, days: [6], from: '22:00', to: '02:30' };
  expect(around(night, at).now?.[1]).toBe(end);
});

it('that are all the day, every day, never end', () => {
  const always: WorkingHours = { ...week, days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '00:00' };
  expect(hoursAround(always, Date.parse('2026-03-29T00:30:00Z'))).toMatchObject({ now: { endMs: null } });
});

it('knows a time zone from a word', () => {
  expect(['Europe/Berlin', 'America/St_Johns', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

it('agrees with what clocks show, in any zone at any time but near a change of it', () => {
  const zones = [
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'UTC',
  ];
  const time = fc.record({ h: fc.nat(23), m: fc.nat(59) });
  const text = ({ h, m }: { h: number; m: number }) =>
    `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`;
  const shown = (timeZone: string, ms: number) => {
    const format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    const day = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(parts.get('weekday') ?? '') + 1;
    return { day, time: `${parts.get('hour')}:${parts.get('minute')}` };
  };
  const offset = (timeZone: string, ms: number) =>
    new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
      .formatToParts(ms)
      .find(({ type }) => type === 'timeZoneName')?.value;
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2030, 0) }),
      time,
      time,
      fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      (timeZone, atMs, from, to, days) => {
        const hours: WorkingHours = { timeZone, days, from: text(from), to: text(to), starts: false };
        const dayMs = 86_400_000;
        fc.pre(offset(timeZone, atMs - dayMs) === offset(timeZone, atMs + dayMs));
        const now = shown(timeZone, atMs);
        const before = now.day === 1 ? 7 : now.day - 1;
        const isNight = hours.to <= hours.from;
        const isIn = isNight
          ? (days.includes(now.day) && now.time >= hours.from) ||
            (days.includes(before) && now.time < hours.to)
          : days.includes(now.day) && now.time >= hours.from && now.time < hours.to;
        const found = hoursAround(hours, atMs);
        expect(found.now !== null).toBe(isIn);
        if (found.lastEndMs !== null) expect(found.lastEndMs).toBeLessThanOrEqual(atMs);
        if (found.nextStartMs !== null) expect(found.nextStartMs).toBeGreaterThan(atMs);
      },
    ),
    { numRuns: 300 },
  );
});
