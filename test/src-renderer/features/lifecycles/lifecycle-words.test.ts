import { describe, expect, it } from 'vitest';
import { type Lifecycle, noPolicy, TimelineEntry } from '#contract/lifecycles.ts';
import {
  byDay,
  daysWords,
  eventSignal,
  inOrder,
  judgementWords,
  nextSentence,
  partTitle,
  policyLines,
  shortNext,
  warningTitle,
} from '#renderer/features/lifecycles/lifecycle-words.ts';

const nowMs = Date.parse('2026-11-26T10:00:00.000Z');
const inMinutes = (minutes: number) => new Date(nowMs + minutes * 60_000).toISOString();
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('days', () => {
  it.each([
    [[1, 2, 3, 4, 5], 'Mon–Fri'],
    [[7, 1, 3], 'Mon, Wed, Sun'],
    [[1, 2, 4, 5, 6], 'Mon, Tue, Thu–Sat'],
    [[3, 3], 'Wed'],
    [[7, 6, 5, 4, 3, 2, 1], 'every day'],
  ])('%j are %s', (days, words) => {
    expect(daysWords(days)).toBe(words);
  });
});

describe('what comes next', () => {
  it('counts minutes from afar and seconds when it is near', () => {
    const next = { why: 'idle', action: 'stop', isWarned: false } as const;
    expect(plain(shortNext({ ...next, at: inMinutes(40.5) }, nowMs))).toBe('idle stop in 41 min');
    expect(shortNext({ ...next, at: inMinutes(9.5) }, nowMs)).toBe('idle stop in 9:30');
    expect(plain(shortNext({ ...next, why: 'hours', at: inMinutes(134) }, nowMs))).toBe('stop in 2 h 14 min');
    expect(shortNext({ ...next, action: 'destroy', at: inMinutes(-3) }, nowMs)).toBe('idle destroy now');
  });

  it('is one sentence on the page, with the same minutes', () => {
    const next = { why: 'idle', action: 'stop', isWarned: false } as const;
    expect(plain(nextSentence({ ...next, at: inMinutes(40.5) }, nowMs))).toBe(
      'Stops in 41 min for want of work, if nothing happens until then.',
    );
    expect(nextSentence({ ...next, why: 'time', action: 'destroy', at: inMinutes(-1) }, nowMs)).toBe(
      'Is about to be destroyed at the time that was set.',
    );
  });

  it('says when it is due', () => {
    expect(warningTitle('api', { action: 'stop', at: inMinutes(1) }, nowMs)).toBe('api stops in 1:00');
    expect(warningTitle('api', { action: 'destroy', at: inMinutes(0) }, nowMs)).toBe(
      'api is about to be destroyed',
    );
  });
});

describe('a policy', () => {
  it('without rules has nothing to say', () => {
    expect(policyLines(noPolicy, String)).toEqual([]);
  });

  it('says what keeps it awake also where that keeps a machine alone', () => {
    const keepAwake = [{ kind: 'process' as const, name: 'cargo' }, { kind: 'shown-terminal' as const }];
    expect(policyLines({ ...noPolicy, keepAwake }, String)).toEqual([
      'Counts as at work while cargo runs, and while a terminal of it is shown',
    ]);
  });

  it('says each rule in a line', () => {
    const lines = policyLines(
      {
        idleMinutes: 90,
        keepAwake: [
          { kind: 'process', name: 'cargo' },
          { kind: 'connection', port: 3000 },
          { kind: 'connection', port: null },
          { kind: 'shown-terminal' },
        ],
        endAt: '2026-12-01T00:00:00.000Z',
        endAfterMinutes: 720,
        endAction: 'destroy',
        hours: { timeZone: 'Europe/Berlin', days: [1, 2, 3, 4, 5], from: '08:00', to: '19:00', starts: true },
        leaseMinutes: 120,
      },
      (at) => `<${at}>`,
    );
    expect(lines.map(plain)).toEqual([
      'Stops after 1 h 30 min without work, but not while cargo runs nor while something is connected to 3000 nor while anything is connected nor while a terminal of it is shown',
      'Is destroyed, after a snapshot, at <2026-12-01T00:00:00.000Z>',
      'Is destroyed, after a snapshot, when it has run for 12 h',
      'Runs Mon–Fri from 08:00 to 19:00 (Europe/Berlin), and starts by itself',
      'Its host stops it 2 h after the last Berth was there',
    ]);
  });
});

describe('what is seen', () => {
  const lifecycle = (judgement: Lifecycle['judgement'], details: readonly string[]): Lifecycle => ({
    id: 'ws_00000000000000000001',
    policy: noPolicy,
    judgement,
    seen: details.map((detail) => ({ signal: 'cpu', weight: 0.5, detail })),
    quietSinceAt: null,
    next: null,
    putOffUntil: null,
    leaseUntil: null,
  });

  it('is told as it was measured, and what is not seen is never called idle', () => {
    expect(judgementWords(lifecycle('busy', ['cargo runs', '1.8 processors'])).text).toBe(
      'cargo runs · 1.8 processors',
    );
    expect(judgementWords(lifecycle('quiet', [])).text).toBe('Nothing that counts as work is seen.');
    expect(judgementWords(lifecycle('quiet', ['a little output'])).text).toBe(
      'Too little to count as work: a little output',
    );
    const measured = { ...lifecycle('unknown', []), policy: { ...noPolicy, idleMinutes: 30 } };
    expect(judgementWords(measured)).toMatchObject({ signal: 'attention', word: 'not seen' });
    expect(judgementWords(measured).text).toContain('never taken for idle');
  });

  it('is no trouble where nobody wants it measured', () => {
    expect(judgementWords(lifecycle('unknown', []))).toMatchObject({
      signal: 'stopped',
      word: 'not measured',
    });
  });
});

describe('its part of the page', () => {
  it.each([
    ['running', null, 'Why it is running'],
    ['paused', null, 'Why it is running'],
    ['unknown', 'running', 'Why it is running'],
    ['unknown', 'stopped', 'Why it is not running'],
    ['unknown', null, 'Why it is not running'],
    ['failed', null, 'Why it is not running'],
  ] as const)('of one that is %s, last known as %s: %s', (state, last, title) => {
    const lastKnown = last === null ? null : { state: last, at: inMinutes(-5) };
    expect(partTitle({ state, lastKnown })).toBe(title);
  });
});

describe('a timeline', () => {
  it('has what was found out later where it happened', () => {
    const entry = (text: string, at: string) => ({ at, event: 'started' as const, text, by: null });
    const told = [
      entry('a', '2026-11-24T10:00:00Z'),
      entry('c', '2026-11-26T10:00:00Z'),
      entry('b', '2026-11-25T10:00:00Z'),
    ];
    expect(inOrder(told).map(({ text }) => text)).toEqual(['a', 'b', 'c']);
  });

  it('is shown newest first, by day', () => {
    const entry = (at: string) => ({ at, event: 'started' as const, text: at, by: null });
    const days = byDay(
      [entry('2026-11-24T10:00:00Z'), entry('2026-11-25T09:00:00Z'), entry('2026-11-25T10:00:00Z')],
      (at) => at.slice(0, 10),
    );
    expect(days.map(({ day, entries }) => [day, entries.map(({ at }) => at.slice(11, 16))])).toEqual([
      ['2026-11-25', ['10:00', '09:00']],
      ['2026-11-24', ['10:00']],
    ]);
  });

  it('has a mark for each event', () => {
    for (const event of TimelineEntry.shape.event.options) expect(eventSignal(event)).toBeTruthy();
  });
});
