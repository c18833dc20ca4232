import { expect, test } from 'vitest';
import { HandshakeLimiter, type HandshakePermit } from '#main/adapters/ssh/handshake-limiter.ts';

const never = new AbortController().signal;

function request(limiter: HandshakeLimiter, key: string, signal = never) {
  const state: { permit?: HandshakePermit; error?: unknown } = {};
  const done = limiter.acquire(key, signal).then(
    (permit) => {
      state.permit = permit;
    },
    (error: unknown) => {
      state.error = error;
    },
  );
  return { state, done };
}

test('at most sixteen in all and four with one host; others do not wait behind a busy host', async () => {
  const limiter = new HandshakeLimiter();
  const busy = Array.from({ length: 6 }, () => request(limiter, 'busy'));
  const others = Array.from({ length: 14 }, (_, index) => request(limiter, `host${index}`));
  await Promise.all([...busy.slice(0, 4), ...others.slice(0, 12)].map(({ done }) => done));
  const running = () => [...busy, ...others].filter(({ state }) => state.permit).length;
  expect(running()).toBe(16);
  expect(busy.map(({ state }) => state.permit !== undefined)).toEqual([true, true, true, true, false, false]);
  const first = busy[0]?.state.permit;
  first?.release();
  first?.release();
  await busy[4]?.done;
  expect(running()).toBe(17);
  expect(busy[5]?.state.permit).toBeUndefined();
});

test('one that gives up waiting leaves the line', async () => {
  const limiter = new HandshakeLimiter({ maxAtATime: 1 });
  const first = request(limiter, 'a');
  await first.done;
  const controller = new AbortController();
  const second = request(limiter, 'b', controller.signal);
  const third = request(limiter, 'c');
  controller.abort();
  await second.done;
  expect(second.state.error).toMatchObject({ code: 'cancelled' });
  first.state.permit?.release();
  await third.done;
  expect(third.state.permit).toBeDefined();
});
