/** Archives that we write are read by GNU tar, and the other way round. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstTarEntry, folderArchive } from '#main/adapters/docker/tar-archive.ts';
import { cutBytes, pieceLengths } from './cut-bytes.ts';

describe('tar', () => {
  test('GNU tar reads our folder as it was meant', () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-tar-'));
    try {
      const archive = folderArchive({ name: 'work space', uid: 1234, gid: 4321, mode: 0o40750 });
      expect(execFileSync('tar', ['-tvf', '-', '--numeric-owner'], { input: archive }).toString()).toMatch(
        /^drwxr-x--- 1234\/4321 +0 1970-01-01 \S+ work space\/\n$/,
      );
      execFileSync('tar', ['-xf', '-', '-C', folder, '--no-same-owner'], { input: archive });
      expect(statSync(join(folder, 'work space')).isDirectory()).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  test('what we write we read, with any number, however it is cut', async () => {
    const id = fc.integer({ min: 0, max: 4_294_967_294 });
    await fc.assert(
      fc.asyncProperty(
        id,
        id,
        fc.integer({ min: 0, max: 0o7777 }),
        pieceLengths,
        async (uid, gid, mode, sizes) => {
          const pieces = cutBytes(folderArchive({ name: 'a', uid, gid, mode }), sizes);
          const found = await firstTarEntry(Readable.from(pieces, { objectMode: true }));
          expect(found?.entry).toEqual({ type: 'folder', uid, gid, mode, sizeBytes: 0 });
        },
      ),
      { numRuns: 50 },
    );
  });
  test('a file of GNU tar with a long name and extended headers: its content, bounded', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-tar-'));
    try {
      const name = 'n'.repeat(150);
      execFileSync('sh', ['-c', 'printf "%s" "content of the file" >"$1"', 'sh', join(folder, name)]);
      for (const format of ['gnu', 'pax']) {
        const archive = execFileSync('tar', ['-cf', '-', `--format=${format}`, '-C', folder, name]);
        const found = await firstTarEntry(Readable.from([archive], { objectMode: true }), 7);
        expect([found?.entry.type, found?.content.toString()]).toEqual(['file', 'content']);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  test('what is no archive is nothing', async () => {
    expect(
      await firstTarEntry(Readable.from([Buffer.alloc(2048, 0x61)], { objectMode: true })),
    ).toBeUndefined();
    expect(await firstTarEntry(Readable.from([Buffer.alloc(10)], { objectMode: true }))).toBeUndefined();
    expect(() => folderArchive({ name: 'a/b', uid: 0, gid: 0, mode: 0 })).toThrow(RangeError);
  });
});
