import { describe, expect, it } from 'vitest';
import {
  baseName,
  crumbsOf,
  extensionOf,
  isWithin,
  joinPath,
  parentOf,
  typedPlace,
} from '#renderer/features/files/path-words.ts';

describe('paths', () => {
  it('are joined and taken apart', () => {
    expect(joinPath('/', 'a')).toBe('/a');
    expect(joinPath('/a', 'b')).toBe('/a/b');
    expect([parentOf('/a/b'), parentOf('/a'), parentOf('/'), parentOf('/a/b/'), parentOf('a')]).toEqual([
      ...['/a', '/', null, '/a', null],
    ]);
    expect([baseName('/a/b'), baseName('/a/b/'), baseName('/'), baseName('a')]).toEqual(['b', 'b', '/', 'a']);
  });
  it('have each folder above as a place of its own', () => {
    expect(crumbsOf('/home/dev')).toEqual([
      { label: '/', path: '/' },
      { label: 'home', path: '/home' },
      { label: 'dev', path: '/home/dev' },
    ]);
    expect(crumbsOf('/')).toHaveLength(1);
  });
  it('are within a folder only at a slash', () => {
    expect(isWithin('/a', '/a/b')).toBe(true);
    expect(isWithin('/a', '/a')).toBe(true);
    expect(isWithin('/a', '/ab')).toBe(false);
    expect(isWithin('/', '/ab')).toBe(true);
  });
  it('are completed from the folder that is typed', () => {
    expect(typedPlace('/home/de', '/x')).toEqual({ folder: '/home/', begin: 'de' });
    expect(typedPlace('src/a', '/x')).toEqual({ folder: '/x/src/', begin: 'a' });
    expect(typedPlace('a', '/x')).toEqual({ folder: '/x', begin: 'a' });
  });
  it('have an ending after the last dot, and dot files have none', () => {
    expect([extensionOf('a.tar.GZ'), extensionOf('.bashrc'), extensionOf('a')]).toEqual(['gz', '', '']);
  });
});
