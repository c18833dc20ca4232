import { describe, expect, it } from 'vitest';
import {
  compareEntries,
  EntryIndex,
  parseEntry,
  pathMatcher,
} from '#main/control-plane/snapshots/entry-index.ts';

type Fields = {
  kind?: string;
  mode?: string;
  size?: number;
  time?: string;
  sha?: string;
  attributes?: string;
  target?: string;
  uid?: number;
};
const line = (
  path: string,
  {
    kind = 'f',
    mode = '644',
    size = 1,
    time = '1700000000.000000000',
    sha = 'a'.repeat(64),
    attributes = '-',
    target = '',
    uid = 1000,
  }: Fields = {},
) => [kind, mode, uid, 1000, size, time, kind === 'f' ? sha : '-', attributes, path, target].join('\t');
const folder = (path: string, fields: Fields = {}) =>
  line(path, { kind: 'd', mode: '755', size: 0, ...fields });
const index = (...lines: string[]) => new EntryIndex(`${lines.join('\n')}\n`);

const tree = index(
  folder('.'),
  line('z-file'),
  folder('b'),
  line('b/two'),
  folder('b/deep'),
  line('b/deep/three'),
  line('a-link', { kind: 'l', target: 'z-file', size: 0 }),
  line(String.raw`odd\x0aname`),
);

describe('a list of entries', () => {
  it('is read field by field', () => {
    expect(
      parseEntry(line('x', { mode: '4755', time: '-1.500000000', attributes: '0123456789abcdef' })),
    ).toEqual({
      path: 'x',
      kind: 'file',
      mode: 0o4755,
      uid: 1000,
      gid: 1000,
      sizeBytes: 1,
      modifiedAtMs: -1500,
      sha256: 'a'.repeat(64),
      target: null,
      hasAttributes: true,
    });
  });

  it.each(['', 'f\t644', `?\t${'0\t'.repeat(8)}`, 'f\t644\t0\t0\t1\t0\t-\t-\tpath\ttarget\tmore'])(
    'that is broken is damage, not a crash: %j',
    (text) => {
      expect(() => parseEntry(text)).toThrowError(expect.objectContaining({ code: 'snapshot.corrupt' }));
    },
  );

  it('is browsed folder by folder, folders first', () => {
    expect(tree.browse('.', 0, 100).entries.map(({ path }) => path)).toEqual([
      'b',
      'a-link',
      String.raw`odd\x0aname`,
      'z-file',
    ]);
    expect(tree.browse('b', 0, 1)).toMatchObject({ entries: [{ path: 'b/deep' }], total: 2 });
    expect(tree.browse('b', 1, 10).entries.map(({ path }) => path)).toEqual(['b/two']);
    expect(index(folder('.'), folder('empty')).browse('empty', 0, 10)).toEqual({ entries: [], total: 0 });
  });

  it('says which folder it does not have', () => {
    for (const path of ['c', 'z-file', 'b/none'])
      expect(() => tree.browse(path, 0, 10)).toThrowError(expect.objectContaining({ code: 'not-found' }));
  });

  it('finds one by its path', () => {
    expect(tree.find('b/deep/three')?.path).toBe('b/deep/three');
    expect(tree.find('.')?.kind).toBe('folder');
    expect(tree.find('b/thre')).toBeUndefined();
  });

  it('of 100,000 entries shows its first folder quickly', () => {
    const lines = [folder('.')];
    for (let number = 0; number < 100; number++) {
      lines.push(folder(`f${number}`));
      for (let file = 0; file < 1000; file++) lines.push(line(`f${number}/file-${file}.txt`));
    }
    const text = `${lines.join('\n')}\n`;
    const begunMs = performance.now();
    expect(new EntryIndex(text).browse('.', 0, 500).total).toBe(100);
    // Some 40 ms on a quiet machine.
    expect(performance.now() - begunMs).toBeLessThan(1_000);
  });
});

describe('search', () => {
  it.each([
    ['TWO', ['b/two']],
    ['b three', ['b/deep/three']],
    ['*file', ['z-file']],
    ['t?o', ['b/two']],
    ['b/*', ['b/two', 'b/deep']],
    ['.*', []],
    ['nothing', []],
  ])('%s', (query, paths) => {
    expect(tree.search(pathMatcher(query), 10).map(({ path }) => path)).toEqual(paths);
  });

  it('ends at its limit', () => {
    expect(tree.search(pathMatcher('e'), 2)).toHaveLength(2);
  });
});

describe('comparison', () => {
  const compare = (before: EntryIndex, after: EntryIndex, isByContent = true) =>
    compareEntries(before, after, { isByContent, limit: 10 });
  const told = (comparison: ReturnType<typeof compare>) =>
    comparison.changes.map(({ path, change, what }) => [path, change, ...what]);

  it('tells what came, went and changed, in the order of the tree', () => {
    const before = index(
      folder('.'),
      line('a b'),
      line('a'),
      folder('d'),
      line('d/gone', { size: 7 }),
      line('same'),
    );
    const after = index(
      folder('.', { time: '1800000000.000000000' }),
      line('a b', { sha: 'b'.repeat(64), time: '1700000001.000000000' }),
      line('a', { mode: '600', uid: 0 }),
      folder('d'),
      line('d/new', { size: 5 }),
      line('same'),
    );
    const difference = compare(before, after);
    expect(told(difference)).toEqual([
      ['a', 'changed', 'mode', 'owner'],
      ['a b', 'changed', 'content'],
      ['d/gone', 'removed'],
      ['d/new', 'added'],
    ]);
    expect(difference).toMatchObject({ added: 1, removed: 1, changed: 2, addedBytes: 5, removedBytes: 7 });
  });

  it('without sums goes by size and time, and does not look at attributes', () => {
    const now = (fields: Fields) => index(folder('.'), line('f', { sha: '-', ...fields }));
    const before = index(folder('.'), line('f', { attributes: '0123456789abcdef' }));
    expect(told(compare(before, now({}), false))).toEqual([]);
    expect(told(compare(before, now({ size: 2 }), false))).toEqual([['f', 'changed', 'content']]);
    expect(told(compare(before, now({ time: '1700000009.000000000' }), false))).toEqual([
      ['f', 'changed', 'content'],
    ]);
  });

  it('by content tells a touched file from a changed one', () => {
    const before = index(folder('.'), line('f'));
    expect(told(compare(before, index(folder('.'), line('f', { time: '1.000000000' }))))).toEqual([
      ['f', 'changed', 'time'],
    ]);
  });

  it('sees kinds and targets, and takes the names of one file for the same', () => {
    const before = index(
      folder('.'),
      line('x'),
      line('l', { kind: 'l', target: 'x' }),
      line('a'),
      line('b', { kind: 'h', target: 'a' }),
    );
    const after = index(
      folder('.'),
      folder('x'),
      line('l', { kind: 'l', target: 'y' }),
      line('a', { kind: 'h', target: 'b' }),
      line('b'),
    );
    expect(told(compare(before, after))).toEqual([
      ['l', 'changed', 'target'],
      ['x', 'changed', 'kind'],
    ]);
  });

  it('counts all and lists as many as were asked for', () => {
    const many = index(folder('.'), ...Array.from({ length: 30 }, (_, number) => line(`n${number}`)));
    const difference = compareEntries(index(folder('.')), many, { isByContent: true, limit: 5 });
    expect(difference).toMatchObject({ added: 30, isTruncated: true });
    expect(difference.changes).toHaveLength(5);
  });
});
