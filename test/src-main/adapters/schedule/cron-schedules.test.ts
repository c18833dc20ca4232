import { describe, expect, it } from 'vitest';
import { createSchedules } from '#main/adapters/schedule/cron-schedules.ts';

const schedules = createSchedules();
const next = (words: string, zone: string, after: string, count = 3) =>
  schedules.next(words, zone, Date.parse(after), count).map((ms) => new Date(ms).toISOString());

describe('cron words', () => {
  it('are read in their zone', () => {
    expect(next('30 3 * * *', 'Europe/Berlin', '2026-01-10T00:00:00Z', 2)).toEqual([
      '2026-01-10T02:30:00.000Z',
      '2026-01-11T02:30:00.000Z',
    ]);
  });

  it('do not skip the day on which that time does not exist, nor make two where it comes twice', () => {
    // 02:30 does not exist in Berlin on 2026-03-29, and comes twice on 2026-10-25.
    expect(next('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2)).toHaveLength(2);
    const autumn = next('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2);
    expect(autumn[1]).toBe('2026-10-26T01:30:00.000Z');
  });

  it('know steps, lists and names', () => {
    expect(next('*/20 9-10 * * MON', 'UTC', '2026-11-22T00:00:00Z', 4)).toEqual([
      '2026-11-23T09:00:00.000Z',
      '2026-11-23T09:20:00.000Z',
      '2026-11-23T09:40:00.000Z',
      '2026-11-23T10:00:00.000Z',
    ]);
  });

  it('that never come give nothing', () => {
    expect(next('0 0 30 2 *', 'UTC', '2026-01-01T00:00:00Z')).toEqual([]);
  });

  it.each(['', 'every day', '* * * *', '* * * * * *', '61 * * * *', '$(id) * * * *', '* * * * * # x'])(
    'refuses %j and names the field',
    (words) => {
      expect(() => next(words, 'UTC', '2026-01-01T00:00:00Z')).toThrowError(
        expect.objectContaining({
          code: 'invalid-input',
          message: expect.stringMatching(/schedule: must be five/),
        }),
      );
    },
  );

  it('refuses a zone that is none', () => {
    expect(() => next('0 0 * * *', 'Mars/Olympus', '2026-01-01T00:00:00Z')).toThrowError(
      expect.objectContaining({
        message: expect.stringContaining('timeZone: must be the name of a time zone'),
      }),
    );
  });
});
