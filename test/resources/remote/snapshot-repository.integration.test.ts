/** Snapshots that restic keeps: nothing is lost on the way, nothing half is left, and no secret is seen. Needs root. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RemoteHost, startRemoteHost } from '../../servers/remote-host.ts';
import { ensureRequirements } from '../../servers/requirements.ts';
import { runChecked, runProcess } from '../../servers/run-process.ts';
import { endWithThisProcess } from '../../servers/stop-process.ts';
import { quickenKey } from './quick-key.ts';
import { differences, isSocket } from './same-tree.ts';
import { idOf, makeScratch, type ProgramResult, runProgram, startProgram } from './snapshot-program.ts';

// restic derives its key anew each time that it is started: a second, and more where other work is done.
vi.setConfig({ testTimeout: 240_000 });

const scratch = makeScratch();
const key = `canary-key-${randomBytes(12).toString('hex')}`;
let tree = '';
beforeAll(async () => {
  await ensureRequirements(['snapshots']);
  tree = scratch.folder('tree');
  const script = fileURLToPath(new URL('nasty-tree.py', import.meta.url));
  await runChecked(['/usr/bin/python3', script, tree]);
}, 600_000);
afterAll(scratch.remove);

interface Place {
  readonly store: string;
  readonly folder: string;
  readonly access: Buffer;
}

const lineOf = (place: unknown, secret: string | null = null, itsKey = key) =>
  Buffer.from(`${JSON.stringify({ place, key: itsKey, secret })}\n`);

function newPlace(): Place {
  const folder = join(scratch.folder('repository'), 'inner');
  return { store: scratch.folder('store'), folder, access: lineOf({ kind: 'folder', path: '/x' }) };
}

function argsOf({ store, folder }: Place, command: string, ...more: string[]): string[] {
  return [command, '--store', store, '--repository', '--repository-folder', folder, ...more];
}
const run = (place: Place, command: string, ...more: string[]): Promise<ProgramResult> =>
  runProgram(argsOf(place, command, ...more), { input: place.access });

async function made(place = newPlace()): Promise<Place> {
  const { exitCode, stdout } = await run(place, 'repository', '--make');
  expect([exitCode, exitCode === 0 ? '' : stdout.toString()]).toEqual([0, '']);
  // Those on servers keep what restic made.
  if (existsSync(place.folder)) quickenKey(place.folder, key);
  return place;
}
const create = (place: Place, word: string, source = tree) =>
  run(place, 'create', '--id', idOf(word), '--source', source, '--about', '{}');

async function restic({ folder }: Place, ...args: string[]): Promise<string> {
  const env = { ...process.env, RESTIC_PASSWORD: key, RESTIC_REPOSITORY: folder };
  return await runChecked(['restic', '--no-cache', '--no-lock', ...args], { env });
}
const keptTags = async (place: Place) =>
  (JSON.parse(await restic(place, 'snapshots', '--json')) as { tags: string[] }[] | null) ?? [];

async function goesRound(place: Place): Promise<void> {
  const first = await create(place, 'round');
  const manifest = first.one('published').manifest as Record<string, unknown>;
  expect(manifest).toMatchObject({
    socketsIgnored: 1,
    archive: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/), bytes: expect.any(Number) },
    repository: { id: expect.stringMatching(/^repo_[0-9a-z]{20}$/), snapshot: expect.any(String) },
  });
  expect(readdirSync(join(place.store, idOf('round'))).sort()).toEqual(['entries.zst', 'manifest.json']);
  const target = scratch.folder('target');
  const restored = await run(place, 'restore', '--id', idOf('round'), '--target', target);
  expect(restored.exitCode).toBe(0);
  expect(await differences(tree, target, isSocket)).toEqual([]);
  expect((await run(place, 'verify', '--id', idOf('round'))).exitCode).toBe(0);
  const removed = await run(place, 'remove', '--id', idOf('round'));
  expect(removed.events.map(({ event }) => event)).toEqual(['removed']);
}

describe('a repository in a folder', () => {
  it('gives everything back: rsync and lstat find no difference but the socket', async () => {
    const place = await made();
    await goesRound(place);
    expect(await keptTags(place)).toEqual([]);
    expect(readdirSync(place.store)).toEqual(['.restic']);
  });

  it('keeps content once: a large tree that changed a little adds little', async () => {
    const place = await made();
    const large = scratch.folder('tree');
    for (let index = 0; index < 20; index += 1)
      writeFileSync(join(large, `file-${index}`), randomBytes(3_000_000));
    const bytesOf = (result: ProgramResult) =>
      (result.one('published').manifest as { archive: { bytes: number } }).archive.bytes;
    expect(bytesOf(await create(place, 'one', large))).toBeGreaterThan(60_000_000);
    writeFileSync(join(large, 'a-new-one'), randomBytes(1_000_000));
    writeFileSync(join(large, 'file-7'), 'short now');
    const before = statOf(place.folder);
    expect(bytesOf(await create(place, 'two', large))).toBeLessThan(20_000_000);
    expect(statOf(place.folder) - before).toBeLessThan(20_000_000);
    expect((await run(place, 'remove', '--id', idOf('one'))).exitCode).toBe(0);
    expect((await run(place, 'verify', '--id', idOf('two'))).exitCode).toBe(0);
  });

  it('is read, put back from, and exported as a file that any tar opens and that comes in again', async () => {
    const place = await made();
    const small = scratch.folder('tree');
    writeFileSync(join(small, 'file'), 'content\n');
    await create(place, 'small', small);
    expect((await run(place, 'read', '--id', idOf('small'), '--path', 'file')).rest.toString()).toBe(
      'content\n',
    );
    writeFileSync(join(small, 'file'), 'other\n');
    const back = await run(place, 'put-back', '--id', idOf('small'), '--target', small, '--path', 'file');
    expect(back.one('put-back').kept).toMatch(/^file\.before-/);
    expect(readFileSync(join(small, 'file'), 'utf8')).toBe('content\n');
    const exported = await run(place, 'export', '--id', idOf('small'));
    expect(exported.one('export').bytes).toBeNull();
    expect((await runProcess(['tar', '--zstd', '-t'], { input: exported.rest })).stdout).toBe('./\n./file\n');
    const size = String(exported.rest.length);
    const at = ['--store', scratch.folder('store'), '--id', idOf('in'), '--about', '{}', '--bytes', size];
    const imported = await runProgram(['import', ...at], { input: exported.rest });
    expect(imported.one('published').manifest).toMatchObject({ entries: { count: 2 }, isImported: true });
    // Its list needs no key.
    const listed = await runProgram(['list', '--store', place.store]);
    expect(listed.one('snapshot').manifest).toMatchObject({ id: idOf('small') });
    const locked = await runProgram([
      'read',
      '--store',
      place.store,
      '--id',
      idOf('small'),
      '--path',
      'file',
    ]);
    expect(locked.one('failed').code).toBe('conflict');
  });

  it('is opened with its key from a store that knows nothing, twice over the same', async () => {
    const place = await made();
    await create(place, 'one');
    const elsewhere: Place = { ...place, store: scratch.folder('store') };
    const opened = await run(elsewhere, 'repository', '--open');
    const name = opened.one('repository').id;
    expect(name).not.toBe((await run(place, 'repository', '--open')).one('repository').id);
    expect((await run(elsewhere, 'repository', '--open')).one('repository').id).toBe(name);
    const read = (file: string) =>
      createHash('sha256')
        .update(readFileSync(join(file, idOf('one'), 'entries.zst')))
        .digest('hex');
    expect(read(elsewhere.store)).toBe(read(place.store));
    expect(
      JSON.parse(readFileSync(join(elsewhere.store, idOf('one'), 'manifest.json'), 'utf8')),
    ).toMatchObject({ about: { repositoryId: name }, repository: { id: name } });
    expect((await run(elsewhere, 'verify', '--id', idOf('one'))).exitCode).toBe(0);
    // What another store has in it is none of this one's to tidy up.
    rmSync(join(elsewhere.store, idOf('one')), { recursive: true });
    expect((await run(elsewhere, 'repository', '--check')).one('checked').forgotten).toBe(0);
    expect((await run(place, 'verify', '--id', idOf('one'))).exitCode).toBe(0);
  });

  it('is refused where there is something already, with another key, and where there is none', async () => {
    const place = await made();
    expect((await run(place, 'repository', '--make')).one('failed').code).toBe('conflict');
    const wrong = { ...place, access: lineOf({ kind: 'folder', path: '/x' }, null, 'another key') };
    for (const [command, ...more] of [
      ['repository', '--open'],
      ['repository', '--check'],
      ['create', '--id', idOf('x'), '--source', tree, '--about', '{}'],
    ] as const)
      expect((await run(wrong, command, ...more)).one('failed').code).toBe('repository.wrong-key');
    expect((await run(newPlace(), 'repository', '--open')).one('failed').code).toBe('repository.unreachable');
    const full = newPlace();
    mkdirSync(full.folder);
    writeFileSync(join(full.folder, 'mine'), 'precious');
    expect((await run(full, 'repository', '--make')).one('failed').code).toBe('conflict');
    const none = await runProgram(argsOf(place, 'verify', '--id', idOf('x')));
    expect([none.exitCode, none.events]).toEqual([75, []]);
  });

  it('that is damaged is told for damaged', async () => {
    const place = await made();
    const small = scratch.folder('tree');
    writeFileSync(join(small, 'file'), randomBytes(3_000_000));
    await create(place, 'one', small);
    const found = await runChecked(['find', join(place.folder, 'data'), '-type', 'f', '-size', '+1000000c']);
    const large = found.trim().split('\n');
    expect(large).not.toEqual(['']);
    for (const path of large) {
      const bytes = readFileSync(path);
      bytes.writeUInt8(bytes.readUInt8(500_000) ^ 1, 500_000);
      writeFileSync(path, bytes);
    }
    expect((await run(place, 'repository', '--check')).one('failed').code).toBe('snapshot.corrupt');
    const target = scratch.folder('target');
    const restored = await run(place, 'restore', '--id', idOf('one'), '--target', target);
    expect(restored.one('failed').code).toBe('snapshot.corrupt');
    expect(readdirSync(target)).toEqual([]);
    expect((await run(place, 'verify', '--id', idOf('one'))).one('failed').code).toBe('snapshot.corrupt');
    // restic tries for three quarters of a minute to read what is cut short: once is enough.
    for (const path of large) truncateSync(path, 1_000_000);
    expect((await run(place, 'repository', '--check')).one('failed').code).toBe('snapshot.corrupt');
  });

  it('that is large is read in parts, the next at each check, so that damage anywhere is found', async () => {
    const place = await made();
    const large = scratch.folder('tree');
    // The smallest packs that restic makes, and no larger for what is in them: more than 64, as in a repository of more than a
    // GiB.
    for (let index = 0; index < 740; index += 1)
      writeFileSync(join(large, `file-${index}`), randomBytes(420_000));
    const env = {
      ...process.env,
      RESTIC_PASSWORD: key,
      RESTIC_REPOSITORY: place.folder,
      RESTIC_PACK_SIZE: '4',
    };
    await runChecked(['restic', '--no-cache', 'backup', '-q', large], { env });
    const found = await runChecked(['find', join(place.folder, 'data'), '-type', 'f', '-size', '+3000000c']);
    const packs = found.trim().split('\n');
    expect(packs.length).toBeGreaterThan(64);
    // restic takes the packs of part n of 2 by the first byte of their names.
    const path = packs.find((one) => Number.parseInt(basename(one).slice(0, 2), 16) % 2 === 1) ?? '';
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(500_000) ^ 1, 500_000);
    writeFileSync(path, bytes);
    expect((await run(place, 'repository', '--check')).exitCode).toBe(0);
    expect((await run(place, 'repository', '--check')).one('failed').code).toBe('snapshot.corrupt');
    // It goes on with the part that was found damaged until that is mended.
    expect((await run(place, 'repository', '--check')).one('failed').code).toBe('snapshot.corrupt');
  });
});

const statOf = (folder: string): number =>
  readdirSync(folder, { recursive: true }).reduce(
    (sum: number, name) => sum + statSync(join(folder, String(name))).size,
    0,
  );

describe('a kill', () => {
  it('at any instant of create leaves a whole snapshot or none, and what is left in restic is found', async () => {
    const place = await made();
    const small = scratch.folder('tree');
    writeFileSync(join(small, 'random'), randomBytes(30_000_000));
    const began = performance.now();
    await create(place, 'whole', small);
    const wholeMs = performance.now() - began;
    let killed = 0;
    for (let index = 0; index < 12; index += 1) {
      const id = idOf(`k${index}x`);
      const args = argsOf(place, 'create', '--id', id, '--source', small, '--about', '{}');
      const running = startProgram(args, { input: place.access });
      const timer = setTimeout(() => running.child.kill('SIGKILL'), ((index + 0.5) / 12) * wholeMs);
      if ((await running.ended).exitCode === null) killed += 1;
      clearTimeout(timer);
      const { events } = await runProgram(['list', '--store', place.store, '--sweep']);
      expect(events.filter(({ event }) => event === 'broken')).toEqual([]);
      expect(readdirSync(place.store).filter((name) => /^\.(tmp|del)/.test(name))).toEqual([]);
      if (existsSync(join(place.store, id)))
        expect((await run(place, 'verify', '--id', id)).exitCode).toBe(0);
      // The same again succeeds, whatever was left.
      if (index === 7) expect((await runProgram(args, { input: place.access })).exitCode).toBe(0);
    }
    expect(killed).toBeGreaterThan(5);
    expect((await run(place, 'repository', '--check')).exitCode).toBe(0);
    const published = readdirSync(place.store).filter((name) => !name.startsWith('.'));
    const kept = await keptTags(place);
    expect(kept).toHaveLength(published.length * 2);
    expect(
      [...new Set(kept.flatMap(({ tags }) => tags.filter((tag) => tag.startsWith('snap_'))))].sort(),
    ).toEqual(published.sort());
    expect(await restic(place, 'list', 'locks')).toBe('');
  });

  it('at any instant of remove leaves what can be read or is not listed', async () => {
    const place = await made();
    const small = scratch.folder('tree');
    writeFileSync(join(small, 'random'), randomBytes(3_000_000));
    await create(place, 'stays', small);
    await create(place, 'whole', small);
    const began = performance.now();
    await run(place, 'remove', '--id', idOf('whole'));
    const wholeMs = performance.now() - began;
    let killed = 0;
    for (const [index, share] of [0.1, 0.3, 0.5, 0.65, 0.8, 0.95].entries()) {
      const id = idOf(`r${index}x`);
      await create(place, `r${index}x`, small);
      const running = startProgram(argsOf(place, 'remove', '--id', id), { input: place.access });
      const timer = setTimeout(() => running.child.kill('SIGKILL'), share * wholeMs);
      if ((await running.ended).exitCode === null) killed += 1;
      clearTimeout(timer);
      await runProgram(['sweep', '--store', place.store]);
      if (existsSync(join(place.store, id)))
        expect((await run(place, 'verify', '--id', id)).exitCode).toBe(0);
      expect((await run(place, 'remove', '--id', id)).exitCode).toBe(0);
    }
    expect(killed).toBeGreaterThan(1);
    expect(await keptTags(place)).toHaveLength(2);
    expect((await run(place, 'verify', '--id', idOf('stays'))).exitCode).toBe(0);
  });
});

/** All arguments of all processes now. */
function allArguments(): string {
  let text = '';
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      text += readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    } catch {
      // Gone meanwhile.
    }
  return text;
}

