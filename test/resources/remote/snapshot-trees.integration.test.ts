/** Nothing of a tree is lost on the way through a snapshot, whichever way it takes out again. Needs root. */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ensureRequirements } from '../../servers/requirements.ts';
import { runChecked, runProcess } from '../../servers/run-process.ts';
import { differences, isSocket } from './same-tree.ts';
import {
  idOf,
  makeScratch,
  parseEntries,
  pythonArgs,
  runProgram,
  startProgram,
  storedEntries,
} from './snapshot-program.ts';

// Large trees, on a machine that may have other work.
vi.setConfig({ testTimeout: 240_000 });

const scratch = makeScratch();
const id = idOf('nasty');
let tree = '';
let store = '';
const at = () => ['--store', store, '--id', id];

beforeAll(async () => {
  await ensureRequirements(['snapshots']);
  tree = scratch.folder('tree');
  store = scratch.folder('store');
  const script = fileURLToPath(new URL('nasty-tree.py', import.meta.url));
  await runChecked(['/usr/bin/python3', script, tree]);
  const made = await runProgram(['create', ...at(), '--source', tree, '--about', '{}']);
  expect(made.one('published').manifest).toMatchObject({ socketsIgnored: 1, isChangedWhileRead: false });
}, 600_000);
afterAll(scratch.remove);

const restore = (target: string, ...more: string[]) =>
  runProgram(['restore', ...at(), '--target', target, ...more]);

describe('restore', () => {
  it('gives everything back: rsync and lstat find no difference but the socket', async () => {
    const target = scratch.folder('target');
    const { exitCode, one, stderr } = await restore(target);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(one('restored').entries).toBe(storedEntries(store, id).length);
    expect(await differences(tree, target, isSocket)).toEqual([]);
    // Told the same again, as after a lost answer: it is done.
    expect((await restore(target)).one('restored').entries).toBeGreaterThan(90);
    expect(await differences(tree, target, isSocket)).toEqual([]);
    // A check of the check: one nanosecond is a difference.
    await runChecked(['touch', '-h', '-d', '@0.000000002', join(target, 'one')]);
    expect(await differences(tree, target, isSocket)).toHaveLength(1);
    expect((await restore(target)).one('failed').code).toBe('conflict');
  });

  it('leaves device nodes out when told so', async () => {
    const target = scratch.folder('target');
    const { one } = await restore(target, '--no-devices');
    expect(one('warning').message).toBe('3 device nodes were left out.');
    const isDevice = (line: string) => /^(cD\S* |lstat \/)(block|character|whiteout)$/.test(line);
    expect(await differences(tree, target, (line) => isSocket(line) || isDevice(line))).toEqual([]);
    expect(readdirSync(target)).not.toContain('block');
  });

  it('says which attributes it may not set, and restores all else', async () => {
    const target = scratch.folder('target');
    const { exitCode, events } = await runProgram(['restore', ...at(), '--target', target], {
      through: ['setpriv', '--bounding-set=-sys_admin', '--'],
    });
    expect(exitCode).toBe(0);
    expect(events.filter(({ event }) => event === 'warning').map(({ message }) => message)).toEqual(
      ['trusted.folder', 'trusted.link', 'trusted.t'].map(
        (name) => `The extended attribute ${name} could not be set on 1 files: its kind needs more rights.`,
      ),
    );
    const isTrusted = (line: string) => /^\.[dfL]\.{8}x (a\/|xattrs|absolute -> .*)$/.test(line);
    expect(await differences(tree, target, (line) => isSocket(line) || isTrusted(line))).toEqual([]);
  });

  it('refuses a folder that holds something, and touches nothing there', async () => {
    const target = scratch.folder('target');
    writeFileSync(join(target, 'mine'), 'precious');
    expect((await restore(target)).one('failed').code).toBe('conflict');
    writeFileSync(join(target, '.berth-partial'), 'not the mark');
    expect((await restore(target)).one('failed').code).toBe('conflict');
    expect(readdirSync(target).sort()).toEqual(['.berth-partial', 'mine']);
  });

  it('notices that what it wrote is not what the snapshot lists, and takes it away again', async () => {
    const other = scratch.folder('tree');
    writeFileSync(join(other, 'file'), 'one');
    const first = ['--store', store, '--id', idOf('first')];
    const second = ['--store', store, '--id', idOf('second')];
    await runProgram(['create', ...first, '--source', other, '--about', '{}']);
    writeFileSync(join(other, 'file'), 'two');
    await runProgram(['create', ...second, '--source', other, '--about', '{}']);
    // The list and its digest of one snapshot, the archive of the other.
    const manifestOf = (word: string) =>
      JSON.parse(readFileSync(join(store, idOf(word), 'manifest.json'), 'utf8'));
    copyFileSync(join(store, idOf('second'), 'entries.zst'), join(store, idOf('first'), 'entries.zst'));
    const mixed = { ...manifestOf('first'), entries: manifestOf('second').entries };
    writeFileSync(join(store, idOf('first'), 'manifest.json'), JSON.stringify(mixed));
    const target = scratch.folder('target');
    const { one } = await runProgram(['restore', ...first, '--target', target]);
    expect(one('failed')).toMatchObject({
      code: 'snapshot.corrupt',
      details: { differences: expect.anything() },
    });
    expect(one('failed').message).toContain('first at "');
    expect(readdirSync(target)).toEqual([]);
    expect((await runProgram(['verify', ...first])).one('failed').code).toBe('snapshot.corrupt');
  });
});

