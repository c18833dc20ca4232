import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  digestFor,
  familiarReference,
  parseImageReference,
  pullParameters,
} from '#main/adapters/docker/image-reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('parseImageReference', () => {
  test.each([
    ['debian', 'docker.io', 'library/debian', 'latest', null],
    ['debian:12', 'docker.io', 'library/debian', '12', null],
    [' debian:12 ', 'docker.io', 'library/debian', '12', null],
    ['team/image', 'docker.io', 'team/image', 'latest', null],
    ['docker.io/debian', 'docker.io', 'library/debian', 'latest', null],
    ['index.docker.io/debian', 'docker.io', 'library/debian', 'latest', null],
    ['docker.io/library/debian:12', 'docker.io', 'library/debian', '12', null],
    ['localhost/image', 'localhost', 'image', 'latest', null],
    ['localhost:5000/image:Tag_1.2', 'localhost:5000', 'image', 'Tag_1.2', null],
    ['registry.example/a/b/c', 'registry.example', 'a/b/c', 'latest', null],
    ['registry.example:443/a:1', 'registry.example:443', 'a', '1', null],
    ['10.78.20.1:5000/berth-busybox:test', '10.78.20.1:5000', 'berth-busybox', 'test', null],
    ['[::1]:5000/image', '[::1]:5000', 'image', 'latest', null],
    ['Registry/image', 'Registry', 'image', 'latest', null],
    [`debian@${digest}`, 'docker.io', 'library/debian', null, digest],
    [`debian:12@${digest}`, 'docker.io', 'library/debian', '12', digest],
    ['a__b/c.d-e--f', 'docker.io', 'a__b/c.d-e--f', 'latest', null],
  ])('%s', (text, registry, repository, tag, expectedDigest) => {
    expect(parseImageReference(text)).toEqual({
      kind: 'name',
      registry,
      repository,
      tag,
      digest: expectedDigest,
    });
  });

  test('an id', () => {
    expect(parseImageReference('sha256:0123456789ab')).toEqual({ kind: 'id', id: 'sha256:0123456789ab' });
  });

  test.each([
    '',
    ' ',
    'Debian',
    'debian:',
    'debian:ta g',
    'debian:12:13',
    '/debian',
    'debian/',
    'a//b',
    '../../etc',
    'a/../b',
    'debian@sha256:12',
    'debian@md5:0123',
    '-debian',
    'a___b',
    'registry.example/',
    'registry.example:port/image',
    'debian?fromSrc=-',
    'debian#x',
    'debian%2f',
    'deb ian',
    'debian\n12',
    'a'.repeat(256),
    '0123456789abcdef'.repeat(4),
    'http://registry.example/image',
  ])('refuses %j', (text) => {
    expect(() => parseImageReference(text)).toThrow(
      expect.objectContaining({ code: 'image.invalid-reference' }),
    );
  });

  test('whatever it accepts is safe in a path, and reads the same when written familiarly', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9./:@_-]{1,40}$/)), (text) => {
        let parsed: ReturnType<typeof parseImageReference>;
        try {
          parsed = parseImageReference(text);
        } catch {
          return;
        }
        const familiar = familiarReference(parsed);
        expect(familiar).toMatch(/^[A-Za-z0-9._:@/[\]-]+$/);
        expect(familiar.split('/')).not.toContain('..');
        const again = parseImageReference(familiar);
        expect(familiarReference(again)).toBe(familiar);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('what the engine is asked', () => {
  test.each([
    ['debian', { fromImage: 'docker.io/library/debian', tag: 'latest' }],
    ['registry.example/a:1', { fromImage: 'registry.example/a', tag: '1' }],
    [`debian:12@${digest}`, { fromImage: 'docker.io/library/debian', tag: digest }],
  ])('%s: always one tag, never all', (text, expected) => {
    const parsed = parseImageReference(text);
    if (parsed.kind !== 'name') throw new Error('a name');
    expect(pullParameters(parsed)).toEqual(expected);
  });

  test.each([
    ['debian:12', 'debian:12'],
    ['docker.io/library/debian', 'debian:latest'],
    ['docker.io/team/image:1', 'team/image:1'],
    [`debian:12@${digest}`, `debian@${digest}`],
  ])('%s is called %s', (text, familiar) => {
    expect(familiarReference(parseImageReference(text))).toBe(familiar);
  });

  test('the digest of this repository', () => {
    const list = [`other/name@sha256:${'a'.repeat(64)}`, `debian@${digest}`, `<none>@${digest}`];
    expect(digestFor(parseImageReference('docker.io/library/debian:12'), list)).toBe(digest);
    expect(digestFor(parseImageReference('third'), list)).toBe(`sha256:${'a'.repeat(64)}`);
    expect(digestFor(parseImageReference('debian'), [])).toBeNull();
  });
});
