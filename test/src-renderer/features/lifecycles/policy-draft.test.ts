import { describe, expect, it } from 'vitest';
import { LifecyclePolicy, noPolicy } from '#contract/lifecycles.ts';
import {
  minuteChoices,
  policyDraft,
  policyProblems,
  programNames,
  readPolicy,
} from '#renderer/features/lifecycles/policy-draft.ts';

const now = new Date('2026-11-26T10:00:30.000Z');
const full: LifecyclePolicy = {
  idleMinutes: 45,
  keepAwake: [
    { kind: 'process', name: 'cargo' },
    { kind: 'process', name: 'npm' },
    { kind: 'connection', port: null },
    { kind: 'shown-terminal' },
    { kind: 'connection', port: 5432 },
  ],
  endAt: '2026-12-01T08:00:00.000Z',
  endAfterMinutes: 600,
  endAction: 'destroy',
  hours: { timeZone: 'Europe/Berlin', days: [1, 5], from: '22:00', to: '06:00', starts: true },
  leaseMinutes: 60,
};

describe('a draft', () => {
  it.each([
    ['no policy', noPolicy],
    ['a whole policy', full],
  ])('of %s is that policy again, and one that the plane takes', (_name, policy) => {
    const read = readPolicy(policyDraft(policy, now, 'Asia/Tokyo'));
    expect(read).toEqual(policy);
    expect(LifecyclePolicy.parse(read)).toEqual(policy);
  });

  it('keeps what was typed of a rule that is off, and sends nothing of it', () => {
    const draft = { ...policyDraft(full, now, 'UTC'), hasIdle: false, hasHours: false, hasLease: false };
    expect(readPolicy(draft)).toMatchObject({ idleMinutes: null, hours: null, leaseMinutes: null });
  });

  it('begins with the window’s own time zone', () => {
    expect(policyDraft(noPolicy, now, 'Asia/Tokyo').timeZone).toBe('Asia/Tokyo');
  });
});

describe('what is wrong', () => {
  const draft = policyDraft(full, now, 'UTC');

  it('is nothing in what is right', () => {
    expect(policyProblems(draft, now)).toEqual({});
  });

  it('is said by field, and only of rules that are on', () => {
    const wrong = {
      ...draft,
      programs: '/usr/bin/cargo',
      time: '2020-01-01T00:00',
      days: [],
      from: '25:00',
      to: '',
    };
    expect(policyProblems(wrong, now)).toEqual({
      programs: 'must be names of programs, without a folder',
      time: 'must be in the future',
      days: 'must be at least one day',
      from: 'must be a time as 08:30',
      to: 'must be a time as 19:00',
    });
    expect(policyProblems({ ...wrong, hasIdle: false, hasTime: false, hasHours: false }, now)).toEqual({});
    expect(policyProblems({ ...draft, time: '' }, now)).toEqual({ time: 'must be a day and a time' });
  });
});

it('sends no name that its hidden field holds and the plane refuses; the others are kept', () => {
  const draft = { ...policyDraft(full, now, 'UTC'), hasIdle: false, programs: 'cargo /usr/bin/npm' };
  expect(policyProblems(draft, now)).toEqual({});
  const read = readPolicy(draft);
  expect(read.keepAwake[0]).toEqual({ kind: 'process', name: 'cargo' });
  expect(LifecyclePolicy.safeParse(read).success).toBe(true);
});

it('reads programs however they are listed, each once', () => {
  expect(programNames(' cargo, npm\nmake  cargo,')).toEqual(['cargo', 'npm', 'make']);
});

it('offers the length that is set among the usual ones', () => {
  expect(minuteChoices(45, String).map(({ value }) => value)).toContain('45');
  expect(minuteChoices(60, String).filter(({ value }) => value === '60')).toHaveLength(1);
});
