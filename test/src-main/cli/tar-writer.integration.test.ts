/** A tree of this computer as an archive: GNU tar and BusyBox read it, and what comes out is the same, judged by rsync. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, linkSync, lstatSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tarOfTree } from '#main/cli/tar-writer.ts';
import { TreeWriter } from '#main/cli/tree-writer.ts';
import { ensureRequirements } from '#test/servers/requirements.ts';

let folder: string;
let tree: string;
const skipped: string[] = [];

beforeEach(async () => {
  await ensureRequirements(['snapshots']);
  folder = await mkdtemp(join(tmpdir(), 'berth-tar-'));
  tree = join(folder, 'tree');
  skipped.length = 0;
  makeNastyTree(tree);
});
afterEach(async () => {
  execFileSync('chmod', ['-R', 'u+rwx', folder]);
  await rm(folder, { recursive: true, force: true });
});

const bytes = (text: string) => Buffer.from(text, 'latin1');
const at = (...parts: (string | Buffer)[]) =>
  Buffer.concat(parts.flatMap((part, index) => [...(index === 0 ? [] : [bytes('/')]), Buffer.from(part)]));

function makeNastyTree(path: string): void {
  mkdirSync(join(path, 'deep', 'x'.repeat(90), 'y'.repeat(90)), { recursive: true });
  writeFileSync(join(path, 'deep', 'x'.repeat(90), 'y'.repeat(90), 'z'.repeat(200)), 'far');
  writeFileSync(at(path, bytes('not-utf8-\xff\xfe')), 'bytes');
  writeFileSync(join(path, 'ünïcödé 🚢 "quoted" $(id) \n line'), 'name');
  writeFileSync(join(path, '-rf'), 'dash');
  writeFileSync(join(path, 'empty'), '');
  writeFileSync(join(path, 'exact'), Buffer.alloc(1024, 'e'));
  writeFileSync(join(path, 'large'), Buffer.alloc(300_001, 'l'));
  writeFileSync(join(path, 'private'), 'p');
  chmodSync(join(path, 'private'), 0o600);
  writeFileSync(join(path, 'program'), '#!/bin/sh\n');
  chmodSync(join(path, 'program'), 0o755);
  linkSync(join(path, 'large'), join(path, 'linked'));
  symlinkSync('../../etc/passwd', join(path, 'escaping'));
  symlinkSync('n'.repeat(300), join(path, 'long-link'));
  symlinkSync('nowhere', join(path, 'dangling'));
  mkdirSync(join(path, 'closed'));
  writeFileSync(join(path, 'closed', 'inside'), 'i');
  utimesSync(join(path, 'private'), 1_000_000_000.125, 1_000_000_000.125);
  utimesSync(join(path, 'exact'), 1_600_000_000, 1_600_000_000);
  utimesSync(join(path, 'closed'), 1_200_000_000, 1_200_000_000);
  chmodSync(join(path, 'closed'), 0o500);
}

function archive(name: string | null = 'tree') {
  return tarOfTree({
    path: Buffer.from(tree),
    name: name === null ? undefined : Buffer.from(name),
    onSkipped: (path, why) => skipped.push(`${path.slice(tree.length + 1)}: ${why}`),
  });
}

async function through(program: readonly [string, ...string[]], source: AsyncIterable<Uint8Array>) {
  const child = spawn(program[0], program.slice(1), { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = once(child, 'close');
  for await (const chunk of source) if (!child.stdin.write(chunk)) await once(child.stdin, 'drain');
  child.stdin.end();
  expect((await ended)[0]).toBe(0);
}

const differences = (to: string, ...flags: string[]) =>
  execFileSync(
    'rsync',
    ['-aH', '--checksum', '--dry-run', '--itemize-changes', '--delete', ...flags, `${tree}/`, `${to}/`],
    {
      encoding: 'utf8',
    },
  );

describe('an archive of a tree', () => {
  it.each<[string, readonly [string, ...string[]], string[]]>([
    ['GNU tar', ['tar'], []],
    // It writes into folders after it set their times, and keeps none of links.
    ['BusyBox', ['busybox', 'tar'], ['--omit-dir-times', '--omit-link-times']],
  ])('is read by %s, and nothing differs', async (_name, program, flags) => {
    const out = join(folder, 'out');
    await mkdir(out);
    await through([...program, '-x', '-p', '-o', '-C', out, '-f', '-'], archive());
    expect(differences(join(out, 'tree'), ...flags)).toBe('');
  });

  it('is read by our own writer, and nothing differs, to the part of a second', async () => {
    const out = join(folder, 'out');
    await mkdir(out);
    const writer = new TreeWriter({
      root: Buffer.from(out),
      rename: Buffer.from('copy'),
      onSkipped: () => undefined,
    });
    await writer.write(archive());
    expect(differences(join(out, 'copy'))).toBe('');
    // Node takes times as numbers of seconds, which are exact to some hundred nanoseconds.
    for (const name of ['private', 'exact', 'closed', 'large', 'dangling']) {
      const [from, to] = [join(tree, name), join(out, 'copy', name)].map((path) => lstatSync(path).mtimeMs);
      expect([name, Math.abs((from ?? 0) - (to ?? 0)) < 0.001]).toEqual([name, true]);
    }
  });

  it('may hold only what is in the folder', async () => {
    const out = join(folder, 'out');
    await mkdir(out);
    await through(['tar', '-x', '-p', '-C', out, '-f', '-'], archive(null));
    expect(differences(out, '--omit-dir-times')).toBe('');
  });

  it('says what it leaves out', async () => {
    const server = createServer().listen(join(tree, 'socket'));
    await once(server, 'listening');
    for await (const _chunk of archive()) {
      // Only what is told counts.
    }
    server.close();
    expect(skipped).toEqual(['socket: a socket']);
  });
});
