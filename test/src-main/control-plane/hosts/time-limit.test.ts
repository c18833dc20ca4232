import { expect, test, vi } from 'vitest';
import { withinLimit } from '#main/control-plane/hosts/time-limit.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

const limitOf = (clock: ManualClock) => ({
  clock,
  timeoutMs: 8_000,
  what: 'the host',
  signal: new AbortController().signal,
});

test('a wait ends in time, and what comes late is put away', async () => {
  const clock = new ManualClock();
  const work = Promise.withResolvers<string>();
  const discard = vi.fn();
  const waited = expect(withinLimit(limitOf(clock), () => work.promise, discard)).rejects.toMatchObject({
    code: 'timed-out',
    message: 'No answer within 8 s: the host.',
  });
  await clock.advance(8_000);
  await waited;
  work.resolve('late');
  await clock.advance(0);
  expect(discard).toHaveBeenCalledExactlyOnceWith('late');
});

test('a sleep in between is no silence: the answer that waited since then still counts', async () => {
  const clock = new ManualClock();
  const work = Promise.withResolvers<string>();
  const waited = withinLimit(limitOf(clock), () => work.promise);
  clock.sleep(3_600_000);
  await clock.advance(10);
  work.resolve('there');
  await expect(waited).resolves.toBe('there');
  expect(clock.pendingTimers).toBe(0);
});

test('and silence after the sleep ends the wait as ever', async () => {
  const clock = new ManualClock();
  const waited = expect(
    withinLimit(limitOf(clock), () => new Promise<never>(() => {})),
  ).rejects.toMatchObject({ code: 'timed-out' });
  clock.sleep(3_600_000);
  await clock.advance(8_010);
  await waited;
});
