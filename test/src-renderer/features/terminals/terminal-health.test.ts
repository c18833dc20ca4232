/** How often a terminal's way is asked, and what is told of it: times, arrears, silence. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { TerminalMeasure } from '#contract/terminals.ts';
import { type Measured, TerminalHealths, wayOf } from '#renderer/features/terminals/terminal-health.ts';
import type { Client } from '#renderer/transport/client.ts';

const id = 'term_00000000000000000001' as const;
const good: TerminalMeasure = { hostMs: 11, streamMs: 12, behindBytes: 0 };
const page = { visibilityState: 'visible' };

beforeEach(() => {
  vi.useFakeTimers();
  page.visibilityState = 'visible';
  vi.stubGlobal('document', page);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function start(first: () => Promise<TerminalMeasure> = async () => good) {
  const healths = new TerminalHealths();
  let answer = first;
  const call = vi.fn((_method: string, _input: unknown) => answer());
  const own: { -readonly [K in keyof Measured]: Measured[K] } = {
    unparsedBytes: 0,
    isFlooding: false,
    drawMs: 2,
  };
  const stop = healths.watch(id, { call } as unknown as Client, () => own);
  return {
    ...{ healths, call, own, stop },
    health: () => healths.get(id),
    answers: (next: typeof first) => {
      answer = next;
    },
  };
}

describe('TerminalHealths', () => {
  it('asks at once, then every four seconds while nothing is behind', async () => {
    const { call, health, stop } = start();
    await vi.advanceTimersByTimeAsync(0);
    expect(call.mock.calls).toEqual([['terminals.measure', { id }]]);
    expect(health().way).toMatchObject({ hostMs: 11, sessionMs: 1, drawMs: 2 });
    await vi.advanceTimersByTimeAsync(3_900);
    expect(call).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(20_100);
    expect(call).toHaveBeenCalledTimes(7);
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(call).toHaveBeenCalledTimes(7);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('asks twice a second during a flood, and tells what this window and the plane have not shown yet', async () => {
    const { call, own, health, answers } = start();
    await vi.advanceTimersByTimeAsync(0);
    answers(async () => ({ ...good, behindBytes: 9_000_000 }));
    own.isFlooding = true;
    own.unparsedBytes = 1_000_000;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(call.mock.calls.length).toBeGreaterThan(8);
    expect(health().behindBytes).toBe(10_000_000);
    // The last answer is old news as soon as the flood has ended.
    own.isFlooding = false;
    own.unparsedBytes = 0;
    await vi.advanceTimersByTimeAsync(250);
    expect(health().behindBytes).toBe(0);
  });

  it('asks nothing while nobody can look', async () => {
    page.visibilityState = 'hidden';
    const { call } = start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(call).not.toHaveBeenCalled();
    page.visibilityState = 'visible';
    await vi.advanceTimersByTimeAsync(250);
    expect(call).toHaveBeenCalledTimes(1);
  });

  it('asks no second time before the first answer, and says since when there is none', async () => {
    const hung = Promise.withResolvers<TerminalMeasure>();
    const begunAtMs = Date.now();
    const { call, health } = start(() => hung.promise);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(health().unansweredSinceMs).toBeNull();
    await vi.advanceTimersByTimeAsync(55_100);
    expect(call).toHaveBeenCalledTimes(1);
    expect(health().unansweredSinceMs).toBe(begunAtMs);
    hung.resolve(good);
    await vi.advanceTimersByTimeAsync(0);
    expect(health()).toMatchObject({ unansweredSinceMs: null, way: { hostMs: 11 } });
  });

  it('goes on saying so when the plane gives up waiting, and asks again', async () => {
    const begunAtMs = Date.now();
    const { call, health, answers } = start(
      () =>
        new Promise((_, reject) => setTimeout(() => reject(new BerthError('timed-out', 'no answer')), 5_100)),
    );
    await vi.advanceTimersByTimeAsync(5_200);
    expect(health()).toMatchObject({ unansweredSinceMs: begunAtMs, way: null });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(call.mock.calls.length).toBeGreaterThan(3);
    expect(health().unansweredSinceMs).toBe(begunAtMs);
    answers(async () => good);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(health()).toMatchObject({ unansweredSinceMs: null, way: { hostMs: 11 } });
  });

  it('takes no refusal for silence: the state of the terminal tells of it', async () => {
    const { health } = start(() => Promise.reject(new BerthError('host.not-connected', 'away')));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(health()).toEqual({ behindBytes: 0, way: null, unansweredSinceMs: null });
  });

  it('forgets a terminal that nobody looks at, also what is answered after that', async () => {
    const slow = Promise.withResolvers<TerminalMeasure>();
    const { healths, stop, health } = start(() => slow.promise);
    stop();
    slow.resolve(good);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(health().way).toBeNull();
    expect(healths.store.getState().of.size).toBe(0);
  });

  it('tells nobody of what has not changed', async () => {
    const { healths, own } = start();
    await vi.advanceTimersByTimeAsync(0);
    own.isFlooding = true;
    own.unparsedBytes = 500_000;
    await vi.advanceTimersByTimeAsync(250);
    let changeCount = 0;
    healths.store.subscribe(() => (changeCount += 1));
    page.visibilityState = 'hidden';
    await vi.advanceTimersByTimeAsync(5_000);
    expect(changeCount).toBe(0);
  });
});

describe('wayOf', () => {
  it('gives each part its own time', () => {
    expect(wayOf({ hostMs: 11, streamMs: 14, behindBytes: 0 }, 15, 2)).toEqual({
      ...{ totalMs: 15, windowMs: 1, hostMs: 11, sessionMs: 3, drawMs: 2 },
    });
  });
  it('knows no host on this computer, and no session that cannot be asked', () => {
    expect(wayOf({ hostMs: null, streamMs: null, behindBytes: 0 }, 1, 2)).toMatchObject({
      ...{ windowMs: 1, hostMs: null, sessionMs: null },
    });
  });
  it('is never less than nothing, whatever two clocks say', () => {
    const way = wayOf({ hostMs: 20, streamMs: 10, behindBytes: 0 }, 15, 0);
    expect([way.windowMs, way.sessionMs]).toEqual([0, 0]);
  });
});