describe('other ways out', () => {
  it('tree lists a restored folder as the snapshot is listed', async () => {
    const target = scratch.folder('target');
    await restore(target);
    const live = parseEntries((await runProgram(['tree', '--source', target, '--hash'])).stdout.toString());
    expect(live).toEqual(storedEntries(store, id));
    const quick = parseEntries((await runProgram(['tree', '--source', target])).stdout.toString());
    expect(quick).toEqual(live.map((entry) => ({ ...entry, sha256: '-', xattrs: '-' })));
  });

  it('every name in the list is one line that leads back to the file', async () => {
    const entries = storedEntries(store, id);
    const bytesOf = (path: string) =>
      Buffer.from(
        path.replaceAll(/\\x([0-9a-f]{2})|([^\\]+)/g, (_, hex, plain) =>
          hex ? String.fromCharCode(Number.parseInt(hex, 16)) : Buffer.from(plain).toString('latin1'),
        ),
        'latin1',
      );
    const top = entries
      .filter(({ path }) => path !== '.' && !path.includes('/'))
      .map(({ path }) => bytesOf(path));
    const there = readdirSync(tree, { encoding: 'buffer' }).filter((name) => name.toString() !== 'socket');
    expect(top.map((name) => name.toString('hex')).sort()).toEqual(
      there.map((name) => name.toString('hex')).sort(),
    );
    const all = entries.map(({ path }) => path).join('');
    expect(all).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\ufffd]/);
    expect(all).toContain('bad\\xff\\xfeutf');
  });

  it('read gives whole folders, sparse files and names of hard-linked ones', async () => {
    for (const path of ['pieces', 'hole', 'z/linked', 'back\\x5cslash', '\\x5cx41']) {
      const { rest, one } = await runProgram(['read', ...at(), '--path', path]);
      const real = path.replace('\\x5c', '\\');
      expect([path, one('file').bytes, rest.equals(readFileSync(join(tree, real)))]).toEqual([
        path,
        rest.length,
        true,
      ]);
    }
    const compare = '"$@" | tail -n +2 | cmp - "$0"';
    await runChecked([
      'sh',
      '-c',
      compare,
      join(tree, 'sparse'),
      ...pythonArgs,
      'read',
      ...at(),
      '--path',
      'sparse',
    ]);
    for (const [path, from] of [
      ['.', ''],
      ['a', 'a'],
      ['deep', 'deep'],
    ] as const) {
      const { rest } = await runProgram(['read', ...at(), '--path', path]);
      const target = scratch.folder('target');
      const flags = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--same-owner', '--no-acls'];
      await runChecked(['tar', '-xpf', '-', ...flags, '-C', target], { input: rest });
      const isOutside = (line: string) => isSocket(line) || /^(lstat \/|hf\S* )(file|b\/again)/.test(line);
      expect(await differences(join(tree, from), join(target, from), isOutside)).toEqual([]);
    }
    // A link whose file is elsewhere comes as the file.
    const { rest } = await runProgram(['read', ...at(), '--path', 'z']);
    expect((await runProcess(['tar', '-xOf', '-', 'z/linked'], { input: rest })).stdout).toBe(
      'hello'.repeat(1000),
    );
  });

  it('an export, imported elsewhere, restores the same', async () => {
    const exported = await runProgram(['export', ...at()]);
    const manifest = readFileSync(join(store, id, 'manifest.json'), 'utf8');
    const other = ['--store', scratch.folder('store'), '--id', idOf('copy')];
    const sized = ['--bytes', String(exported.rest.length), '--about', '{}', '--expect-manifest', manifest];
    const imported = await runProgram(['import', ...other, ...sized], { input: exported.rest });
    expect(imported.one('published').manifest).toMatchObject({ isImported: false });
    const target = scratch.folder('target');
    expect((await runProgram(['restore', ...other, '--target', target])).exitCode).toBe(0);
    expect(await differences(tree, target, isSocket)).toEqual([]);
  });

  it('put-back gives back every kind of file, exactly', async () => {
    const target = scratch.folder('live');
    mkdirSync(join(target, 'a'));
    writeFileSync(join(target, 'a/mine'), 'precious');
    const paths = storedEntries(store, id)
      .map(({ path }) => path)
      .filter((path) => path !== '.' && !path.includes('/'));
    const { exitCode, events } = await runProgram([
      'put-back',
      '--target',
      target,
      ...at(),
      ...paths.flatMap((path) => [`--path=${path}`]),
    ]);
    expect(exitCode).toBe(0);
    const kept = events.filter((event) => event.kept);
    expect(kept).toEqual([
      { event: 'put-back', path: 'a', kept: expect.stringMatching(/^a\.before-\d{8}-\d{6}$/) },
    ]);
    expect(readFileSync(join(target, String(kept[0]?.kept), 'mine'), 'utf8')).toBe('precious');
    const isKept = (line: string) =>
      line.includes('.before-') || /^\.d\S* \.\/$/.test(line) || line === 'lstat ';
    expect(await differences(tree, target, (line) => isSocket(line) || isKept(line))).toEqual([]);
  });
});

