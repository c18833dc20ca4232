import { describe, expect, it } from 'vitest';
import { inOneFolder, parseMode, parsePlacePath } from '#main/cli/place-paths.ts';

describe('a file of a place', () => {
  it.each([
    ['alpha:src/main.rs', 'workspace', 'alpha', 'src/main.rs'],
    ['alpha:', 'workspace', 'alpha', '.'],
    ['atlas/alpha:/a:b', 'workspace', 'atlas/alpha', '/a:b'],
    ['@atlas:/etc', 'host', 'atlas', '/etc'],
    ['alpha:a\nb', 'workspace', 'alpha', 'a\nb'],
  ])('%j', (text, kind, place, path) => {
    expect(parsePlacePath(text)).toEqual({ kind, place, path });
  });

  it.each(['', 'src', ':x', '@:x', '/etc/hosts'])('is not %j', (text) => {
    expect(() => parsePlacePath(text)).toThrow('is no file of a workspace');
  });
});

describe('several', () => {
  const all = (...texts: string[]) => inOneFolder(texts.map(parsePlacePath));

  it('are of one folder of one place', () => {
    expect(all('a:x/1', 'a:x/2')).toMatchObject({
      at: { kind: 'workspace', place: 'a' },
      folder: 'x',
      names: ['1', '2'],
    });
    expect(all('a:1')).toMatchObject({ folder: '.', names: ['1'] });
    expect(() => all('a:x/1', 'a:y/2')).toThrow('in one folder');
    expect(() => all('a:x/1', 'b:x/2')).toThrow('in one folder');
    expect(() => all('a:x', '@a:y')).toThrow('in one folder');
  });

  it.each(['a:', 'a:/', 'a:x/..'])('are never %j, the folder that everything is in', (text) => {
    expect(() => all(text)).toThrow('Name what is in a folder');
  });
});

it('reads modes as chmod does', () => {
  expect(parseMode('644')).toBe(0o644);
  expect(parseMode('4755')).toBe(0o4755);
  for (const text of ['', '8', '99', '77777', 'u+x', '-644'])
    expect(() => parseMode(text)).toThrow('is no mode');
});
