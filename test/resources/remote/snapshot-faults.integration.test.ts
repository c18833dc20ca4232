/** Kills, full disks and a workspace that fights back: nothing half is ever called whole. Needs root. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ensureRequirements } from '../../servers/requirements.ts';
import { runProcess } from '../../servers/run-process.ts';
import { differences } from './same-tree.ts';
import { idOf, makeScratch, pythonArgs, runProgram, startProgram } from './snapshot-program.ts';

// Large trees, on a machine that may have other work.
vi.setConfig({ testTimeout: 240_000 });

const scratch = makeScratch();
let tree = '';
beforeAll(async () => {
  await ensureRequirements(['snapshots']);
  tree = scratch.folder('tree');
  for (let index = 0; index < 300; index += 1) {
    mkdirSync(join(tree, `folder-${index}`));
    writeFileSync(join(tree, `folder-${index}`, 'random'), randomBytes(40_000));
    writeFileSync(join(tree, `folder-${index}`, 'text'), `line ${index}\n`.repeat(2000));
  }
}, 600_000);
afterAll(scratch.remove);

const about = ['--about', '{}'];

/** Kills the program at `share` of the time that a whole run takes. */
async function killAt(share: number, wholeMs: number, args: readonly string[], input?: Buffer) {
  const running = startProgram(args, input ? { input } : {});
  const timer = setTimeout(() => running.child.kill('SIGKILL'), share * wholeMs);
  const result = await running.ended;
  clearTimeout(timer);
  return result;
}

async function timeOf(args: readonly string[], input?: Buffer): Promise<number> {
  const began = performance.now();
  expect((await runProgram(args, input ? { input } : {})).exitCode).toBe(0);
  return performance.now() - began;
}

/** Keeps an account of every process that ends (acct(5)), in a process namespace of its own, and goes on as the program. */
const accounted = `
import ctypes, os, sys
if ctypes.CDLL(None, use_errno=True).acct(sys.argv[1].encode()) != 0:
    sys.exit('acct: ' + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[2], sys.argv[2:])
`;

const shares = (count: number) => Array.from({ length: count }, (_, index) => (index + 0.5) / count);

describe('a host that keeps account of its processes', () => {
  it('has whole snapshots: what the kernel notes of tar is no part of an archive', async ({ skip }) => {
    const account = join(scratch.folder('account'), 'pacct');
    writeFileSync(account, '');
    const through = [
      'unshare',
      '--pid',
      '--fork',
      '--mount-proc',
      '/usr/bin/python3',
      '-c',
      accounted,
      account,
    ];
    const store = scratch.folder('store');
    const args = ['create', '--store', store, '--source', tree, '--id', idOf('accounted'), ...about];
    const { exitCode, stderr, stdout } = await startProgram(args, { through }).ended;
    skip(stderr.includes('Function not implemented'), 'this kernel keeps no account of processes');
    expect(exitCode, `${stdout.toString().slice(-500)}${stderr}`).toBe(0);
    expect(readFileSync(account, 'latin1')).toContain('tar');
  });
});