describe('create', () => {
  it('notes that a file changed while it was read, and refuses it when the workspace was frozen', async () => {
    const busy = scratch.folder('tree');
    writeFileSync(join(busy, 'growing'), Buffer.alloc(60_000_000, 'text that is worth compressing '));
    const writer = spawn('sh', ['-c', 'while :; do printf x >> growing; done'], { cwd: busy });
    try {
      const live = ['--store', store, '--id', idOf('live'), '--source', busy, '--about', '{}'];
      const { one } = await runProgram(['create', ...live]);
      expect(one('published').manifest).toMatchObject({ isChangedWhileRead: true });
      const frozen = [
        '--store',
        store,
        '--id',
        idOf('frozen'),
        '--source',
        busy,
        '--about',
        '{}',
        '--wait-frozen',
      ];
      const running = startProgram(['create', ...frozen]);
      await running.said('scanned');
      writeFileSync(
        join(store, `.tmp-${idOf('frozen')}`, 'frozen'),
        '{"how":"pause","at":"2026-01-01T00:00:00.000Z"}',
      );
      expect((await running.ended).one('failed').code).toBe('snapshot.changed');
      expect(readdirSync(store)).not.toContain(`.tmp-${idOf('frozen')}`);
    } finally {
      writer.kill('SIGKILL');
    }
  });

  it('stays on its own file system, and says so', async () => {
    const outer = scratch.folder('tree');
    mkdirSync(join(outer, 'mounted'));
    const at = ['--store', store, '--id', idOf('mount'), '--source', outer, '--about', '{}'];
    const mount = 'mount -t tmpfs none "$0/mounted" && echo secret > "$0/mounted/file" && exec "$@"';
    const { stdout } = await runProcess([
      'unshare',
      '-m',
      'sh',
      '-c',
      mount,
      outer,
      ...pythonArgs,
      'create',
      ...at,
    ]);
    expect(stdout).toContain('"event":"published"');
    expect(storedEntries(store, idOf('mount')).map(({ path }) => path)).toEqual(['.', 'mounted']);
    expect(stdout).toContain('other file systems');
  });

  // A hundred thousand go through a whole plane: whole-tree.integration.test.ts.
  it('handles ten thousand small files', async () => {
    const many = scratch.folder('tree');
    for (let folder = 0; folder < 200; folder += 1) {
      mkdirSync(join(many, `folder-${folder}`));
      for (let file = 0; file < 50; file += 1)
        writeFileSync(join(many, `folder-${folder}`, `file-${file}.txt`), `${folder} ${file}\n`.repeat(file));
    }
    const began = performance.now();
    const { one } = await runProgram([
      'create',
      '--store',
      store,
      '--id',
      idOf('many'),
      '--source',
      many,
      '--about',
      '{}',
    ]);
    console.log(`10,000 files: create took ${Math.round(performance.now() - began)} ms`);
    expect(one('published').manifest).toMatchObject({ entries: { count: 10_201, files: 10_000 } });
    const target = scratch.folder('target');
    const restoring = performance.now();
    await runProgram(['restore', '--store', store, '--id', idOf('many'), '--target', target]);
    console.log(`10,000 files: restore took ${Math.round(performance.now() - restoring)} ms`);
    expect(readdirSync(target)).toHaveLength(200);
  });
});
