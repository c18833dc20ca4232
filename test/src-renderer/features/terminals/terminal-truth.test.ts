/** The one word for each state that a terminal, its host and its way can be in. */
import { describe, expect, it } from 'vitest';
import type { HostState } from '#contract/hosts.ts';
import type { Terminal } from '#contract/terminals.ts';
import { ms, truthOf, type TruthInput, wayText } from '#renderer/features/terminals/terminal-truth.ts';
import { terminal } from '../../scenes.ts';

const nowMs = new Date(2026, 10, 20, 12, 30).getTime();
const at = new Date(2026, 10, 20, 12, 3).toISOString();
const inSeconds = (seconds: number) => new Date(nowMs + seconds * 1_000).toISOString();
const error = { code: 'host.unreachable', message: 'No answer.', details: {} } as const;

function truth(state: Terminal['state'], more: Partial<TruthInput> = {}) {
  return truthOf({
    terminal: { ...terminal(1, 'bash', 1), state },
    host: undefined,
    rest: null,
    health: { behindBytes: 0, way: null, unansweredSinceMs: null },
    isAttached: true,
    nowMs,
    ...more,
  });
}
const live = { phase: 'live', reattachedAt: null } as const;
const lost = { phase: 'lost', at, unconfirmedBytes: 0 } as const;
const ended = (more: object) => ({ phase: 'ended', at, exitCode: null, error: null, ...more }) as const;
const health = { behindBytes: 0, way: null, unansweredSinceMs: null };

describe('truthOf', () => {
  it('a terminal that is simply live is calm, and nothing else is', () => {
    expect(truth(live)).toEqual({ signal: 'running', word: 'Live', isCalm: true });
    expect(truth({ phase: 'opening' })).toEqual({ signal: 'busy', word: 'Opening', isCalm: false });
  });

  it.each([
    ['not attached', { isAttached: false }, 'attention', 'Detached from this window'],
    [
      'silent',
      { health: { ...health, unansweredSinceMs: nowMs - 90_000 } },
      'attention',
      'No answer since 12:28',
    ],
    [
      'far behind',
      { health: { ...health, behindBytes: 12 * 1024 ** 2 } },
      'busy',
      'Catching up, 12.0\u00a0MiB behind',
    ],
    [
      'silent and behind',
      { health: { ...health, behindBytes: 1e7, unansweredSinceMs: nowMs } },
      'attention',
      'No answer since 12:30',
    ],
  ] as const)('live and %s', (_, more, signal, word) => {
    // Only what waits can be skipped.
    const isBehind = word.startsWith('Catching up') ? { isBehind: true } : {};
    expect(truth(live, more)).toEqual({ signal, word, isCalm: false, ...isBehind });
  });

  it('a little behind is no news', () => {
    expect(truth(live, { health: { ...health, behindBytes: 262_143 } }).isCalm).toBe(true);
  });

  it('says for six seconds that it is back', () => {
    const back = (seconds: number) => truth({ phase: 'live', reattachedAt: inSeconds(-seconds) });
    expect(back(0)).toEqual({ signal: 'running', word: 'Re-attached', isCalm: false });
    expect(back(5.9).word).toBe('Re-attached');
    expect(back(6)).toEqual({ signal: 'running', word: 'Live', isCalm: true });
  });

  const lostHost = (more: object): HostState => ({
    ...{ phase: 'lost', sinceAt: at, attempt: 2, retryAt: inSeconds(4), isWaitingForNetwork: false, error },
    ...more,
  });
  it.each<[string, HostState | undefined, string]>([
    ['counts to the next try', lostHost({}), 'Lost since 12:03, retrying in 4\u00a0s'],
    ['tries now', lostHost({ retryAt: null }), 'Lost since 12:03, trying now'],
    [
      'waits for a network',
      lostHost({ isWaitingForNetwork: true }),
      'Lost since 12:03, waiting for a network',
    ],
    [
      'is there again',
      { phase: 'ready', sinceAt: at, roundTripMs: 1, engineRoute: 'stream-forward', engineError: null },
      'Lost since 12:03, attaching again',
    ],
    [
      'connects',
      { phase: 'connecting', step: 'authenticating', attempt: 1, hop: null },
      'Lost since 12:03, trying now',
    ],
    ['was disconnected', { phase: 'disconnected' }, 'Lost since 12:03; its host is disconnected'],
    ['is not known', undefined, 'Lost since 12:03'],
  ])('lost, and its host %s', (_, host, word) => {
    expect(truth(lost, { host })).toEqual({ signal: 'attention', word, isCalm: false });
  });
  it('lost, and its host failed or needs somebody', () => {
    const states = ['failed', 'needs-you'].map(
      (phase) => ({ phase, error, sinceAt: at }) as unknown as HostState,
    );
    expect(states.map((host) => truth(lost, { host }).word)).toEqual([
      'Lost since 12:03; its host failed',
      'Lost since 12:03; its host needs you',
    ]);
  });
  it('lost with a machine that sleeps is no trouble', () => {
    const host = { phase: 'disconnected' } as unknown as HostState;
    expect(truth(lost, { host, rest: 'asleep' })).toEqual({
      signal: 'stopped',
      word: 'Its machine: asleep',
      isCalm: false,
    });
  });
  it('lost on another day says which', () => {
    const before = new Date(2026, 10, 18, 9, 5).toISOString();
    expect(truth({ ...lost, at: before }).word).toBe('Lost since 18 Nov, 09:05');
  });

  it.each([
    [{ exitCode: 0 }, 'stopped', 'Ended with exit code 0'],
    [{ exitCode: 137 }, 'failed', 'Ended with exit code 137'],
    [{}, 'stopped', 'Ended'],
    [{ error: { code: 'connection-lost', message: '', details: {} } }, 'failed', 'Connection lost'],
    [
      { error: { code: 'connection-lost', message: '', details: { reason: 'restarted' } } },
      'failed',
      'Ended',
    ],
    [{ error: { code: 'terminal.ended', message: '', details: { reason: 'gone' } } }, 'failed', 'Ended'],
    [{ error: { code: 'terminal.ended', message: '', details: { reason: 'stopped' } } }, 'stopped', 'Ended'],
  ] as const)('ended with %j', (more, signal, word) => {
    expect(truth(ended(more))).toEqual({ signal, word, isCalm: false });
  });
});

describe('the words of a way', () => {
  it('name each part that is known', () => {
    const way = { totalMs: 12.4, windowMs: 0.6, hostMs: 11, sessionMs: 0.8, drawMs: 2 };
    expect(wayText(way).replaceAll('\u00a0', ' ')).toBe(
      '12 ms there and back: 0.6 ms between window and Berth, 11 ms to the host, 0.8 ms in its session. Drawing takes 2.0 ms.',
    );
    expect(wayText({ ...way, hostMs: null, sessionMs: null }).replaceAll('\u00a0', ' ')).toBe(
      '12 ms there and back: 0.6 ms between window and Berth. Drawing takes 2.0 ms.',
    );
  });
  it('have one digit behind the point where that tells something', () => {
    expect([ms(0.04), ms(9.94), ms(10.4), ms(1203)].map((text) => text.replace('\u00a0', ' '))).toEqual([
      ...['0.0 ms', '9.9 ms', '10 ms', '1203 ms'],
    ]);
  });
});