describe('a kill', () => {
  it('at any instant of create leaves a whole snapshot or none', async () => {
    const store = scratch.folder('store');
    const args = (word: string) => [
      'create',
      '--store',
      store,
      '--id',
      idOf(word),
      '--source',
      tree,
      ...about,
    ];
    const wholeMs = await timeOf(args('whole'));
    let killed = 0;
    for (const share of shares(12)) {
      const word = `k${String(share).replace('.', '').slice(0, 6)}`;
      const { exitCode } = await killAt(share, wholeMs, args(word));
      if (exitCode === null) killed += 1;
      const listed = await runProgram(['list', '--store', store]);
      expect(listed.events.filter(({ event }) => event === 'broken')).toEqual([]);
      expect((await runProgram(['sweep', '--store', store])).exitCode).toBe(0);
      expect(readdirSync(store).filter((name) => name.startsWith('.'))).toEqual([]);
      if (existsSync(join(store, idOf(word))))
        expect((await runProgram(['verify', '--store', store, '--id', idOf(word)])).exitCode).toBe(0);
      // The same again succeeds, whatever was left.
      if (share > 0.6 && share < 0.7) expect((await runProgram(args(word))).exitCode).toBe(0);
    }
    expect(killed).toBeGreaterThan(3);
  });

  it('ends tar and zstd with their parent', async () => {
    const store = scratch.folder('store');
    const big = scratch.folder('tree');
    writeFileSync(join(big, 'big'), randomBytes(150_000_000));
    const args = ['create', '--store', store, '--id', idOf('x'), '--source', big, ...about, '--level', '19'];
    const running = startProgram(args);
    await running.said('progress');
    const children = readFileSync(`/proc/${running.child.pid}/task/${running.child.pid}/children`, 'utf8');
    const pids = children.trim().split(' ').map(Number);
    expect(pids).toHaveLength(2);
    running.child.kill('SIGKILL');
    await running.ended;
    const isAlive = (pid: number) =>
      existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    await expect.poll(() => pids.filter(isAlive)).toEqual([]);
    expect((await runProgram(['sweep', '--store', store])).one('swept').removed).toHaveLength(1);
  });

  it('at any instant of restore is made good by the same again', async () => {
    const store = scratch.folder('store');
    const at = ['--store', store, '--id', idOf('a')];
    await runProgram(['create', ...at, '--source', tree, ...about]);
    const args = (target: string) => ['restore', ...at, '--target', target];
    const wholeMs = await timeOf(args(scratch.folder('target')));
    let killed = 0;
    for (const share of shares(8)) {
      const target = scratch.folder('target');
      const { exitCode } = await killAt(share, wholeMs, args(target));
      if (exitCode === null) killed += 1;
      expect([share, (await runProgram(args(target))).exitCode]).toEqual([share, 0]);
      expect(await differences(tree, target)).toEqual([]);
      rmSync(target, { recursive: true });
    }
    expect(killed).toBeGreaterThan(2);
  });

  it('at any instant of import is made good by the same again', async () => {
    const store = scratch.folder('store');
    const at = ['--store', store, '--id', idOf('a')];
    await runProgram(['create', ...at, '--source', tree, ...about]);
    const data = (await runProgram(['export', ...at])).rest;
    const args = (into: string) => [
      'import',
      '--store',
      into,
      '--id',
      idOf('b'),
      '--bytes',
      String(data.length),
      ...about,
    ];
    const wholeMs = await timeOf(args(scratch.folder('store')), data);
    for (const share of shares(8)) {
      const into = scratch.folder('store');
      await killAt(share, wholeMs, args(into), data);
      const listed = await runProgram(['list', '--store', into]).catch(() => undefined);
      expect(listed?.events.filter(({ event }) => event === 'broken')).toEqual([]);
      const again = startProgram(args(into), { input: 'open' });
      const have = Number((await again.said('have')).bytes);
      again.child.stdin?.end(data.subarray(have));
      expect([share, (await again.ended).exitCode]).toEqual([share, 0]);
      expect(readdirSync(into)).toEqual([idOf('b')]);
    }
  });

  it('of a cancelled create or restore is a tidy end', async () => {
    const store = scratch.folder('store');
    const at = ['--store', store, '--id', idOf('a')];
    const creating = startProgram(['create', ...at, '--source', tree, ...about, '--level', '15']);
    await creating.said('progress');
    creating.child.kill('SIGTERM');
    const created = await creating.ended;
    expect([created.exitCode, created.events.at(-1)?.code, readdirSync(store)]).toEqual([
      143,
      'cancelled',
      [],
    ]);
    await runProgram(['create', ...at, '--source', tree, ...about]);
    const target = scratch.folder('target');
    const restoring = startProgram(['restore', ...at, '--target', target]);
    await expect.poll(() => readdirSync(target).length, { interval: 1 }).toBeGreaterThan(3);
    restoring.child.kill('SIGTERM');
    const restored = await restoring.ended;
    expect([restored.exitCode, restored.events.at(-1)?.code, readdirSync(target)]).toEqual([
      143,
      'cancelled',
      [],
    ]);
  });
});

describe('a full disk', () => {
  /** In a mount namespace of its own: the disk is gone with the program. Then says what was left there. */
  const onSmallDisk = (mount: string, folder: string, args: readonly string[]) =>
    runProcess([
      'unshare',
      '-m',
      'sh',
      '-c',
      `${mount} && { "$@"; code=$?; ls -A "$0" | grep -v lost+found | sed 's/^/left: /'; exit $code; }`,
      folder,
      ...pythonArgs,
      ...args,
    ]);

  it.each([
    ['ext4', 'truncate -s 110M "$0.img" && mkfs.ext4 -q "$0.img" && mount -o loop "$0.img" "$0"'],
    ['tmpfs', 'mount -t tmpfs -o size=80m none "$0"'],
  ])('that fills up on the way ends create without a trace: %s', async (_, mount) => {
    const big = scratch.folder('tree');
    writeFileSync(join(big, 'random'), randomBytes(120_000_000));
    const store = scratch.folder('store');
    const args = ['create', '--store', store, '--id', idOf('a'), '--source', big, ...about];
    const { stdout, exitCode } = await onSmallDisk(mount, store, [...args, '--expected-ratio', '0.01']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('"code":"host.disk-full"');
    expect(stdout).not.toContain('left:');
    const early = await onSmallDisk(mount, store, args);
    expect(early.stdout).toContain('The snapshot needs');
    expect(early.stdout).not.toContain('"event":"progress"');
  });

  it('ends restore, and the folder is as empty as before', async () => {
    const store = scratch.folder('store');
    const big = scratch.folder('tree');
    writeFileSync(join(big, 'random'), randomBytes(120_000_000));
    const at = ['--store', store, '--id', idOf('a')];
    await runProgram(['create', ...at, '--source', big, ...about]);
    const target = scratch.folder('target');
    const mount = 'mount -t tmpfs -o size=80m none "$0"';
    const early = await onSmallDisk(mount, target, ['restore', ...at, '--target', target]);
    expect(early.stdout).toContain('The restored files needs');
    // A manifest that says too little: the disk itself says no.
    const path = join(store, idOf('a'), 'manifest.json');
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), allocatedBytes: 0 }));
    const { stdout, exitCode } = await onSmallDisk(mount, target, ['restore', ...at, '--target', target]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('"code":"host.disk-full"');
    expect(stdout).not.toContain('left:');
  });
});

