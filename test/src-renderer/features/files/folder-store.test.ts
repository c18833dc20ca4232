/** A folder while it is read: the first part at once, the rest with it, and nothing of a folder that was left. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { FileEntry, FolderPart } from '#contract/files.ts';
import { createFolderStore, type FolderDeps } from '#renderer/features/files/folder-store.ts';

const placeId = 'ws_00000000000000000001';
const entry = (name: string): FileEntry => ({
  ...{ name, kind: 'file', sizeBytes: 1, mode: 0o644, owner: 'dev', group: 'dev' },
  ...{ modifiedAt: '2026-11-20T09:00:00.000Z', target: null, targetKind: null, version: 'v1' },
});
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Listings that go on when they are told to. */
function world() {
  const listings = new Map<
    string,
    { part: (names: string[]) => void; end: (error?: BerthError) => void }[]
  >();
  let nowMs = 0;
  const stream = (_method: string, { path }: { path: string }, { signal }: { signal: AbortSignal }) => {
    const queue: (FolderPart | 'end' | BerthError)[] = [];
    let wake = () => {};
    const put = (one: FolderPart | 'end' | BerthError) => {
      queue.push(one);
      wake();
    };
    const own = {
      part: (names: string[]) => put({ path, isWritable: true, entries: names.map(entry) }),
      end: (error?: BerthError) => put(error ?? 'end'),
    };
    listings.set(path, [...(listings.get(path) ?? []), own]);
    signal.addEventListener('abort', () => put('end'));
    return (async function* () {
      for (;;) {
        const next = queue.shift();
        if (next === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else if (next === 'end') return;
        else if (next instanceof BerthError) throw next;
        else yield next;
      }
    })();
  };
  const call = (method: string) =>
    method === 'files.start'
      ? Promise.resolve({ path: '/home', only: '/home' })
      : Promise.reject(new Error(method));
  const store = createFolderStore({
    client: { stream, call } as unknown as FolderDeps['client'],
    placeId,
    now: () => nowMs,
  });
  return {
    store,
    state: () => store.store.getState(),
    names: () => store.store.getState().rows.map((row) => row.entry.name),
    at: (path: string) => listings.get(path)!.at(-1)!,
    count: (path: string) => listings.get(path)?.length ?? 0,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('reading', () => {
  it('begins where a person begins, and says what is there at all', async () => {
    const { store, at, state, names } = world();
    store.go(null);
    await turn();
    at('/home').part(['b', 'a']);
    await turn();
    expect([state().path, state().only, names(), state().isReading]).toEqual([
      '/home',
      '/home',
      ['a', 'b'],
      true,
    ]);
  });

  it('shows the first part at once and later parts together', async () => {
    const { store, at, names, pass, state } = world();
    store.go('/x');
    at('/x').part(['m']);
    await turn();
    expect(names()).toEqual(['m']);
    at('/x').part(['z']);
    at('/x').part(['a']);
    await turn();
    expect(names()).toEqual(['m']);
    pass(200);
    at('/x').part(['k']);
    await turn();
    expect(names()).toEqual(['a', 'k', 'm', 'z']);
    at('/x').end();
    await turn();
    expect(state().isReading).toBe(false);
  });

  it('sorts anew in the middle of it', async () => {
    const { store, at, names } = world();
    store.go('/x');
    at('/x').part(['a', 'b']);
    await turn();
    store.sortBy('name');
    expect(names()).toEqual(['b', 'a']);
    at('/x').part(['c', 'A2']);
    at('/x').end();
    await turn();
    expect(names()).toEqual(['c', 'b', 'A2', 'a']);
  });

  it('takes nothing of a folder that was left', async () => {
    const { store, at, names, state } = world();
    store.go('/x');
    const left = at('/x');
    store.go('/y');
    left.part(['old']);
    at('/y').part(['new']);
    at('/y').end();
    await turn();
    left.end(new BerthError('file.failed', 'late'));
    await turn();
    expect([names(), state().path, state().error]).toEqual([['new'], '/y', null]);
  });

  it('keeps what is shown, and what is chosen, until it was read again', async () => {
    const { store, at, names, state } = world();
    store.go('/x');
    at('/x').part(['a', 'b']);
    at('/x').end();
    await turn();
    store.select({ names: new Set(['a', 'b']), current: 'b', anchor: 'a' });
    store.refresh();
    at('/x').part(['b', 'c']);
    await turn();
    expect(names()).toEqual(['a', 'b']);
    at('/x').end();
    await turn();
    expect([names(), [...state().selection.names]]).toEqual([['b', 'c'], ['b']]);
  });

  it('says a refusal in the place of the entries, and goes on from there', async () => {
    const { store, at, state } = world();
    store.go('/x');
    at('/x').part(['a']);
    at('/x').end();
    await turn();
    store.go('/x/closed');
    at('/x/closed').end(new BerthError('file.permission-denied', 'no'));
    await turn();
    expect([state().path, state().error?.code, state().rows]).toEqual([
      '/x/closed',
      'file.permission-denied',
      [],
    ]);
    store.goUp();
    at('/x').part(['a', 'closed']);
    at('/x').end();
    await turn();
    expect([state().path, state().error, state().selection.current]).toEqual(['/x', null, 'closed']);
  });
});

it('goes back and forward', async () => {
  const { store, at, state } = world();
  for (const path of ['/a', '/b', '/c']) {
    store.go(path);
    at(path).part([]);
    at(path).end();
    await turn();
  }
  store.goBack();
  at('/b').part([]);
  at('/b').end();
  await turn();
  expect([state().path, state().back, state().forward]).toEqual(['/b', ['/a'], ['/c']]);
  store.goForward();
  at('/c').part([]);
  at('/c').end();
  await turn();
  expect([state().path, state().back, state().forward]).toEqual(['/c', ['/a', '/b'], []]);
});
