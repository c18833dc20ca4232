/** The life of a snapshot in its store: made, listed, marked, checked, read, moved, removed. Needs no privilege. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureRequirements } from '../../servers/requirements.ts';
import { idOf, makeScratch, parseEntries, runProgram, startProgram } from './snapshot-program.ts';

const scratch = makeScratch();
beforeAll(() => ensureRequirements(['snapshots']), 600_000);
afterAll(scratch.remove);

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');

function makeTree(): string {
  const tree = scratch.folder('tree');
  mkdirSync(join(tree, 'src/deep'), { recursive: true });
  writeFileSync(join(tree, 'src/deep/a.txt'), 'hello\n');
  writeFileSync(join(tree, 'src/big.bin'), Buffer.alloc(3_000_000, 'pattern!'));
  writeFileSync(join(tree, 'odd\nname\\ and é'), '');
  symlinkSync('src/deep/a.txt', join(tree, 'link'));
  return tree;
}

async function makeSnapshot(word = 'one', tree = makeTree()) {
  const store = join(scratch.folder('store'), 'inner');
  const id = idOf(word);
  const made = await runProgram([
    'create',
    '--store',
    store,
    '--source',
    tree,
    '--id',
    id,
    '--about',
    '{"é":[1]}',
  ]);
  return { store, id, tree, made, at: ['--store', store, '--id', id] };
}

const names = (folder: string) => readdirSync(folder).sort();

describe('create', () => {
  it('publishes what the tree held, and nothing else is left in a store that only its owner reads', async () => {
    const { store, id, made, tree } = await makeSnapshot();
    expect(made.exitCode).toBe(0);
    const scanned = made.one('scanned');
    expect(scanned).toMatchObject({ files: 7, bytes: 3_000_006 });
    const manifest = made.one('published').manifest as Record<string, never>;
    expect(names(store)).toEqual([id]);
    expect(names(join(store, id))).toEqual(['data.tar.zst', 'entries.zst', 'manifest.json']);
    expect(statSync(store).mode & 0o777).toBe(0o700);
    for (const name of names(join(store, id)))
      expect(statSync(join(store, id, name)).mode & 0o777).toBe(0o600);

    const data = readFileSync(join(store, id, 'data.tar.zst'));
    const entries = zstdDecompressSync(readFileSync(join(store, id, 'entries.zst')));
    expect(JSON.parse(readFileSync(join(store, id, 'manifest.json'), 'utf8'))).toEqual(manifest);
    expect(manifest).toMatchObject({
      format: 1,
      id,
      about: { é: [1] },
      archive: { sha256: sha256(data), bytes: data.length },
      entries: { count: 7, files: 3, sha256: sha256(entries), contentBytes: 3_000_006 },
      tarBytes: zstdDecompressSync(data).length,
      allocatedBytes: scanned.allocated,
      isChangedWhileRead: false,
      socketsIgnored: 0,
      freeze: null,
    });
    const listed = parseEntries(entries.toString());
    expect(listed.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'd .',
      'l link',
      'f odd\\x0aname\\x5c and é',
      'd src',
      'f src/big.bin',
      'd src/deep',
      'f src/deep/a.txt',
    ]);
    expect(listed.at(-1)).toMatchObject({ size: 6, sha256: sha256('hello\n'), xattrs: '-', link: '' });
    expect(listed[1]?.link).toBe('src/deep/a.txt');
    const { mtimeNs } = statSync(join(tree, 'src/big.bin'), { bigint: true });
    expect(listed[4]?.mtime.replace('.', '')).toBe(String(mtimeNs));
  });

  it('asked again says what is there, and does not make it again', async () => {
    const { store, id, tree, made, at } = await makeSnapshot();
    const before = statSync(join(store, id)).ino;
    writeFileSync(join(tree, 'later'), 'x');
    const again = await runProgram(['create', ...at, '--source', tree, '--about', '{"other":true}']);
    expect(again.exitCode).toBe(0);
    expect(again.events).toEqual([made.one('published')]);
    expect(statSync(join(store, id)).ino).toBe(before);
  });

  it('takes the place of a dead maker, and not of one that lives', async () => {
    const tree = makeTree();
    const store = scratch.folder('store');
    const at = ['--store', store, '--id', idOf('dead'), '--source', tree, '--about', '{}'];
    mkdirSync(join(store, `.tmp-${idOf('dead')}`));
    writeFileSync(join(store, `.tmp-${idOf('dead')}`, 'ready'), '{}');

    const waiting = startProgram(['create', ...at, '--wait-frozen']);
    await waiting.said('scanned');
    const second = await runProgram(['create', ...at]);
    expect(second.exitCode).toBe(1);
    expect(second.one('failed').code).toBe('conflict');
    expect((await runProgram(['sweep', '--store', store])).one('swept').removed).toEqual([]);

    waiting.child.kill('SIGTERM');
    const ended = await waiting.ended;
    expect([ended.exitCode, ended.one('failed').code]).toEqual([143, 'cancelled']);
    expect(names(store)).toEqual([]);
    expect((await runProgram(['create', ...at])).exitCode).toBe(0);
  });

  it('fails as whoever guards the workspace says, and leaves nothing', async () => {
    const store = scratch.folder('store');
    const id = idOf('refused');
    const waiting = startProgram([
      'create',
      '--store',
      store,
      '--id',
      id,
      '--source',
      makeTree(),
      '--about',
      '{}',
      '--wait-frozen',
    ]);
    await waiting.said('scanned');
    writeFileSync(
      join(store, `.tmp-${id}`, 'refused'),
      '{"code":"snapshot.hook-failed","message":"The command ended with 3."}',
    );
    const { exitCode, events } = await waiting.ended;
    expect(exitCode).toBe(1);
    expect(events.at(-1)).toEqual({
      event: 'failed',
      code: 'snapshot.hook-failed',
      message: 'The command ended with 3.',
      details: {},
    });
    expect(names(store)).toEqual([]);
  });

  it('says beforehand that a disk is too small, with numbers', async () => {
    const store = scratch.folder('store');
    const { exitCode, events } = await runProgram([
      'create',
      '--store',
      store,
      '--source',
      makeTree(),
      '--id',
      idOf('big'),
      '--about',
      '{}',
      '--expected-ratio',
      '1e9',
    ]);
    expect(exitCode).toBe(1);
    expect(events.at(-1)).toMatchObject({ event: 'failed', code: 'host.disk-full' });
    expect(events.at(-1)?.message).toMatch(/needs [0-9.]+ TiB free .* has [0-9.]+ [GT]iB: remove/);
    expect(names(store)).toEqual([]);
  });
});

describe('list, mark, entries, remove and sweep', () => {
  it('tell whole snapshots from broken ones and from what is none', async () => {
    const { store, id, made, at } = await makeSnapshot();
    const marked = await runProgram(['mark', ...at, '--marks', '{"name":"Before the move","isPinned":true}']);
    expect(marked.one('marked').marks).toEqual({ name: 'Before the move', isPinned: true });
    await runProgram(['mark', ...at, '--marks', '{"isPinned":false}']);
    for (const name of ['.tmp-x', '.del-x']) mkdirSync(join(store, name));
    writeFileSync(join(store, 'stray-file'), '');
    mkdirSync(join(store, idOf('empty')));
    mkdirSync(join(store, idOf('json')));
    writeFileSync(join(store, idOf('json'), 'manifest.json'), '{"format":1,');
    mkdirSync(join(store, idOf('copy')));
    for (const name of names(join(store, id)))
      copyFileSync(join(store, id, name), join(store, idOf('copy'), name));

    const { exitCode, events } = await runProgram(['list', '--store', store]);
    expect(exitCode).toBe(0);
    expect(events[0]).toMatchObject({
      event: 'folder',
      freeBytes: expect.any(Number),
      totalBytes: expect.any(Number),
    });
    expect(events.at(-1)).toEqual({ event: 'end' });
    const snapshots = events.filter(({ event }) => event === 'snapshot');
    expect(snapshots).toHaveLength(1);
    expect(snapshots[0]).toMatchObject({
      manifest: made.one('published').manifest,
      marks: { name: 'Before the move', isPinned: false },
    });
    expect(snapshots[0]?.bytes).toBeGreaterThan(statSync(join(store, id, 'data.tar.zst')).size);
    const broken = events.filter(({ event }) => event === 'broken').map((event) => [event.id, event.reason]);
    expect(broken).toEqual([
      [idOf('copy'), 'The manifest is of another snapshot.'],
      [idOf('empty'), 'The snapshot has no manifest.'],
      [idOf('json'), 'The manifest of the snapshot cannot be read.'],
    ]);
  });

  it('list a thousand snapshots in a moment', async () => {
    const { store, id } = await makeSnapshot();
    const manifest = readFileSync(join(store, id, 'manifest.json'), 'utf8');
    for (let index = 0; index < 1000; index += 1) {
      const other = idOf(`n${String(index).padStart(4, '0')}`);
      mkdirSync(join(store, other));
      writeFileSync(join(store, other, 'manifest.json'), manifest.replace(id, other));
      writeFileSync(join(store, other, 'entries.zst'), '');
      writeFileSync(join(store, other, 'data.tar.zst'), '');
      truncateSync(join(store, other, 'data.tar.zst'), JSON.parse(manifest).archive.bytes);
    }
    const began = performance.now();
    const { events } = await runProgram(['list', '--store', store]);
    expect(events.filter(({ event }) => event === 'snapshot')).toHaveLength(1001);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('give the entries as they are stored', async () => {
    const { store, id, at, made } = await makeSnapshot();
    const { rest, one } = await runProgram(['entries', ...at]);
    const stored = readFileSync(join(store, id, 'entries.zst'));
    expect(rest.equals(stored)).toBe(true);
    const { entries } = made.one('published').manifest as { entries: { sha256: string } };
    expect(one('entries')).toMatchObject({ bytes: stored.length, sha256: entries.sha256 });
  });

  it('remove, also what is gone already, and sweep what an interrupted removal left', async () => {
    const { store, id, at } = await makeSnapshot();
    const { events, exitCode } = await runProgram(['remove', ...at, '--id', idOf('gone')]);
    expect(exitCode).toBe(0);
    expect(events.map((event) => event.id)).toEqual([id, idOf('gone')]);
    expect(names(store)).toEqual([]);
    mkdirSync(join(store, `.del-${id}`, 'deep/er'), { recursive: true });
    const swept = await runProgram(['sweep', '--store', store]);
    expect(swept.one('swept').removed).toEqual([`.del-${id}`]);
    expect(names(store)).toEqual([]);
  });

  it('sweep, several at once: none fails over what another has taken away', async () => {
    const store = scratch.folder('store');
    const doomed = join(store, `.del-${idOf('gone')}`);
    for (let folder = 0; folder < 40; folder++) {
      mkdirSync(join(doomed, `${folder}`, 'deep'), { recursive: true });
      for (let file = 0; file < 40; file++) writeFileSync(join(doomed, `${folder}`, 'deep', `${file}`), '');
    }
    const sweeps = Array.from({ length: 4 }, () => runProgram(['list', '--sweep', '--store', store]));
    for (const { exitCode, stderr } of await Promise.all(sweeps)) expect([exitCode, stderr]).toEqual([0, '']);
    expect(readdirSync(store)).toEqual([]);
  });
});

describe('tree', () => {
  it('lists a folder as a snapshot of it would', async () => {
    const { store, id, tree } = await makeSnapshot();
    const stored = zstdDecompressSync(readFileSync(join(store, id, 'entries.zst'))).toString();
    expect((await runProgram(['tree', '--source', tree, '--hash'])).stdout.toString()).toBe(stored);
    const quick = (await runProgram(['tree', '--source', tree])).stdout.toString();
    expect(parseEntries(quick)).toEqual(
      parseEntries(stored).map((entry) => ({ ...entry, sha256: '-', xattrs: '-' })),
    );
  });
});

describe('verify', () => {
  it('says and notes that all is as it was', async () => {
    const { at } = await makeSnapshot();
    await runProgram(['mark', ...at, '--marks', '{"problem":{"code":"snapshot.corrupt","message":"old"}}']);
    const { exitCode, one } = await runProgram(['verify', ...at]);
    expect(exitCode).toBe(0);
    expect(one('verified').marks).toEqual({ verifiedAt: expect.stringMatching(/^2.*Z$/), problem: null });
  });

  it('finds one flipped bit anywhere in the archive and in the list of files', async () => {
    const { store, id, at } = await makeSnapshot();
    for (const name of ['data.tar.zst', 'entries.zst']) {
      const path = join(store, id, name);
      const whole = readFileSync(path);
      for (const share of [0, 0.3, 0.6, 0.999]) {
        const position = Math.floor(whole.length * share);
        const file = openSync(path, 'r+');
        writeSync(file, Buffer.from([(whole[position] ?? 0) ^ 0x10]), 0, 1, position);
        closeSync(file);
        const { exitCode, one } = await runProgram(['verify', ...at]);
        expect([name, share, exitCode, one('failed').code]).toEqual([name, share, 1, 'snapshot.corrupt']);
        writeFileSync(path, whole);
      }
    }
    const listed = await runProgram(['list', '--store', store]);
    expect((listed.one('snapshot').marks as { problem: unknown }).problem).toMatchObject({
      code: 'snapshot.corrupt',
    });
    expect((await runProgram(['verify', ...at])).exitCode).toBe(0);
  });

  it('finds a cut', async () => {
    const { store, id, at } = await makeSnapshot();
    truncateSync(join(store, id, 'data.tar.zst'), 500);
    expect((await runProgram(['verify', ...at])).one('failed').code).toBe('snapshot.corrupt');
    expect((await runProgram(['list', '--store', store])).one('broken').id).toBe(id);
  });

  it('does not call a snapshot damaged that is not there', async () => {
    const { store } = await makeSnapshot();
    const { one } = await runProgram(['verify', '--store', store, '--id', idOf('none')]);
    expect(one('failed').code).toBe('not-found');
  });
});

describe('read', () => {
  it('gives a file, byte for byte, and only by the name that the list has', async () => {
    const { tree, at } = await makeSnapshot();
    const file = await runProgram(['read', ...at, '--path', 'src/big.bin']);
    expect(file.one('file')).toEqual({ event: 'file', bytes: 3_000_000, name: 'big.bin' });
    expect(file.rest.equals(readFileSync(join(tree, 'src/big.bin')))).toBe(true);
    const odd = await runProgram(['read', ...at, '--path', 'odd\\x0aname\\x5c and é']);
    expect(odd.one('file')).toMatchObject({ bytes: 0, name: 'odd\\x0aname\\x5c and é' });
    for (const path of ['nowhere', 'odd\nname\\ and é', '../src', 'src/big.bin/'])
      expect((await runProgram(['read', ...at, '--path', path])).one('failed').code).toBe('not-found');
    expect((await runProgram(['read', ...at, '--path', 'link'])).one('failed').code).toBe('conflict');
  });

  it('gives a folder as a tar stream under its own name', async () => {
    const { at } = await makeSnapshot();
    const { one, rest } = await runProgram(['read', ...at, '--path', 'src/deep']);
    expect(one('folder').name).toBe('deep');
    const listed = spawnSync('tar', ['-tf', '-'], { input: rest, encoding: 'utf8' });
    expect(listed.stdout.split('\n').filter(Boolean)).toEqual(['deep/', 'deep/a.txt']);
  });
});
