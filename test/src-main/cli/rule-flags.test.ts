import { describe, expect, it } from 'vitest';
import type { Typed } from '#main/cli/command.ts';
import { TypedWrong } from '#main/cli/failure.ts';
import { describeKeep, parseKeep, parseQuiet, readRuleFlags } from '#main/cli/rule-flags.ts';

const typed = (values: Readonly<Record<string, string>>): Typed => ({
  words: [],
  text: (flag) => values[flag],
  texts: () => [],
  has: () => false,
});

describe('the flags of rules', () => {
  it('read what stays', () => {
    expect(parseKeep('last=5, daily=7')).toEqual({ last: 5, hourly: 0, daily: 7, weekly: 0, monthly: 0 });
    expect(parseKeep('off')).toBeNull();
    for (const text of [
      '',
      'last',
      'last=',
      'last=-1',
      'last=1.5',
      'last=1001',
      'yearly=1',
      'last=1,last=2',
      'last=0',
      'last=5=6',
      'last=5,',
    ])
      expect(() => parseKeep(text), text).toThrow(TypedWrong);
    expect(describeKeep(parseKeep('weekly=4,last=1'))).toBe('last=1,weekly=4');
    expect(describeKeep(null)).toBe('all');
  });

  it('read quiet hours, over midnight too', () => {
    expect(parseQuiet('22:00-07:00')).toEqual({ from: '22:00', to: '07:00' });
    expect(parseQuiet('off')).toBeNull();
    for (const text of ['22-7', '24:00-07:00', '22:00', '22:00-22:00', '22:60-07:00', ' 22:00-07:00'])
      expect(() => parseQuiet(text), text).toThrow(TypedWrong);
  });

  it('change only what was said', () => {
    expect(readRuleFlags(typed({}))).toEqual({});
    expect(readRuleFlags(typed({ schedule: 'off', before: '' }))).toEqual({
      schedule: null,
      beforeCommand: null,
    });
    expect(
      readRuleFlags(typed({ schedule: '0 3 * * *', consistency: 'live', 'time-zone': 'Europe/Oslo' })),
    ).toEqual({
      schedule: '0 3 * * *',
      consistency: 'live',
      timeZone: 'Europe/Oslo',
    });
    expect(() => readRuleFlags(typed({ schedule: 'daily' }))).toThrow('five words');
  });
});