describe('put-back into a live volume', () => {
  async function liveVolume() {
    const store = scratch.folder('store');
    const at = ['--store', store, '--id', idOf('a')];
    await runProgram(['create', ...at, '--source', tree, ...about]);
    const live = scratch.folder('live');
    const outside = scratch.folder('outside');
    const putBack = (...paths: string[]) =>
      runProgram(['put-back', ...at, '--target', live, ...paths.flatMap((path) => ['--path', path])]);
    return { live, outside, putBack };
  }

  it('makes missing folders, keeps what is there, and finds a name for it', async () => {
    const { live, putBack } = await liveVolume();
    const path = 'folder-7/text';
    expect((await putBack(path)).one('put-back')).toEqual({ event: 'put-back', path, kept: null });
    writeFileSync(join(live, path), 'newer');
    mkdirSync(join(live, '.berth-put-back-0123456789abcdef/left/over'), { recursive: true });
    const kept = String((await putBack(path, path)).one('put-back').kept);
    expect(kept).toMatch(/^text\.before-\d{8}-\d{6}$/);
    expect(readFileSync(join(live, 'folder-7', kept), 'utf8')).toBe('newer');
    expect(readFileSync(join(live, path), 'utf8')).toBe('line 7\n'.repeat(2000));
    expect(readdirSync(live)).toEqual(['folder-7']);
    expect((await putBack('.')).exitCode).toBe(1);
    expect((await putBack('folder-7/none')).one('failed').code).toBe('not-found');
  });

  it('refuses a parent that is a link or a file now, and follows nothing', async () => {
    const { live, outside, putBack } = await liveVolume();
    symlinkSync(outside, join(live, 'folder-1'));
    writeFileSync(join(live, 'folder-2'), 'a file');
    for (const path of ['folder-1/text', 'folder-2/text'])
      expect((await putBack(path)).one('failed').code).toBe('conflict');
    expect(readdirSync(outside)).toEqual([]);
    expect(readdirSync(live).sort()).toEqual(['folder-1', 'folder-2']);
    // The link itself may be replaced: it is kept under another name.
    expect((await putBack('folder-1')).one('put-back').kept).toMatch(/^folder-1\.before-/);
    expect(readdirSync(outside)).toEqual([]);
    expect(readdirSync(join(live, 'folder-1')).sort()).toEqual(['random', 'text']);
  });

  it('never writes outside while folders are swapped for links all the time', async () => {
    const { live, outside, putBack } = await liveVolume();
    mkdirSync(join(live, 'folder-1'));
    const attack = `
import os, sys
live, outside = sys.argv[1:]
os.chdir(live)
while True:
    for name in [n for n in os.listdir('.') if n.startswith('.berth')] + ['folder-1']:
        try:
            if name.startswith('.berth'):
                for inner in os.listdir(name):
                    os.rename(name + '/' + inner, name + '/aside'); os.symlink(outside, name + '/' + inner)
            else:
                os.rename(name, 'aside'); os.symlink(outside, name); os.unlink(name); os.rename('aside', name)
        except OSError:
            pass
`;
    const hostile = spawn('/usr/bin/python3', ['-c', attack, live, outside], { stdio: 'ignore' });
    try {
      for (let round = 0; round < 8; round += 1) {
        const { events, stderr } = await putBack('folder-1/text', 'folder-1/random', `folder-${round + 2}`);
        expect(events.at(-1)?.event, stderr).toMatch(/put-back|failed|warning/);
        expect(readdirSync(outside)).toEqual([]);
      }
    } finally {
      hostile.kill('SIGKILL');
    }
  });
});
