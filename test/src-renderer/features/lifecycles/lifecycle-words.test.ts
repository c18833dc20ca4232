import { describe, expect, it } from 'vitest';
import { type Lifecycle, noPolicy, TimelineEntry } from '#contract/lifecycles.ts';
import {
  byDay,
  daysWords,
  eventSignal,
  judgementWords,
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
    expect(shortNext({ ...next, action: 'destroy', at: inMinutes(-3) }, nowMs)).toBe('idle destroy in 0:00');
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
    expect(judgementWords(lifecycle('unknown', [])).text).toContain('never taken for idle');
  });
});

describe('a timeline', () => {
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
