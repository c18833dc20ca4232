/** Archives from elsewhere: every known trick is refused by name, nothing is written outside, and honest ones get in. */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureRequirements } from '../../servers/requirements.ts';
import { idOf, makeScratch, runProgram, startProgram, storedEntries } from './snapshot-program.ts';
import { END, type HandMember, headerOf, tarOf, zstdOf } from './tar-bytes.ts';

const scratch = makeScratch();
beforeAll(() => ensureRequirements(['snapshots']), 600_000);
afterAll(scratch.remove);

const id = idOf('imported');

async function importBytes(data: Buffer, ...more: string[]) {
  const store = scratch.folder('store');
  const args = [
    'import',
    '--store',
    store,
    '--id',
    id,
    '--bytes',
    String(data.length),
    '--about',
    '{}',
    ...more,
  ];
  return { store, result: await runProgram(args, { input: data }) };
}

async function expectRefused(data: Buffer, code: string, message: RegExp, ...more: string[]) {
  const { store, result } = await importBytes(data, ...more);
  const failed = result.one('failed');
  expect({
    exitCode: result.exitCode,
    code: failed.code,
    message: failed.message,
    left: readdirSync(store),
  }).toEqual({
    exitCode: 1,
    code,
    message: expect.stringMatching(message),
    left: [],
  });
}

const dir = (name: string): HandMember => ({ name, type: '5', mode: 0o755 });
const link = (name: string, target: string): HandMember => ({ name, type: '2', link: target });
const hard = (name: string, target: string): HandMember => ({ name, type: '1', link: target });

