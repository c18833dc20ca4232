/** The mirror drops what is stale, asks again after a gap or a loss, and keeps the last known meanwhile. */
import { describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import type { Host } from '#contract/hosts.ts';
import { scopesOfRole } from '#contract/scopes.ts';
import { applyItem, type CollectionState, createMirror } from '#renderer/state/mirror.ts';
import { createFixturePlane } from '../fixture-plane.ts';
import { host, ready, scenes } from '../scenes.ts';
import { userScenes } from '../user-scenes.ts';

const empty: CollectionState<{ id: string; n: number }> = {
  status: 'loading',
  items: [],
  byId: new Map(),
  revision: -1,
  isStale: false,
  error: null,
  retry: () => undefined,
};
type Item = CollectionItem<{ id: string; n: number }>;
const all: Item = { type: 'all', revision: 5, items: [{ id: 'a', n: 1 }] };
const change = (revision: number, n: number, removed: string[] = []): Item => ({
  type: 'change',
  revision,
  upserted: removed.length > 0 ? [] : [{ id: 'a', n }],
  removed,
});

describe('a collection', () => {
  const held = applyItem(empty, all, false)!;
  it('takes the whole, then newer changes', () => {
    expect(held).toMatchObject({ status: 'ready', revision: 5, items: [{ id: 'a', n: 1 }] });
    expect(applyItem(held, change(6, 2), true)).toMatchObject({ revision: 6, items: [{ id: 'a', n: 2 }] });
    expect(applyItem(held, change(7, 0, ['a']), true)?.items).toEqual([]);
  });
  it('drops a push that is not newer', () => {
    expect(applyItem(held, change(5, 9), true)).toBe(held);
    expect(applyItem(held, change(4, 9), true)).toBe(held);
  });
  it('asks again when a change comes before the whole', () => {
    expect(applyItem(empty, change(6, 2), false)).toBeNull();
  });
  it('takes the whole of a plane that began to count anew', () => {
    expect(applyItem(held, { type: 'all', revision: 0, items: [] }, false)).toMatchObject({
      revision: 0,
      items: [],
    });
  });
});

describe('the mirror', () => {
  it('fills, follows changes, and keeps the last known while the connection is away', async () => {
    const plane = createFixturePlane(scenes.usual);
    const mirror = createMirror(plane);
    await expect.poll(() => mirror.hosts.getState().status).toBe('ready');
    expect(mirror.hosts.getState().items).toHaveLength(5);
    plane.put('hosts', host(9, 'new', ready(1)));
    await expect.poll(() => mirror.hosts.getState().byId.has(host(9, 'new', ready(1)).id)).toBe(true);
    mirror.close();
  });

  it('opens a stream again that was lost, and shows what it held until then', async () => {
    const plane = createFixturePlane({});
    let opened = 0;
    const first = host(1, 'one', ready(1));
    const second = host(2, 'two', ready(1));
    const client = {
      ...plane,
      stream: ((method: string, input: never, options: never) => {
        if (method !== 'hosts.watch') return plane.stream(method as 'hosts.watch', input, options);
        opened += 1;
        const isFirst = opened === 1;
        return (async function* (): AsyncGenerator<CollectionItem<Host>> {
          yield { type: 'all', revision: isFirst ? 9 : 1, items: [isFirst ? first : second] };
          if (isFirst) throw new BerthError('connection-lost', 'gone');
          await new Promise(() => undefined);
        })();
      }) as typeof plane.stream,
    };
    const mirror = createMirror(client);
    const states: string[] = [];
    mirror.hosts.subscribe((state) => states.push(`${state.items[0]?.name} ${state.isStale}`));
    await expect.poll(() => mirror.hosts.getState().items[0]?.name).toBe('two');
    expect(states).toEqual(['one false', 'one true', 'two false']);
    mirror.close();
  });

  it('shows an error, and reads again when asked', async () => {
    const error = new BerthError('store.unwritable', 'no');
    const streamErrors: { 'hosts.watch'?: BerthError } = { 'hosts.watch': error };
    const mirror = createMirror(createFixturePlane({ streamErrors }));
    await expect.poll(() => mirror.hosts.getState()).toMatchObject({ status: 'error', error });
    delete streamErrors['hosts.watch'];
    mirror.hosts.getState().retry();
    await expect.poll(() => mirror.hosts.getState()).toMatchObject({ status: 'ready', error: null });
    mirror.close();
  });

  it('opens what only some may see for nobody else, and is empty then', async () => {
    const plane = createFixturePlane({ ...userScenes.member, credentials: [] });
    const opened: string[] = [];
    const mirror = createMirror({
      ...plane,
      stream: ((method: string, input: never, options: never) => {
        opened.push(method);
        return plane.stream(method as 'hosts.watch', input, options);
      }) as typeof plane.stream,
    });
    await expect.poll(() => mirror.hosts.getState().status).toBe('ready');
    await expect.poll(() => mirror.questions.getState().status).toBe('ready');
    mirror.users.subscribe(() => undefined);
    await expect.poll(() => mirror.users.getState()).toMatchObject({ status: 'ready', items: [] });
    expect(opened).toContain('workspaces.watch');
    for (const method of ['questions.watch', 'credentials.watch', 'credentials.store', 'users.watch'])
      expect(opened).not.toContain(method);
    mirror.close();
  });

  it('opens them as soon as the same person may', async () => {
    const plane = createFixturePlane(userScenes.member);
    let role: 'member' | 'owner' = 'member';
    const mirror = createMirror({
      ...plane,
      call: (async (method: 'about.get', input: never) => {
        const about = await plane.call(method, input);
        return { ...about, scopes: [...scopesOfRole[role]] };
      }) as typeof plane.call,
    });
    await expect.poll(() => mirror.credentials.getState().status).toBe('ready');
    plane.put('credentials', { id: 'cred_00000000000000000001' });
    expect(mirror.credentials.getState().items).toEqual([]);
    role = 'owner';
    plane.setConnection({ phase: 'lost', retryAtMs: null });
    plane.setConnection({ phase: 'open' });
    await vi.waitFor(() => expect(mirror.credentials.getState().items).toHaveLength(1), 3_000);
    mirror.close();
  });

  it('asks for accounts when something first looks at them', async () => {
    const plane = createFixturePlane(userScenes.people);
    const opened: string[] = [];
    const mirror = createMirror({
      ...plane,
      stream: ((method: string, input: never, options: never) => {
        opened.push(method);
        return plane.stream(method as 'hosts.watch', input, options);
      }) as typeof plane.stream,
    });
    await expect.poll(() => mirror.hosts.getState().status).toBe('ready');
    const accounts = ['users.watch', 'account.watch', 'apiKeys.watch'];
    expect(opened.filter((method) => accounts.includes(method))).toEqual([]);
    mirror.users.subscribe(() => undefined);
    await expect.poll(() => mirror.users.getState().items).toHaveLength(7);
    expect(opened.filter((method) => accounts.includes(method))).toEqual(['users.watch']);
    mirror.close();
  });
});
