/** Choices of a schedule and the cron words that they stand for: there and back, and what no choice stands for. */
import { describe, expect, it } from 'vitest';
import {
  everyHoursChoices,
  newSchedule,
  readSchedule,
  scheduleDraft,
  scheduleWords,
  readTimeOfDay,
  weekdays,
} from '#renderer/features/snapshots/schedule.ts';

describe('a schedule', () => {
  const byChoice = [
    null,
    '0 * * * *',
    ...everyHoursChoices.map((hours) => `0 */${hours} * * *`),
    '0 0 * * *',
    '5 9 * * *',
    '59 23 * * *',
    ...weekdays.map(({ value }) => `30 2 * * ${value}`),
  ];
  it.each(byChoice)('%s is a choice, and the choice is it', (schedule) => {
    const draft = scheduleDraft(schedule);
    expect(draft.kind).not.toBe('cron');
    expect(readSchedule(draft)).toEqual({ schedule });
  });

  it.each([
    '*/15 * * * *',
    '30 * * * *',
    '0 */5 * * *',
    '0 9-17 * * 1-5',
    '0 2 1 * *',
    '0 2 * 6 *',
    '0 2 * * 1,3',
    '0 2 * * MON',
    '0 24 * * *',
    '60 2 * * *',
    '0 2 * * 8',
    '@daily',
    '0 2 * * * *',
  ])('%s has no choice and stays as it is', (schedule) => {
    const draft = scheduleDraft(schedule);
    expect(draft).toMatchObject({ kind: 'cron', cron: schedule });
  });

  it('reads what is written in another way as the same choice', () => {
    expect(scheduleDraft(' 00  02 * *  * ')).toMatchObject({ kind: 'daily', time: '02:00' });
    expect(scheduleDraft('0 2 * * 7')).toMatchObject({ kind: 'weekly', weekday: '0' });
    expect(scheduleDraft('0 */1 * * *')).toMatchObject({ kind: 'hourly' });
  });

  it('says at which field a rule is broken', () => {
    expect(readSchedule({ ...newSchedule, kind: 'daily', time: '24:00' })).toMatchObject({ field: 'time' });
    expect(readSchedule({ ...newSchedule, kind: 'weekly', time: '' })).toMatchObject({ field: 'time' });
    expect(readSchedule({ ...newSchedule, kind: 'cron', cron: '* * * *' })).toMatchObject({ field: 'cron' });
    expect(readSchedule({ ...newSchedule, kind: 'cron', cron: '' })).toMatchObject({ field: 'cron' });
  });

  it('keeps the cron words at hand when another choice is looked at', () => {
    expect(scheduleDraft('5 9 * * *').cron).toBe('5 9 * * *');
  });
});

it('reads times of day', () => {
  expect(['9:05', '09:05', ' 23:59 ', '24:00', '9', '9:5', ''].map(readTimeOfDay)).toEqual([
    '09:05',
    '09:05',
    '23:59',
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

it('says a schedule in words', () => {
  expect(
    [null, '0 * * * *', '0 */6 * * *', '0 2 * * *', '30 7 * * 0', '0 9-17 * * 1-5'].map(scheduleWords),
  ).toEqual([
    'by hand only',
    'every hour',
    'every 6 hours',
    'daily at 02:00',
    'Sundays at 07:30',
    'by the cron words 0 9-17 * * 1-5',
  ]);
});
