import { describe, expect, it } from 'vitest';
import { parseSide, planCopy } from '#main/cli/copy-paths.ts';
import { TypedWrong } from '#main/cli/failure.ts';

describe('the sides of a copy', () => {
  it.each([
    ['alpha:src', { kind: 'workspace', workspace: 'alpha', path: 'src' }],
    ['alpha:', { kind: 'workspace', workspace: 'alpha', path: '.' }],
    ['alpha:/a:b', { kind: 'workspace', workspace: 'alpha', path: '/a:b' }],
    ['atlas/alpha:x', { kind: 'workspace', workspace: 'atlas/alpha', path: 'x' }],
    ['./a:b', { kind: 'local', path: './a:b' }],
    ['/a:b', { kind: 'local', path: '/a:b' }],
    ['../a:b', { kind: 'local', path: '../a:b' }],
    [':x', { kind: 'local', path: ':x' }],
    ['file', { kind: 'local', path: 'file' }],
    ['-', { kind: 'stream' }],
  ])('are understood: %s', (text, side) => {
    expect(parseSide(text)).toEqual(side);
  });

  it('are one here and one there', () => {
    expect(planCopy('a:x', '-')).toMatchObject({ from: { kind: 'workspace' }, to: { kind: 'stream' } });
    expect(() => planCopy('a', 'b')).toThrow(TypedWrong);
    expect(() => planCopy('a:x', 'b:y')).toThrow(/through a pipe/);
  });
});