/** Runs one and looks at every process of the machine all the while. */
async function watched(place: Place, secrets: readonly string[], command: string, ...more: string[]) {
  const running = startProgram(argsOf(place, command, ...more), { input: place.access });
  const seen = new Set<string>();
  const timer = setInterval(() => {
    const found = allArguments();
    for (const word of [...secrets, 'snapshot-helper.py', 'restic']) if (found.includes(word)) seen.add(word);
  }, 20);
  const result = await running.ended;
  clearInterval(timer);
  // It did look, and saw the two that know the secrets.
  expect([...seen].sort()).toEqual(['restic', 'snapshot-helper.py']);
  for (const secret of secrets) {
    expect(result.stdout.toString()).not.toContain(secret);
    expect(result.stderr).not.toContain(secret);
  }
  return result;
}

const leftInTmp = () => readdirSync('/tmp').filter((name) => name.startsWith('berth-repository-'));

describe('a repository on a server', () => {
  it('over REST: all goes round, the password is seen nowhere, and a server that is away is told so', async () => {
    const port = await freePort();
    const password = 'p@ss/w:rd canary%41';
    const place: Place = {
      store: scratch.folder('store'),
      folder: '/nowhere',
      access: lineOf({ kind: 'rest', url: `http://127.0.0.1:${port}/inner/`, user: 'us er' }, password),
    };
    const secrets = [key, password, encodeURIComponent(password)];
    const away = await watched(place, secrets, 'repository', '--open');
    expect(away.one('failed').code).toBe('repository.unreachable');
    const args = ['serve', 'restic', '--addr', `127.0.0.1:${port}`, scratch.folder('repository')];
    const env = { ...process.env, RCLONE_USER: 'us er', RCLONE_PASS: password };
    const server = spawn('rclone', args, { env, stdio: 'ignore' });
    endWithThisProcess(server);
    try {
      await expect
        .poll(async () => (await run(place, 'repository', '--make')).exitCode, { timeout: 60_000 })
        .toBe(0);
      await goesRound(place);
      await watched(place, secrets, 'create', '--id', idOf('seen'), '--source', tree, '--about', '{}');
      const wrong: Place = {
        ...place,
        access: lineOf(
          { kind: 'rest', url: `http://127.0.0.1:${port}/inner/`, user: 'us er' },
          'no-password',
        ),
      };
      const refused = await watched(wrong, ['no-password'], 'repository', '--check');
      expect(refused.one('failed').code).toBe('repository.unreachable');
      expect(statSync(join(place.store, '.restic-cache')).mode & 0o777).toBe(0o700);
    } finally {
      server.kill();
    }
  });

  describe('over SFTP', () => {
    let remote: RemoteHost;
    beforeAll(async () => {
      remote = await startRemoteHost({ engine: false });
    }, 120_000);
    afterAll(async () => {
      await remote?.stop();
    });
    const placeOf = (over: Record<string, unknown> = {}) => ({
      kind: 'sftp',
      user: remote.user,
      host: remote.address,
      port: remote.port,
      path: '/srv/repository',
      hostKey: `${remote.address} ${remote.hostKeyPublic}`,
      ...over,
    });

    it('all goes round, the private key is seen nowhere and gone at the end', async () => {
      const privateKey = readFileSync(remote.clientKeyPath, 'utf8');
      const secrets = [key, privateKey.split('\n')[1] ?? ''];
      const place: Place = {
        store: scratch.folder('store'),
        folder: '/nowhere',
        access: lineOf(placeOf(), privateKey),
      };
      await made(place);
      await goesRound(place);
      await watched(place, secrets, 'create', '--id', idOf('seen'), '--source', tree, '--about', '{}');
      expect(await remote.runChecked(['ls', '/srv/repository'])).toContain('config');
      expect(leftInTmp()).toEqual([]);
    });

    it('another host key, a key that is not let in and a host that is away are told', async () => {
      const privateKey = readFileSync(remote.clientKeyPath, 'utf8');
      const other = `${remote.hostKeyPublic.slice(0, -12)}AAAAAAAAAAAA`;
      const strangerPath = join(scratch.folder('key'), 'key');
      await runChecked(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', strangerPath]);
      const stranger = readFileSync(strangerPath, 'utf8');
      for (const [place, secret] of [
        [placeOf({ hostKey: other }), privateKey],
        [placeOf(), stranger],
        [placeOf({ port: 9 }), privateKey],
        [placeOf({ hostKey: 'nonsense' }), privateKey],
        [placeOf(), null],
      ] as const) {
        const at: Place = {
          store: scratch.folder('store'),
          folder: '/nowhere',
          access: lineOf(place, secret),
        };
        const failed = (await openedBy(at, secret)).one('failed');
        expect([failed.code, failed.message]).toEqual(['repository.unreachable', expect.any(String)]);
      }
      expect(leftInTmp()).toEqual([]);
    });

    async function openedBy(place: Place, secret: string | null): Promise<ProgramResult> {
      const result = await run(place, 'repository', '--open');
      if (secret !== null) expect(result.stdout.toString()).not.toContain(secret.split('\n')[1]);
      return result;
    }
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
