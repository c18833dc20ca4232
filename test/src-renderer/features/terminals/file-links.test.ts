import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPaths, resolvePath } from '#renderer/features/terminals/file-links.ts';

const paths = (text: string) =>
  findPaths(text).map(({ path, line, column }) =>
    [path, line, column].filter((part) => part !== null).join(' '),
  );

describe('findPaths', () => {
  it('finds absolute and dotted paths with their places', () => {
    expect(paths('see /etc/hosts and ./a/b.ts:12:3, ../c.md')).toEqual([
      '/etc/hosts',
      './a/b.ts 12 3',
      '../c.md',
    ]);
    expect(paths('"/var/log/x.log":')).toEqual(['/var/log/x.log']);
    expect(paths('(/usr/bin/env) /srv/app/.')).toEqual(['/usr/bin/env', '/srv/app/']);
    expect(paths('error in src/main.ts:4:1')).toEqual(['src/main.ts 4 1']);
    expect(paths('main.c:10: warning')).toEqual(['main.c 10']);
  });

  it('leaves URLs, words and numbers alone', () => {
    for (const text of [
      'https://example.test/a/b',
      'and/or',
      'localhost:8080',
      '12:30:05',
      '1/2',
      'a / b',
      '//',
      'user@host:/srv',
      '10.0.0.1:22',
    ])
      expect([text, paths(text)]).toEqual([text, []]);
  });

  it('says where in the text it stands', () => {
    const text = 'at ./x.ts:5.';
    const [found] = findPaths(text);
    expect(text.slice(found?.from, found?.to)).toBe('./x.ts:5');
  });

  it('is quick, whatever the text', () => {
    const startedAt = performance.now();
    for (const text of [
      '/a'.repeat(2_000),
      './'.repeat(2_000),
      'a.'.repeat(2_000),
      `${'a/'.repeat(1_900)}:`,
      ':1'.repeat(1_800),
    ])
      findPaths(text);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('/', '.', 'a', ':', '1', ' ', '~') }), (text) => {
        for (const { from, to, path } of findPaths(text)) {
          expect(to).toBeGreaterThan(from);
          expect(text.slice(from, to).startsWith(path)).toBe(true);
        }
      }),
    );
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('resolvePath', () => {
  it('knows the folder, dots and the root', () => {
    expect(resolvePath('./a/../b.ts', '/srv/app')).toBe('/srv/app/b.ts');
    expect(resolvePath('../../../etc', '/srv')).toBe('/etc');
    expect(resolvePath('/a//b/./c/', null)).toBe('/a/b/c');
    expect(resolvePath('./a', null)).toBeNull();
  });
});
