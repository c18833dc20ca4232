import { describe, expect, it } from 'vitest';
import {
  changedBytes,
  changeRows,
  filteredChanges,
  isIdentical,
} from '#renderer/features/snapshots/comparison-rows.ts';
import { comparison } from '../../snapshot-scenes.ts';

const { changes } = comparison;
const drawn = (rows: ReturnType<typeof changeRows>) =>
  rows.slice(0, 9).map(({ level, name, change, count }) => `${level} ${name} ${change?.change ?? count}`);

describe('changes as a tree', () => {
  it('stand under their folders, which are joined where nothing else is in them', () => {
    expect(drawn(changeRows(changes, new Set()))).toEqual([
      '1 .bash_history changed',
      '1 api 5',
      '2 data.db changed',
      '2 package.json changed',
      '2 src/routes 3',
      '3 orders.ts added',
      '3 things.ts changed',
      '3 users.ts removed',
      '1 caf\\xe9 cr\\xe8me.txt changed',
    ]);
  });

  it('can be folded', () => {
    expect(drawn(changeRows(changes, new Set(['api', 'data/new'])))).toEqual([
      '1 .bash_history changed',
      '1 api 5',
      '1 caf\\xe9 cr\\xe8me.txt changed',
      '1 data/new 40',
      '1 notes.txt changed',
      '1 ملفات 1',
      '2 قائمة.csv removed',
    ]);
  });

  it('keep a folder apart that is changed itself', () => {
    const one = { ...changes[0]!, path: 'a/b' };
    const two = { ...changes[0]!, path: 'a/b/c/d' };
    expect(drawn(changeRows([one, two], new Set()))).toEqual([
      '1 a 2',
      '2 b changed',
      '3 c 1',
      '4 d changed',
    ]);
  });
});

describe('the filter', () => {
  it('knows kinds and words', () => {
    expect(filteredChanges(changes, 'removed', '').map(({ path }) => path)).toHaveLength(2);
    expect(filteredChanges(changes, 'all', 'API routes')).toHaveLength(3);
    expect(filteredChanges(changes, 'added', 'routes')).toHaveLength(1);
  });
});

describe('sums', () => {
  it('of what changed are said only when all of it is listed', () => {
    expect(changedBytes({ ...comparison, isTruncated: true })).toBeNull();
    const grown = changes
      .filter(({ change }) => change === 'changed')
      .reduce((sum, { before, after }) => sum + after!.sizeBytes - before!.sizeBytes, 0);
    expect(changedBytes(comparison)).toBe(grown);
    expect([
      isIdentical(comparison),
      isIdentical({ ...comparison, added: 0, removed: 0, changed: 0 }),
    ]).toEqual([false, true]);
  });
});
