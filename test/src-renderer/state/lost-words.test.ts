import { expect, test } from 'vitest';
import type { HostState } from '#contract/hosts.ts';
import { lostWords } from '#renderer/state/lost-words.ts';

const since = new Date(2026, 0, 2, 12, 3, 40);
const nowMs = since.getTime() + 60_000;
const lost = (over: Partial<Extract<HostState, { phase: 'lost' }>> = {}): HostState => ({
  phase: 'lost',
  sinceAt: since.toISOString(),
  attempt: 3,
  retryAt: null,
  isWaitingForNetwork: false,
  error: { code: 'host.unreachable', message: 'No answer.', details: {} },
  ...over,
});
const inMs = (ms: number) => lost({ retryAt: new Date(nowMs + ms).toISOString() });

test('says since when, and counts down to the next try', () => {
  expect(lostWords(inMs(4_000), nowMs)).toBe('lost since 12:03, retrying in 4\u00a0s');
  expect(lostWords(inMs(3_100), nowMs)).toBe('lost since 12:03, retrying in 4\u00a0s');
  expect(lostWords(inMs(200), nowMs)).toBe('lost since 12:03, retrying in 1\u00a0s');
  expect(lostWords(inMs(-500), nowMs)).toBe('lost since 12:03, trying now');
  expect(lostWords(lost(), nowMs)).toBe('lost since 12:03, trying now');
});

test('says that a network is waited for', () => {
  expect(lostWords(lost({ isWaitingForNetwork: true }), nowMs)).toBe(
    'lost since 12:03, waiting for a network',
  );
});

test('names the day when it is another one', () => {
  const yesterday = lost({ sinceAt: new Date(2026, 0, 1, 23, 50).toISOString() });
  expect(lostWords(yesterday, nowMs)).toBe('lost since 1 Jan, 23:50, trying now');
});

test('says nothing of a host that is not lost', () => {
  expect(lostWords({ phase: 'disconnected' }, nowMs)).toBeNull();
  expect(lostWords({ phase: 'connecting', step: 'dialling', attempt: 1, hop: null }, nowMs)).toBeNull();
});
