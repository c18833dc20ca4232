/** Archives from elsewhere, the bad ones first: nothing is written outside the folder, and no link is followed. */
import { execFileSync } from 'node:child_process';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TreeWriter, UnsafeArchive } from '#main/cli/tree-writer.ts';

let folder: string;
let root: string;
const skipped: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-tree-'));
  root = join(folder, 'root');
  await mkdir(root);
  await mkdir(join(folder, 'outside'));
  await writeFile(join(folder, 'outside', 'precious'), 'precious', { mode: 0o600 });
  skipped.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Entry = Parameters<ReturnType<typeof pack>['entry']>[0] & { readonly content?: string };

async function archiveOf(entries: readonly Entry[]): Promise<Uint8Array[]> {
  const archive = pack();
  for (const { content, ...header } of entries) archive.entry(header, content ?? '');
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return chunks;
}

async function* pieces(chunks: readonly Uint8Array[], size: number) {
  const whole = Buffer.concat(chunks);
  for (let offset = 0; offset < whole.byteLength; offset += size) yield whole.subarray(offset, offset + size);
}

async function write(entries: readonly Entry[], rename?: string) {
  const writer = new TreeWriter({
    root: Buffer.from(root),
    rename: rename === undefined ? undefined : Buffer.from(rename),
    onSkipped: (name, why) => skipped.push(`${name}: ${why}`),
  });
  await writer.write(pieces(await archiveOf(entries), 700));
  return writer;
}

const outside = async () => {
  const names = (await readdir(folder)).sort();
  const inside = await readdir(join(folder, 'outside'));
  return { names, inside, precious: await readFile(join(folder, 'outside', 'precious'), 'utf8') };
};
const untouched = { names: ['outside', 'root'], inside: ['precious'], precious: 'precious' };

describe('an archive that wants out', () => {
  it.each<[string, Entry[]]>([
    ['by its name', [{ name: '../outside/new', content: 'x' }]],
    ['from the middle of its name', [{ name: 'a/../../outside/precious', content: 'x' }]],
    ['by an absolute name', [{ name: '/tmp/berth-absolute', content: 'x' }]],
    ['by a folder', [{ name: '../made', type: 'directory' }]],
    [
      'through a link that it brings itself',
      [
        { name: 'way', type: 'symlink', linkname: '../outside' },
        { name: 'way/precious', content: 'x' },
      ],
    ],
    [
      'through a link to a link',
      [
        { name: 'a', type: 'directory' },
        { name: 'a/up', type: 'symlink', linkname: '../..' },
        { name: 'way', type: 'symlink', linkname: 'a/up' },
        { name: 'way/outside/new', content: 'x' },
      ],
    ],
    ['by a hard link to a file outside', [{ name: 'hard', type: 'link', linkname: '../outside/precious' }]],
    [
      'by a hard link through a link',
      [
        { name: 'way', type: 'symlink', linkname: '../outside' },
        { name: 'hard', type: 'link', linkname: 'way/precious' },
      ],
    ],
    ['by the name of a symbolic link', [{ name: '../link', type: 'symlink', linkname: 'root' }]],
  ])('does not get there %s', async (_how, entries) => {
    await expect(write(entries)).rejects.toThrow(UnsafeArchive);
    expect(await outside()).toEqual(untouched);
  });

  it('replaces a link, and does not write through it', async () => {
    await symlink('../outside/precious', join(root, 'file'));
    await write([{ name: 'file', content: 'new' }]);
    expect(await outside()).toEqual(untouched);
    expect((await lstat(join(root, 'file'))).isFile()).toBe(true);
  });

  it('does not go through a link that was there before, nor link to what was', async () => {
    await symlink('../outside', join(root, 'way'));
    await writeFile(join(root, 'mine'), 'mine');
    await expect(write([{ name: 'way/new', content: 'x' }])).rejects.toThrow(/is a link/);
    await expect(write([{ name: 'hard', type: 'link', linkname: 'mine' }])).rejects.toThrow(UnsafeArchive);
    expect(await outside()).toEqual(untouched);
  });

  it('makes no file that runs as another, and no device', async () => {
    await write([
      { name: 'suid', content: 'x', mode: 0o6755 },
      { name: 'device', type: 'character-device', devmajor: 1, devminor: 3 },
      { name: 'pipe', type: 'fifo' },
    ]);
    expect((await stat(join(root, 'suid'))).mode & 0o7777).toBe(0o755);
    expect(await readdir(root)).toEqual(['suid']);
    expect(skipped).toHaveLength(2);
  });
});

describe('an archive', () => {
  it('comes out with modes, times and links, under another name where asked', async () => {
    const mtime = new Date('2020-02-03T04:05:06Z');
    await write(
      [
        { name: 'src', type: 'directory', mode: 0o550, mtime },
        { name: 'src/f', content: 'one', mode: 0o640, mtime },
        { name: 'src/again', type: 'link', linkname: 'src/f', mtime },
        { name: 'src/l', type: 'symlink', linkname: '../anywhere', mtime },
      ],
      'copy',
    );
    const facts = await stat(join(root, 'copy'));
    expect([facts.mode & 0o777, facts.mtime]).toEqual([0o550, mtime]);
    const file = await stat(join(root, 'copy/f'));
    expect([file.mode & 0o777, file.mtime, file.nlink]).toEqual([0o640, mtime, 2]);
    expect(await readlink(join(root, 'copy/l'))).toBe('../anywhere');
    expect((await lstat(join(root, 'copy/l'))).mtime).toEqual(mtime);
    execFileSync('chmod', ['-R', 'u+w', root]);
  });

  it('is told from one that was cut, and from what is none', async () => {
    const writer = () =>
      new TreeWriter({ root: Buffer.from(root), rename: undefined, onSkipped: () => undefined });
    const [whole] = [Buffer.concat(await archiveOf([{ name: 'f', content: 'x'.repeat(5000) }]))];
    await expect(writer().write(pieces([whole.subarray(0, 2000)], 512))).rejects.toThrow(
      /ends in the middle/,
    );
    await expect(writer().write(pieces([Buffer.alloc(4096, 7)], 512))).rejects.toThrow(/no tar archive/);
  });
});
