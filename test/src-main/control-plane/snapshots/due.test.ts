import { describe, expect, it } from 'vitest';
import { createSchedules } from '#main/adapters/schedule/cron-schedules.ts';
import { afterQuiet, dueTimes } from '#main/control-plane/snapshots/due.ts';

const schedules = createSchedules();
const night = { from: '22:00', to: '07:00' };
const iso = (times: number[]) => times.map((ms) => new Date(ms).toISOString().slice(0, 16));

describe('quiet hours', () => {
  it('move what falls into them to their end, over midnight too, and leave the rest', () => {
    const moved = (at: string) =>
      new Date(afterQuiet(Date.parse(at), { timeZone: 'UTC', quietHours: night })).toISOString().slice(0, 16);
    expect(moved('2026-01-01T21:59:00Z')).toBe('2026-01-01T21:59');
    expect(moved('2026-01-01T22:00:30Z')).toBe('2026-01-02T07:00');
    expect(moved('2026-01-02T03:00:00Z')).toBe('2026-01-02T07:00');
    expect(moved('2026-01-02T07:00:00Z')).toBe('2026-01-02T07:00');
  });

  it('are read in the zone', () => {
    const timing = { timeZone: 'America/New_York', quietHours: { from: '08:00', to: '18:00' } };
    expect(iso([afterQuiet(Date.parse('2026-01-05T15:00:00Z'), timing)])).toEqual(['2026-01-05T23:00']);
  });

  it('make one of all that was due in them', () => {
    const timing = { schedule: '0 * * * *', timeZone: 'UTC', quietHours: night };
    expect(iso(dueTimes(schedules, timing, Date.parse('2026-01-01T20:30:00Z'), 4))).toEqual([
      '2026-01-01T21:00',
      '2026-01-02T07:00',
      '2026-01-02T08:00',
      '2026-01-02T09:00',
    ]);
  });
});
