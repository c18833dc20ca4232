import { describe, expect, it } from 'vitest';
import type { FileEntry } from '#contract/files.ts';
import {
  compareRows,
  findTyped,
  lookOf,
  mergeRows,
  rowOf,
  sortRows,
  wantedRows,
} from '#renderer/features/files/entry-order.ts';

function entry(name: string, more: Partial<FileEntry> = {}): FileEntry {
  return {
    ...{ name, kind: 'file', sizeBytes: 1, mode: 0o644, owner: 'dev', group: 'dev' },
    ...{ modifiedAt: '2026-11-20T09:00:00.000Z', target: null, targetKind: null, version: 'v1' },
    ...more,
  };
}
const byName = { by: 'name', isDescending: false } as const;
const names = (rows: readonly { entry: FileEntry }[]) => rows.map((row) => row.entry.name);

describe('order', () => {
  it('counts as a person does, without regard to case and accents, folders first', () => {
    const rows = ['part 10', 'part 2', 'Émile', 'emil', 'Zoe', 'a'].map((name) => rowOf(entry(name)));
    const folders = [
      rowOf(entry('z-folder', { kind: 'folder' })),
      rowOf(entry('m-link', { kind: 'link', targetKind: 'folder' })),
    ];
    expect(names(sortRows([...rows, ...folders], byName))).toEqual([
      ...['m-link', 'z-folder', 'a', 'emil', 'Émile', 'part 2', 'part 10', 'Zoe'],
    ]);
  });

  it('keeps folders first the other way round, and lets names decide between equals', () => {
    const rows = [entry('b', { sizeBytes: 5 }), entry('a', { sizeBytes: 5 }), entry('c', { sizeBytes: 9 })];
    const folder = entry('d', { kind: 'folder', sizeBytes: 4096 });
    const sorted = sortRows([...rows, folder].map(rowOf), { by: 'size', isDescending: true });
    expect(names(sorted)).toEqual(['d', 'c', 'b', 'a']);
  });

  it.each(['name', 'size', 'modified', 'mode', 'owner'] as const)(
    'of parts that come one by one is the order of the whole, by %s',
    (by) => {
      const all = Array.from({ length: 997 }, (_, index) =>
        rowOf(
          entry(`f${(index * 613) % 997}`, {
            ...{ sizeBytes: (index * 31) % 90, mode: index % 512, owner: `u${index % 7}` },
            kind: index % 11 === 0 ? 'folder' : 'file',
            modifiedAt: new Date((index * 7_919) % 100_000).toISOString(),
          }),
        ),
      );
      for (const isDescending of [false, true]) {
        const order = { by, isDescending };
        let merged: ReturnType<typeof mergeRows> = [];
        for (let from = 0; from < all.length; from += 100)
          merged = mergeRows(merged, sortRows(all.slice(from, from + 100), order), order);
        expect(names(merged)).toEqual(names(sortRows(all, order)));
        expect(merged.every((row, at) => at === 0 || compareRows(order)(merged[at - 1]!, row) <= 0)).toBe(
          true,
        );
      }
    },
  );
});

describe('what is shown', () => {
  const rows = ['.git', 'README.md', 'read me too.txt', 'src'].map((name) => rowOf(entry(name)));
  it('hides names with a dot, unless they are wanted', () => {
    expect(names(wantedRows(rows, { showsHidden: false, filter: '' }))).not.toContain('.git');
    expect(names(wantedRows(rows, { showsHidden: true, filter: '' }))).toContain('.git');
  });
  it('finds names that have all words', () => {
    expect(names(wantedRows(rows, { showsHidden: false, filter: 'me read' }))).toEqual([
      'README.md',
      'read me too.txt',
    ]);
    expect(wantedRows(rows, { showsHidden: true, filter: 'nothing' })).toEqual([]);
  });
  it('goes on to the next of a letter, and stays while a word grows', () => {
    expect(findTyped(rows, 'r', 1)).toBe(2);
    expect(findTyped(rows, 'r', 2)).toBe(1);
    expect(findTyped(rows, 're', 1)).toBe(1);
    expect(findTyped(rows, 'x', 0)).toBe(-1);
    expect(findTyped([], 'x', -1)).toBe(-1);
  });
});

it('knows a link that leads nowhere', () => {
  expect(lookOf(entry('a', { kind: 'link', target: '/x' }))).toBe('broken-link');
  expect(lookOf(entry('a', { kind: 'link', target: '/x', targetKind: 'folder' }))).toBe('folder-link');
  expect(lookOf(entry('a.PNG'))).toBe('image');
  expect(lookOf(entry('.png'))).toBe('file');
});
