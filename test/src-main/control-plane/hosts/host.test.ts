import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCodes } from '#contract/error-codes.ts';
import { type HostDefinition, HostState } from '#contract/hosts.ts';
import {
  backOffMs,
  disconnected,
  type HostEvent,
  isTriedAgain,
  moveHost,
  needsNetwork,
} from '#main/control-plane/hosts/host.ts';

const at = '2026-01-02T03:04:05.000Z';
const error = { code: 'host.unreachable', message: 'No route.', details: {} } as const;
const ready = {
  type: 'ready',
  at,
  roundTripMs: 3,
  engineRoute: 'stream-forward',
  engineError: null,
} as const;
const run = (...events: HostEvent[]) => events.reduce(moveHost, disconnected);

describe('the connection state', () => {
  it('goes from connecting over its steps to ready', () => {
    expect(run({ type: 'attempt', attempt: 1 }).shown).toEqual({
      phase: 'connecting',
      step: 'resolving',
      attempt: 1,
      hop: null,
    });
    const dialling = run({ type: 'attempt', attempt: 1 }, { type: 'step', step: 'dialling', hop: 'jump' });
    expect(dialling.shown).toMatchObject({ step: 'dialling', hop: 'jump' });
    expect(moveHost(dialling, ready).shown).toMatchObject({ phase: 'ready', roundTripMs: 3 });
  });

  it('remembers since when it is lost over all attempts to come back', () => {
    const later = '2026-01-02T03:05:00.000Z';
    const lost = run(
      { type: 'attempt', attempt: 1 },
      ready,
      { type: 'lost', at, error },
      { type: 'attempt', attempt: 1 },
      { type: 'step', step: 'dialling', hop: null },
      { type: 'retry', at: later, attempt: 1, retryAt: later, error },
      { type: 'attempt', attempt: 2 },
    );
    expect(lost.shown).toEqual({
      phase: 'lost',
      sinceAt: at,
      attempt: 2,
      retryAt: null,
      isWaitingForNetwork: false,
      error,
    });
  });

  it('hides behind a question and comes back where it was', () => {
    const asked = run(
      { type: 'attempt', attempt: 1 },
      { type: 'asked', questionId: 'q_00000000000000000001' },
    );
    expect(asked.shown.phase).toBe('needs-you');
    const second = moveHost(asked, { type: 'asked', questionId: 'q_00000000000000000002' });
    const moved = moveHost(second, { type: 'step', step: 'authenticating', hop: null });
    expect(moved.shown).toEqual({ phase: 'needs-you', questionId: 'q_00000000000000000002' });
    expect(moveHost(moved, { type: 'answered' }).shown).toMatchObject({
      phase: 'connecting',
      step: 'authenticating',
    });
    const retried = moveHost(asked, { type: 'retry', at, attempt: 1, retryAt: at, error });
    expect(retried.shown).toMatchObject({ phase: 'lost' });
  });

  it('is never a shape that the contract does not know, whatever comes in whatever order', () => {
    const instant = fc.constant(at);
    const event: fc.Arbitrary<HostEvent> = fc.oneof(
      fc.record({ type: fc.constant('attempt' as const), attempt: fc.integer({ min: 1, max: 99 }) }),
      fc.record({
        type: fc.constant('step' as const),
        step: fc.constantFrom('resolving', 'dialling', 'probing'),
        hop: fc.constantFrom(null, 'jump'),
      }),
      fc.constant({ type: 'asked' as const, questionId: 'q_00000000000000000001' as const }),
      fc.constant({ type: 'answered' as const }),
      fc.constant(ready),
      fc.record({ type: fc.constant('measured' as const), roundTripMs: fc.nat() }),
      fc.constant({ type: 'engine' as const, engineRoute: 'none' as const, engineError: error }),
      fc.record({ type: fc.constant('lost' as const), at: instant, error: fc.constant(error) }),
      fc.record({
        type: fc.constant('retry' as const),
        at: instant,
        attempt: fc.nat(),
        retryAt: fc.constantFrom(at, null),
        error: fc.constant(error),
      }),
      fc.record({ type: fc.constant('gave-up' as const), at: instant, error: fc.constant(error) }),
      fc.constant({ type: 'left' as const }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const { shown, behind } = run(...events);
        expect(HostState.safeParse(shown).success).toBe(true);
        // What a question hides is there exactly while it is open.
        expect(behind !== null).toBe(shown.phase === 'needs-you');
      }),
    );
  });
});

describe('the network', () => {
  it('is waited for where an attempt has no time of its own, and not while one runs', () => {
    const waiting = run({ type: 'lost', at, error }, { type: 'retry', at, attempt: 2, retryAt: null, error });
    expect(waiting.shown).toMatchObject({ phase: 'lost', retryAt: null, isWaitingForNetwork: true });
    expect(moveHost(waiting, { type: 'attempt', attempt: 3 }).shown).toMatchObject({
      attempt: 3,
      isWaitingForNetwork: false,
    });
  });

  it('is needed for every host but this computer and what listens on its loopback', () => {
    const ssh = (address: string | null, jump?: string): HostDefinition => ({
      kind: 'ssh',
      configName: address === null ? 'atlas' : null,
      address,
      port: null,
      user: 'dev',
      auth: { method: 'automatic' },
      jumps: jump ? [{ address: jump, port: 22, user: 'dev', auth: { method: 'automatic' } }] : [],
      engineSocket: null,
    });
    expect(needsNetwork({ kind: 'local', socketPath: null })).toBe(false);
    for (const address of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]'])
      expect([address, needsNetwork(ssh(address))]).toEqual([address, false]);
    for (const address of ['atlas', '10.0.0.1', 'localhost.example', '1127.0.0.1', null])
      expect([address, needsNetwork(ssh(address))]).toEqual([address, true]);
    expect(needsNetwork(ssh('127.0.0.1', 'jump.example'))).toBe(true);
    expect(needsNetwork(ssh('inner.example', 'localhost'))).toBe(false);
  });
});

describe('trying again', () => {
  it('waits for the person where trying would not help or would lock an account', () => {
    const codes = Object.keys(errorCodes) as (keyof typeof errorCodes)[];
    expect(codes.filter((code) => code.startsWith('host.') && isTriedAgain(code))).toEqual([
      'host.name-taken',
      'host.not-connected',
      'host.unreachable',
      'host.not-ssh',
      'host.agent-unavailable',
      'host.sessions-exhausted',
      'host.command-failed',
      'host.disk-full',
    ]);
    expect(isTriedAgain('connection-lost')).toBe(true);
    expect(isTriedAgain('timed-out')).toBe(true);
    expect(isTriedAgain('question.expired')).toBe(false);
  });

  it('doubles from one second to a minute, with a share left to chance', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 500].map((failures) => backOffMs(failures, 0))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
    ]);
    expect(backOffMs(7, 0.999)).toBeGreaterThan(40_000);
    expect(backOffMs(7, 0.999)).toBeLessThan(43_000);
  });
});