describe('import refuses', () => {
  it.each<[string, RegExp, HandMember[]]>([
    ['an absolute path', /"\/etc\/evil" leads out/, [{ name: '/etc/evil', content: 'x' }]],
    [
      'an absolute path in an extended header',
      /"\/etc\/evil" leads out/,
      [{ name: 'a', pax: { path: '/etc/evil' } }],
    ],
    ['dots', /"\.\.\/evil" leads out/, [{ name: '../evil', content: 'x' }]],
    ['dots within', /"a\/\.\.\/\.\.\/evil" leads out/, [dir('a'), { name: 'a/../../evil' }]],
    ['dots at the end', /"a\/\.\." leads out/, [dir('a/..')]],
    ['a name of nothing', /without a name/, [{ name: '' }]],
    ['a NUL in a name', /with a NUL/, [{ name: 'a', pax: { path: 'a\0b' } }]],
    ['a file below a symbolic link', /"a\/x" is below something/, [link('a', '/tmp'), { name: 'a/x' }]],
    ['a file far below one', /"a\/b\/c\/x" is below/, [dir('b'), link('a', '/tmp'), { name: 'a/b/c/x' }]],
    ['a file below a file', /"a\/x" is below something/, [{ name: 'a' }, { name: 'a/x' }]],
    ['a link in the place of a folder', /"a" is there twice/, [{ name: 'a/x' }, link('a', '/tmp')]],
    [
      'a file in the place of a link',
      /"a" is there twice/,
      [link('a', '/etc/evil'), { name: 'a', content: 'x' }],
    ],
    ['a folder in the place of a link', /"a" is there twice/, [link('a', '/etc'), dir('a')]],
    ['the root as a link', /"\." is in the place/, [link('./', '/etc')]],
    ['a hard link to outside', /link that leads out/, [hard('a', '/etc/shadow')]],
    ['a hard link up', /link that leads out/, [hard('a', '../../etc/shadow')]],
    ['a hard link to later', /not an earlier file/, [hard('a', 'b'), { name: 'b' }]],
    ['a hard link to a symbolic link', /not an earlier file/, [link('b', '/etc'), hard('a', 'b')]],
    ['a hard link to a folder', /not an earlier file/, [dir('b'), hard('a', 'b')]],
    ['a character device', /"null" is a device node/, [{ name: 'null', type: '3' }]],
    ['a block device', /"sda" is a device node/, [{ name: 'sda', type: '4' }]],
    ['an escape sequence, without showing it', /"\/\\x1b\[31m" leads out/, [{ name: '/\u001b[31m' }]],
  ])('%s', async (_, message, members) => {
    await expectRefused(zstdOf(members), 'snapshot.unsafe-archive', message);
  });

  it.each<[string, HandMember[]]>([
    ['a multi-volume member', [{ name: 'a', type: 'M' }]],
    ['an incremental folder', [{ name: 'a', type: 'D' }]],
    [
      'a name given twice, in two ways',
      [
        { name: '././@LongLink', type: 'L', content: 'b\0' },
        { name: 'a', pax: { path: 'c' } },
      ],
    ],
    ['a path for all members', [{ name: 'g', type: 'g', content: '10 path=x\n' }, { name: 'a' }]],
    ['a record of a wrong length', [{ name: 'x', type: 'x', content: '99 path=x\n' }, { name: 'a' }]],
    ['a symbolic link with content', [{ name: 'a', type: '2', link: 'b', size: 512 }, { name: 'c' }]],
    ['a negative size', [{ name: 'a', patch: [[124, Buffer.alloc(12, 0xff)]] }]],
    [
      'a sparse map that overlaps',
      [
        {
          name: 'a',
          content: 'x'.repeat(1024),
          pax: { 'GNU.sparse.size': '1024', 'GNU.sparse.map': '0,512,100,512' },
        },
      ],
    ],
    [
      'a sparse map past the end',
      [{ name: 'a', content: 'x'.repeat(512), pax: { 'GNU.sparse.size': '100', 'GNU.sparse.map': '0,512' } }],
    ],
    [
      'a sparse map that never ends',
      [
        {
          name: 'a',
          content: '9999999\n',
          pax: {
            'GNU.sparse.major': '1',
            'GNU.sparse.minor': '0',
            'GNU.sparse.realsize': '9',
            'GNU.sparse.name': 'a',
          },
        },
      ],
    ],
    ['a sparse file of an unknown kind', [{ name: 'a', pax: { 'GNU.sparse.major': '2' } }]],
    ['a time that is none', [{ name: 'a', pax: { mtime: '1e99' } }]],
  ])('%s', async (_, members) => {
    await expectRefused(zstdOf(members), 'snapshot.corrupt', /^The /);
  });

  it('streams that do not end as they must', async () => {
    const whole = tarOf([{ name: 'a', content: 'x'.repeat(5000) }]);
    const damaged = Buffer.from(whole);
    damaged[3] = 65;
    const cases: [Buffer, RegExp][] = [
      [whole.subarray(0, whole.length - 1024), /ends in the middle/],
      [whole.subarray(0, whole.length - 512), /ends in the middle/],
      [whole.subarray(0, 2000), /ends in the middle/],
      [Buffer.concat([whole, Buffer.from('more')]), /after its end/],
      [Buffer.concat([whole.subarray(0, -512), headerOf({ name: 'b' }, 0), END]), /no proper end mark/],
      [damaged, /damaged header/],
      [Buffer.alloc(0), /ends in the middle/],
    ];
    for (const [tar, message] of cases)
      await expectRefused(zstdCompressSync(tar), 'snapshot.corrupt', message);
  });

  it('zstd that is cut, damaged or followed by something', async () => {
    const whole = zstdOf([{ name: 'a', content: 'x'.repeat(5000) }]);
    await expectRefused(whole.subarray(0, -5), 'snapshot.corrupt', /cannot be decompressed/);
    await expectRefused(
      Buffer.concat([whole, Buffer.from('garbage!')]),
      'snapshot.corrupt',
      /cannot be decompressed/,
    );
  });

  it('other formats, naming the one that is taken', async () => {
    const tar = tarOf([{ name: 'a' }]);
    const cases: [Buffer, RegExp][] = [
      [gzipSync(tar), /a gzip file: pack it as \.tar\.zst/],
      [spawnSync('xz', ['-c'], { input: tar }).stdout, /an xz file/],
      [tar, /not compressed: pack it as \.tar\.zst/],
      [Buffer.from('PK\u0003\u0004rest'), /a zip file/],
      [Buffer.from('hello'), /not a \.tar\.zst file/],
    ];
    for (const [data, message] of cases) await expectRefused(data, 'snapshot.unsafe-archive', message);
  });

  it('more files and more bytes than are allowed, before they are unpacked', async () => {
    const three = zstdOf([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
    await expectRefused(
      three,
      'snapshot.unsafe-archive',
      /"c" is one more than the 2 entries/,
      '--max-entries',
      '2',
    );
    const bomb = zstdOf([{ name: 'bomb', content: Buffer.alloc(64 * 1024 * 1024) }]);
    expect(bomb.length).toBeLessThan(10_000);
    await expectRefused(
      bomb,
      'snapshot.unsafe-archive',
      /larger than the 1\.0 MiB/,
      '--max-bytes',
      '1048576',
    );
    const pax = { 'GNU.sparse.size': '9000000000000000000', 'GNU.sparse.map': '0,0' };
    await expectRefused(
      zstdOf([{ name: 'holes', pax }]),
      'snapshot.unsafe-archive',
      /"holes" would make it larger/,
    );
  });
});

describe('import', () => {
  it('takes archives of every format that GNU tar writes, as what they hold', async () => {
    const tree = scratch.folder('tree');
    mkdirSync(join(tree, `${'long-folder-name-'.repeat(8)}/${'x'.repeat(120)}`), { recursive: true });
    writeFileSync(join(tree, `${'long-folder-name-'.repeat(8)}/${'x'.repeat(120)}/file`), 'deep');
    writeFileSync(join(tree, 'é "quoted"\n'), 'odd');
    spawnSync(
      'sh',
      [
        '-c',
        'truncate -s 5M s; printf mid | dd of=s bs=1 seek=2000000 conv=notrunc; truncate -s 2M h; ln s t; mkfifo p; ln -s "$(printf %0150d 7)" l; touch -d @1700000000 s h p .',
      ],
      { cwd: tree },
    );
    const { stdout } = await runProgram(['tree', '--hash', '--source', tree]);
    const whole = stdout
      .toString()
      .split('\n')
      .map((line) => line.replace(/\.\d{9}\t/, '\t'))
      .sort();
    const formats = [
      '--format=gnu',
      '--format=oldgnu',
      '--format=posix',
      '--format=posix --sparse-version=0.0',
      '--format=posix --sparse-version=0.1',
    ];
    for (const format of formats) {
      const tar = spawnSync('tar', [...format.split(' '), '--sparse', '--numeric-owner', '-cf', '-', '.'], {
        cwd: tree,
        maxBuffer: 1e8,
      });
      expect([format, tar.stderr.toString()]).toEqual([format, '']);
      const { store, result } = await importBytes(zstdCompressSync(tar.stdout));
      expect([format, result.events.at(-1)?.event]).toEqual([format, 'published']);
      const listed = storedEntries(store, id).map((entry) =>
        Object.values(entry)
          .join('\t')
          .replace(/\.\d{9}\t/, '\t'),
      );
      expect(['', ...listed].sort()).toEqual(canonicalLinks(whole, listed));
      const target = scratch.folder('target');
      const restored = await runProgram(['restore', '--store', store, '--id', id, '--target', target]);
      expect([format, restored.events.at(-1)]).toMatchObject([format, { event: 'restored' }]);
      expect(readFileSync(join(target, 't')).equals(readFileSync(join(tree, 's')))).toBe(true);
    }
  });

  /** Which of two names of one file comes first is the order of the folder, which is not the names' order here. */
  function canonicalLinks(whole: string[], listed: string[]): string[] {
    if (!listed.some((line) => line.startsWith('f') && line.split('\t')[8] === 't')) return whole;
    return whole
      .map((line) => {
        const fields = line.split('\t');
        if (fields[8] === 's') fields[8] = 't';
        else if (fields[8] === 't') [fields[8], fields[9]] = ['s', 't'];
        return fields.join('\t');
      })
      .sort();
  }

  it('takes what is unusual but harmless', async () => {
    const { store, result } = await importBytes(
      zstdOf([
        { name: './a//b/./c', content: 'x' },
        { name: 'old/', type: '\0', magic: '\0\0\0\0\0\0\0\0' },
        link('escape', '../../../../etc/passwd'),
        { name: 'again', content: 'first' },
        { name: 'again', content: 'second' },
        { name: 'big', patch: [[108, Buffer.from([0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe])]] },
      ]),
    );
    expect(result.exitCode).toBe(0);
    const entries = storedEntries(store, id);
    expect(entries.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'f a/b/c',
      'd old',
      'l escape',
      'f again',
      'f again',
      'f big',
    ]);
    expect(entries.at(-1)?.uid).toBe(4294967294);
    const at = ['--store', store, '--id', id];
    expect((await runProgram(['read', ...at, '--path', 'again'])).rest.toString()).toBe('second');
    const target = scratch.folder('target');
    if (process.getuid?.() === 0) {
      expect((await runProgram(['restore', ...at, '--target', target])).exitCode).toBe(0);
      expect(readFileSync(join(target, 'again'), 'utf8')).toBe('second');
    }
  });

  it('goes on where it was cut off, and an export of Berth is known again', async () => {
    const tree = scratch.folder('tree');
    writeFileSync(join(tree, 'random'), randomBytes(300_000));
    const store = scratch.folder('store');
    const at = ['--store', store, '--id', idOf('first')];
    await runProgram(['create', ...at, '--source', tree, '--about', '{"project":"p"}']);
    const { rest, one } = await runProgram(['export', ...at]);
    expect(one('export')).toMatchObject({ bytes: rest.length, name: `${idOf('first')}.tar.zst` });
    const later = await runProgram(['export', ...at, '--from', '1000']);
    expect(later.rest.equals(rest.subarray(1000))).toBe(true);
    const end = await runProgram(['export', ...at, '--from', String(rest.length - 7)]);
    expect(end.rest.equals(rest.subarray(-7))).toBe(true);
    // Everybody else's tools read it, too.
    writeFileSync(join(scratch.root, 'export.tar.zst'), rest);
    const listed = spawnSync('tar', ['--zstd', '-tf', join(scratch.root, 'export.tar.zst')], {
      encoding: 'utf8',
    });
    expect([listed.stderr, listed.stdout]).toEqual(['', './\n./random\n']);

    const other = scratch.folder('store');
    const args = [
      'import',
      '--store',
      other,
      '--id',
      id,
      '--bytes',
      String(rest.length),
      '--about',
      '{"by":"me"}',
    ];
    const cut = await runProgram(args, { input: rest.subarray(0, 5000) });
    expect([cut.one('have').bytes, cut.one('failed').code]).toEqual([0, 'connection-lost']);
    expect((await runProgram(['list', '--store', other])).events.map(({ event }) => event)).toEqual([
      'folder',
      'end',
    ]);
    const kept = await runProgram(['sweep', '--store', other, '--keep-imports', '3600']);
    expect(kept.one('swept').removed).toEqual([]);
    const whole = await runProgram(args, { input: rest.subarray(5000) });
    expect(whole.one('have').bytes).toBe(5000);
    const manifest = whole.one('published').manifest as { about: { original: object }; archive: object };
    const original = JSON.parse(readFileSync(join(store, idOf('first'), 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({
      isImported: true,
      about: { by: 'me', original },
      archive: original.archive,
    });
    expect(readdirSync(join(other, id)).sort()).toEqual(['data.tar.zst', 'entries.zst', 'manifest.json']);
    const again = await runProgram(args);
    expect(again.events.map(({ event }) => event)).toEqual(['have', 'published']);
    expect(again.one('have').bytes).toBe(rest.length);
  });

  it('compares with the manifest that came along or was expected', async () => {
    const archive = zstdOf([
      { name: 'null', type: '3' },
      { name: 'a', content: 'x' },
    ]);
    const plain = zstdOf([{ name: 'a', content: 'x' }]);
    const { store } = await importBytes(plain);
    const manifest = JSON.parse(readFileSync(join(store, id, 'manifest.json'), 'utf8'));
    const expected = (value: object) => ['--expect-manifest', JSON.stringify(value)];
    expect((await importBytes(plain, ...expected(manifest))).result.exitCode).toBe(0);
    const other = {
      ...manifest,
      archive: { ...manifest.archive, sha256: createHash('sha256').digest('hex') },
    };
    await expectRefused(plain, 'snapshot.corrupt', /not the one that its manifest names/, ...expected(other));
    await expectRefused(plain, 'snapshot.corrupt', /lacks something/, ...expected({}));
    // A copy of one of our own may hold device nodes: they fail here only because the manifest is another's.
    await expectRefused(archive, 'snapshot.corrupt', /not the one/, ...expected(manifest));
  });

  it('is gone without a trace when it is cancelled', async () => {
    const store = scratch.folder('store');
    const args = ['import', '--store', store, '--id', id, '--bytes', '1000000', '--about', '{}'];
    const running = startProgram(args, { input: 'open' });
    await running.said('have');
    running.child.kill('SIGTERM');
    const { exitCode, one } = await running.ended;
    expect([exitCode, one('failed').code]).toEqual([143, 'cancelled']);
    expect(readdirSync(store)).toEqual([]);
  });
});
