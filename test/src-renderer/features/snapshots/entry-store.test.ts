import { describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { SnapshotEntry } from '#contract/snapshots.ts';
import { entryRows, findEntry, toggleChecked } from '#renderer/features/snapshots/entry-rows.ts';
import { createEntryStore, pageEntries } from '#renderer/features/snapshots/entry-store.ts';
import { entry } from '../../snapshot-scenes.ts';

const none: ReadonlySet<string> = new Set();
const folder = (path: string) => entry(path, { kind: 'folder' });

function storeOf(tree: Readonly<Record<string, readonly SnapshotEntry[]>>) {
  const browse = vi.fn((path: string, offset: number, limit: number) => {
    const all = tree[path] ?? [];
    return Promise.resolve({ entries: all.slice(offset, offset + limit), total: all.length });
  });
  return { browse, entries: createEntryStore(browse) };
}
const settled = () => new Promise((resolve) => setTimeout(resolve));

const long = Array.from({ length: 1200 }, (_, index) => entry(`big/f${String(index).padStart(4, '0')}`));
const tree = { '.': [folder('a'), folder('big'), entry('z.txt')], a: [entry('a/one')], big: long };

describe('folders', () => {
  it('are read when they are opened, once', async () => {
    const { browse, entries } = storeOf(tree);
    await settled();
    entries.setOpen('a', true);
    entries.setOpen('a', false);
    entries.setOpen('a', true);
    await settled();
    expect(browse.mock.calls.map(([path]) => path)).toEqual(['.', 'a']);
    expect(entryRows(entries.store.getState(), none).map(({ key }) => key)).toEqual([
      'a',
      'a/one',
      'big',
      'z.txt',
    ]);
  });

  it('that are long are read page by page, where they are looked at', async () => {
    const { browse, entries } = storeOf(tree);
    await settled();
    entries.setOpen('big', true);
    await settled();
    const rows = entryRows(entries.store.getState(), none);
    expect(rows).toHaveLength(3 + 1200);
    expect(rows.filter(({ kind }) => kind === 'waiting')).toHaveLength(1200 - pageEntries);
    entries.need('big', 1100, 1120);
    entries.need('big', 1101, 1121);
    await settled();
    expect(browse.mock.calls.filter(([path]) => path === 'big').map(([, offset]) => offset)).toEqual([
      0, 1000,
    ]);
    await entries.readAll('big');
    expect(entryRows(entries.store.getState(), none).every(({ kind }) => kind === 'entry')).toBe(true);
  });

  it('say their failure in their place, and are read again when asked', async () => {
    const { browse, entries } = storeOf(tree);
    await settled();
    browse.mockRejectedValueOnce(new BerthError('host.not-connected', 'atlas is not connected.'));
    entries.setOpen('a', true);
    await settled();
    expect(entryRows(entries.store.getState(), none)[1]).toMatchObject({
      kind: 'failed',
      error: { message: 'atlas is not connected.' },
    });
    entries.retry('a');
    await settled();
    expect(entryRows(entries.store.getState(), none)[1]).toMatchObject({ kind: 'entry', key: 'a/one' });
  });

  it('above an entry are opened to show it', async () => {
    const { entries } = storeOf(tree);
    expect(await entries.reveal('big/f1150')).toBe(true);
    expect(await entries.reveal('big/nothing')).toBe(false);
    expect(entryRows(entries.store.getState(), none).some(({ key }) => key === 'big/f1150')).toBe(true);
  });

  it('that are empty say so', async () => {
    const { entries } = storeOf({ '.': [folder('e')], e: [] });
    await settled();
    entries.setOpen('e', true);
    await settled();
    expect(entryRows(entries.store.getState(), none).map(({ kind }) => kind)).toEqual(['entry', 'empty']);
  });

  it('of 20,000 entries become rows at once', async () => {
    const huge = Array.from({ length: 20_000 }, (_, index) => entry(`d/${index}`));
    const { entries } = storeOf({ '.': [folder('d')], d: huge });
    await settled();
    entries.setOpen('d', true);
    await entries.readAll('d');
    const beganMs = performance.now();
    expect(entryRows(entries.store.getState(), none)).toHaveLength(20_001);
    expect(performance.now() - beganMs).toBeLessThan(1000);
  });
});

describe('marks', () => {
  it('on a folder hold for all in it, and go from it with any of them', async () => {
    expect([...toggleChecked(new Set(['a/one']), 'a')]).toEqual(['a']);
    expect([...toggleChecked(new Set(['a']), 'a/one')]).toEqual([]);
    const { entries } = storeOf(tree);
    await settled();
    entries.setOpen('a', true);
    await settled();
    const rows = entryRows(entries.store.getState(), new Set(['a']));
    expect(rows.map(({ isChecked }) => isChecked)).toEqual([true, true, false, false]);
  });
});

describe('typed text', () => {
  it('finds the next name that begins so, over the end', async () => {
    const { entries } = storeOf({ '.': [entry('alpha'), entry('Beta'), entry('bravo')] });
    await settled();
    const rows = entryRows(entries.store.getState(), none);
    expect([findEntry(rows, 'b', 0), findEntry(rows, 'b', 1), findEntry(rows, 'b', 2)]).toEqual([1, 2, 1]);
    expect([findEntry(rows, 'be', 1), findEntry(rows, 'x', 0)]).toEqual([1, -1]);
  });
});
