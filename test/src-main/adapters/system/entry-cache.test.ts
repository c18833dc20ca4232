import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEntryCache } from '#main/adapters/system/entry-cache.ts';

const id = `snap_${'a'.repeat(20)}`;
const other = `snap_${'b'.repeat(20)}`;
const text = 'f\t644\t0\t0\t1\t0.000000000\t-\t-\tone\t\n';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-cache-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the cache of lists', () => {
  it('gives back what was kept, for this user alone', async () => {
    const cache = createEntryCache(folder);
    expect(await cache.read(id)).toBeUndefined();
    expect(await cache.write(id, zstdCompressSync(text))).toBe(text);
    expect(await createEntryCache(folder).read(id)).toBe(text);
    const { mode } = await stat(join(folder, 'snapshot-entries', `${id}.zst`));
    expect(mode & 0o777).toBe(0o600);
  });

  it('refuses what is no list, and keeps nothing of it', async () => {
    const cache = createEntryCache(folder);
    await expect(cache.write(id, Buffer.from('garbage'))).rejects.toMatchObject({ code: 'snapshot.corrupt' });
    expect(await cache.read(id)).toBeUndefined();
  });

  it('reads a damaged file as none', async () => {
    const cache = createEntryCache(folder);
    await cache.write(id, zstdCompressSync(text));
    await writeFile(join(folder, 'snapshot-entries', `${id}.zst`), 'x');
    expect(await cache.read(id)).toBeUndefined();
  });

  it('forgets the lists of snapshots that are gone', async () => {
    const cache = createEntryCache(folder);
    await cache.keepOnly(new Set());
    for (const one of [id, other]) await cache.write(one, zstdCompressSync(text));
    await cache.keepOnly(new Set([other]));
    expect(await readdir(join(folder, 'snapshot-entries'))).toEqual([`${other}.zst`]);
  });

  it('never leaves its folder', async () => {
    const cache = createEntryCache(folder);
    await expect(cache.write('../../escape', zstdCompressSync(text))).rejects.toThrow();
    expect(await readdir(folder)).toEqual([]);
  });
});
