import { describe, expect, it } from 'vitest';
import { fileNameOf, folderOf, nameParts, outermost } from '#renderer/features/snapshots/entry-words.ts';

describe('names', () => {
  it('are parted where bytes are no text', () => {
    expect(nameParts('caf\\xe9\\xC3 x')).toEqual([
      { text: 'caf', isEscape: false },
      { text: '\\xe9\\xC3', isEscape: true },
      { text: ' x', isEscape: false },
    ]);
    expect(nameParts('\\xzz')).toEqual([{ text: '\\xzz', isEscape: false }]);
  });

  it.each([
    ['a/b.txt', 'file', 'b.txt'],
    ['a/b', 'folder', 'b.tar'],
    ['.', 'folder', 'api-server.tar'],
    ['caf\\xe9:?.txt', 'file', 'caf_xe9__.txt'],
    ['CON', 'file', '_CON'],
    ['com1.txt', 'file', '_com1.txt'],
    ['dots. .', 'file', 'dots'],
    ['...', 'file', '_'],
    ['x'.repeat(300), 'file', 'x'.repeat(200)],
  ] as const)('of %s as a file here', (path, kind, name) =>
    expect(fileNameOf(path, kind, 'api-server')).toBe(name),
  );

  it('know their folder', () => {
    expect([folderOf('a/b/c'), folderOf('a')]).toEqual(['a/b', '.']);
  });
});

describe('several chosen', () => {
  it('are without what another of them holds', () => {
    const chosen = ['a', 'a/b', 'ab/c', 'd/e/f', 'd/e'].map((path) => ({ path }));
    expect(outermost(chosen).map(({ path }) => path)).toEqual(['a', 'ab/c', 'd/e']);
  });
});
