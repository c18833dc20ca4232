import { describe, expect, it } from 'vitest';
import { LifecyclePolicy, noPolicy } from '#contract/lifecycles.ts';
import type { Typed } from '#main/cli/command.ts';
import { parseHours, readPolicyFlags } from '#main/cli/policy-flags.ts';

const nowMs = Date.parse('2026-11-26T10:00:00.000Z');
const typed = (flags: Readonly<Record<string, string | readonly string[]>>): Typed => {
  const texts = (flag: string) => [flags[flag] ?? []].flat();
  return { words: [], text: (flag) => texts(flag).at(-1), texts, has: (flag) => flag in flags };
};

describe('a policy', () => {
  it('stays as it was where nothing was said', () => {
    const before: LifecyclePolicy = {
      ...noPolicy,
      idleMinutes: 30,
      keepAwake: [{ kind: 'process', name: 'make' }],
      hours: { timeZone: 'UTC', days: [1], from: '08:00', to: '19:00', starts: true },
    };
    expect(readPolicyFlags(typed({}), before, nowMs)).toEqual(before);
    expect(readPolicyFlags(typed({ lease: '2h' }), before, nowMs)).toEqual({ ...before, leaseMinutes: 120 });
    expect(readPolicyFlags(typed({ idle: 'none', awake: 'none', hours: 'none' }), before, nowMs)).toEqual(
      noPolicy,
    );
  });

  it('is what was said', () => {
    const said = typed({
      idle: '45m',
      awake: ['cargo', 'connected', 'connected:3000', 'shown'],
      expires: '3d',
      uptime: '12h',
      'end-action': 'destroy',
      hours: 'mon-fri,08:00-19:00',
      'time-zone': 'Europe/Berlin',
      'start-hours': 'yes',
    });
    const policy = readPolicyFlags(said, noPolicy, nowMs);
    expect(policy).toEqual({
      idleMinutes: 45,
      keepAwake: [
        { kind: 'process', name: 'cargo' },
        { kind: 'connection', port: null },
        { kind: 'connection', port: 3000 },
        { kind: 'shown-terminal' },
      ],
      endAt: '2026-11-29T10:00:00.000Z',
      endAfterMinutes: 720,
      endAction: 'destroy',
      hours: { timeZone: 'Europe/Berlin', days: [1, 2, 3, 4, 5], from: '08:00', to: '19:00', starts: true },
      leaseMinutes: null,
    });
    expect(LifecyclePolicy.parse(policy)).toEqual(policy);
  });

  it.each([
    [{ idle: '3' }, '--idle'],
    [{ idle: '1m' }, 'idleMinutes must be at least 5'],
    [{ expires: '2020-01-01T00:00Z' }, 'is over'],
    [{ 'end-action': 'burn' }, 'endAction'],
    [{ awake: '/usr/bin/cargo' }, 'keepAwake'],
    [{ hours: 'mon-fri' }, 'no hours as 08:00-19:00'],
    [{ hours: 'someday,08:00-19:00' }, 'is no day'],
    [{ hours: 'mon,25:00-26:00' }, 'hours.from'],
  ])('%j says what is wrong', (flags, message) => {
    expect(() => readPolicyFlags(typed(flags), noPolicy, nowMs)).toThrow(message);
  });
});

it.each([
  ['08:00-19:00', [1, 2, 3, 4, 5, 6, 7]],
  ['mon,wed,22:00-06:00', [1, 3]],
  ['sat-mon,10:00-12:00', [1, 6, 7]],
  ['Monday-wed,10:00-12:00', [1, 2, 3]],
])('the days of %s', (text, days) => {
  expect(parseHours(text, 'UTC', false).days).toEqual(days);
});
