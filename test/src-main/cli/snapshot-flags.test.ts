import { describe, expect, it } from 'vitest';
import { TypedWrong } from '#main/cli/failure.ts';
import { consistencyOf, entryPath, newSnapshotName } from '#main/cli/snapshot-flags.ts';

describe('words and flags of snapshots', () => {
  it.each([
    ['.', '.'],
    ['/', '.'],
    ['/data', '.'],
    ['/data/', '.'],
    ['/data/a/b/', 'a/b'],
    ['./a//b', 'a/b'],
    ['a/./b', 'a/b'],
    ['workshop', 'workshop'],
    ['$(x) y', '$(x) y'],
    ['-rf', '-rf'],
  ])('a path %j is %j', (word, path) => {
    expect(entryPath(word, '/data')).toBe(path);
  });

  it.each(['..', 'a/../../b', '/etc/passwd', '/database/a', '/data/../x'])('refuse the path %j', (word) => {
    expect(() => entryPath(word, '/data')).toThrow(TypedWrong);
  });

  it('refuse names that mean something else or cannot be', () => {
    expect(newSnapshotName(' it\'s "a"; $(b) ')).toBe('it\'s "a"; $(b)');
    for (const name of ['latest', `snap_${'0'.repeat(20)}`, '', 'a\nb', '\u202ex', 'x'.repeat(81)])
      expect(() => newSnapshotName(name), name).toThrow(TypedWrong);
    expect(consistencyOf(undefined)).toBeUndefined();
    expect(() => consistencyOf('Live')).toThrow(TypedWrong);
  });
});
