/** Keys for repetition: one at a time, once, a caller's own, for a day, over a restart, and nothing secret on disk. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId } from '#contract/ids.ts';
import type { KeptReply, Reply } from '#main/control-plane/interfaces/kept-reply.ts';
import {
  createIdempotency,
  keptForMs,
  type KeyedRequest,
  keyOf,
  maxKeys,
  parseKeptReply,
} from '#main/server/rest/idempotency.ts';
import { HttpRefusal } from '#main/server/rest/problem.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';

const wish = (over: Partial<KeyedRequest> = {}): KeyedRequest => ({
  key: 'k-1',
  userId: localOwnerId,
  method: 'POST',
  path: '/projects',
  body: Buffer.from('{"name":"secret-canary"}'),
  isConfidential: false,
  ...over,
});
const reply = (body = '{"id":"a"}'): Reply => ({ status: 201, headers: { Location: '/projects/a' }, body });

function world() {
  const store = new MemoryRecordStore().collection<KeptReply>('kept-replies', parseKeptReply);
  let now = 1_000_000;
  const start = () => createIdempotency({ store, nowMs: () => now });
  return { store, start, once: start(), pass: (ms: number) => (now += ms) };
}

async function failureOf(run: Promise<unknown>): Promise<unknown> {
  return run.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('once', () => {
  it('runs once, and answers as it did', async () => {
    const { once } = world();
    let runs = 0;
    const run = () => {
      runs += 1;
      return Promise.resolve(reply());
    };
    expect(await once.once(wish(), run)).toEqual({ reply: reply(), isReplayed: false });
    expect(await once.once(wish(), run)).toEqual({ reply: reply(), isReplayed: true });
    expect(runs).toBe(1);
  });

  it('lets no second one begin while the first runs', async () => {
    const { once } = world();
    let finish: (value: Reply) => void = () => {};
    const first = once.once(wish(), () => new Promise((resolve) => (finish = resolve)));
    const second = await failureOf(once.once(wish(), () => Promise.reject(new Error('must not run'))));
    expect(BerthError.is(second, 'conflict')).toBe(true);
    const other = await failureOf(
      once.once(wish({ body: Buffer.from('x') }), () => Promise.reject(new Error('no'))),
    );
    expect(other).toMatchObject({ status: 422 });
    finish(reply());
    await first;
    expect(await once.once(wish(), () => Promise.reject(new Error('no')))).toMatchObject({
      isReplayed: true,
    });
  });

  it.each([
    ['another body', { body: Buffer.from('{"name":"b"}') }],
    ['another path', { path: '/hosts' }],
    ['another method', { method: 'PUT' }],
  ])('refuses its key for %s', async (_name, over) => {
    const { once } = world();
    await once.once(wish(), () => Promise.resolve(reply()));
    const failure = await failureOf(once.once(wish(over), () => Promise.resolve(reply())));
    expect(failure).toBeInstanceOf(HttpRefusal);
    expect(failure).toMatchObject({ status: 422 });
  });

  it('takes the key of somebody else for another one', async () => {
    const { once } = world();
    await once.once(wish(), () => Promise.resolve(reply('{"id":"mine"}')));
    const theirs = await once.once(wish({ userId: 'user_11111111111111111111' }), () =>
      Promise.resolve(reply('{"id":"theirs"}')),
    );
    expect(theirs).toEqual({ reply: reply('{"id":"theirs"}'), isReplayed: false });
  });

  it('forgets after a day, and what failed at once', async () => {
    const { once, pass, store } = world();
    await failureOf(once.once(wish(), () => Promise.reject(new BerthError('project.name-taken', 'Taken.'))));
    expect(await store.all()).toEqual([]);
    expect(await once.once(wish(), () => Promise.resolve(reply()))).toMatchObject({ isReplayed: false });
    pass(keptForMs - 1);
    expect(await once.once(wish(), () => Promise.resolve(reply()))).toMatchObject({ isReplayed: true });
    pass(1);
    expect(await once.once(wish(), () => Promise.resolve(reply('{}')))).toEqual({
      reply: reply('{}'),
      isReplayed: false,
    });
    expect(await store.all()).toHaveLength(1);
  });

  it('answers after a restart as before it', async () => {
    const { once, start } = world();
    await once.once(wish(), () => Promise.resolve(reply()));
    expect(await start().once(wish(), () => Promise.reject(new Error('no')))).toEqual({
      reply: reply(),
      isReplayed: true,
    });
  });

  it('does nothing twice that a crash cut off: it says that the end is not known', async () => {
    const { once, start } = world();
    void once.once(wish(), () => new Promise(() => {}));
    await expect
      .poll(async () => failureOf(start().once(wish(), () => Promise.resolve(reply()))))
      .toMatchObject({
        code: 'conflict',
      });
  });

  it('writes nothing of a request with secrets, and of no request its key or body', async () => {
    const { once, store } = world();
    await once.once(wish({ isConfidential: true }), () => Promise.resolve(reply('{"key":"secret-canary"}')));
    expect(await store.all()).toEqual([]);
    expect(await once.once(wish({ isConfidential: true }), () => Promise.resolve(reply()))).toMatchObject({
      isReplayed: true,
    });
    await once.once(wish({ key: 'key-canary' }), () => Promise.resolve(reply()));
    expect(await store.all()).toHaveLength(1);
    expect(JSON.stringify(await store.all())).not.toContain('canary');
  });

  it('keeps so many of each person, the newest, and none that is too large to keep', async () => {
    const { once, store, pass } = world();
    for (let n = 0; n <= maxKeys.perPerson; n += 1) {
      pass(1);
      await once.once(wish({ key: `k${n}` }), () => Promise.resolve(reply()));
    }
    expect(await store.all()).toHaveLength(maxKeys.perPerson);
    expect(await once.once(wish({ key: 'k1' }), () => Promise.resolve(reply()))).toMatchObject({
      isReplayed: true,
    });
    expect(await once.once(wish({ key: 'k0' }), () => Promise.resolve(reply()))).toMatchObject({
      isReplayed: false,
    });
    const large = wish({ key: 'large' });
    await once.once(large, () => Promise.resolve(reply('x'.repeat(70_000))));
    expect(await failureOf(once.once(large, () => Promise.resolve(reply())))).toMatchObject({
      code: 'conflict',
    });
  });
});

describe('keyOf', () => {
  it('takes a key with and without its quotes', () => {
    expect(keyOf('"abc-1"')).toBe('abc-1');
    expect(keyOf(' abc-1 ')).toBe('abc-1');
    expect(keyOf(undefined)).toBeUndefined();
  });
});
