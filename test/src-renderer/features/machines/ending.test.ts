/** What is said before a machine ends by itself, and what puts the end off. */
import { describe, expect, it } from 'vitest';
import type { Machine, MachineEnd } from '#contract/machines.ts';
import { endDraft, idleChoices, readEnd, timeProblem } from '#renderer/features/machines/end-draft.ts';
import { endingOf, keepRunning, oneMoreHour, WARN_BEFORE_MS } from '#renderer/features/machines/ending.ts';

const at = '2026-11-20T12:00:00.000Z';
const atMs = Date.parse(at);
const never: MachineEnd = { at: null, atAction: 'destroy', idleMinutes: null, idleAction: 'hibernate' };
const timed = { ...never, at };
const idle = { ...never, idleMinutes: 30 };
const machine = (end: MachineEnd, endsAt: string | null = at, life: Machine['life'] = 'made') => ({
  end,
  endsAt,
  life,
});

describe('the warning', () => {
  it('comes a quarter of an hour before, and not sooner', () => {
    expect(endingOf(machine(timed), atMs - WARN_BEFORE_MS - 1)).toBeNull();
    expect(endingOf(machine(timed), atMs - WARN_BEFORE_MS)).toEqual({
      cause: 'time',
      action: 'destroy',
      leftMs: WARN_BEFORE_MS,
    });
  });

  it('never counts below nothing', () => expect(endingOf(machine(timed), atMs + 5000)?.leftMs).toBe(0));

  it('does not come where nothing ends, or what is there is not a made machine', () => {
    expect(endingOf(machine(never, null), atMs)).toBeNull();
    expect(endingOf(machine(timed, at, 'hibernating'), atMs)).toBeNull();
  });

  it('tells idleness from a set time, whichever comes first', () => {
    expect(endingOf(machine(idle), atMs - 1000)).toMatchObject({ cause: 'idle', action: 'hibernate' });
    const later = { ...idle, at: '2026-11-20T18:00:00.000Z' };
    expect(endingOf(machine(later), atMs - 1000)).toMatchObject({ cause: 'idle', action: 'hibernate' });
    expect(endingOf(machine({ ...idle, at }), atMs - 1000)).toMatchObject({ cause: 'time' });
  });
});

describe('putting the end off', () => {
  it('adds an hour to the time, or to the idle time that is allowed', () => {
    expect(oneMoreHour(timed, 'time', atMs - 1000)).toEqual({ ...timed, at: '2026-11-20T13:00:00.000Z' });
    expect(oneMoreHour(timed, 'time', atMs + 60_000).at).toBe('2026-11-20T13:01:00.000Z');
    expect(oneMoreHour(idle, 'idle', atMs)).toEqual({ ...idle, idleNotBefore: '2026-11-20T13:00:00.000Z' });
  });

  it('takes back only the rule that would end it', () => {
    const both = { ...idle, at };
    expect(keepRunning(both, 'time')).toEqual({ ...both, at: null });
    expect(keepRunning(both, 'idle')).toEqual({ ...both, idleMinutes: null });
  });
});

describe('what is chosen of the end', () => {
  const now = new Date('2026-11-20T10:00:00.000Z');

  it('comes back as it was where nothing is changed', () => {
    expect(readEnd(endDraft(timed, now))).toEqual(timed);
    expect(readEnd(endDraft(idle, now))).toEqual(idle);
    expect(readEnd(endDraft(never, now))).toEqual(never);
  });

  it('must be a time to come', () => {
    const draft = endDraft(timed, now);
    expect(timeProblem(draft, now)).toBeNull();
    expect(timeProblem(draft, new Date(atMs))).toBe('must be in the future');
    expect(timeProblem({ ...draft, time: '' }, now)).toBe('must be a day and a time');
    expect(timeProblem({ ...draft, time: '', hasTime: false }, now)).toBeNull();
  });

  it('offers the idle time that is set, too', () => {
    const values = idleChoices(90).map(({ value }) => Number(value));
    expect(values).toContain(90);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(new Set(idleChoices(60).map(({ value }) => value)).size).toBe(idleChoices(60).length);
  });
});
