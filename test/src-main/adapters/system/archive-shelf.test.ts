/** Archives on this computer: whole and proved, or not there. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { SnapshotId } from '#contract/ids.ts';
import { createArchiveShelf } from '#main/adapters/system/archive-shelf.ts';

const id = 'snap_00000000000000000001' as SnapshotId;
const content = randomBytes(3 * 1024 ** 2 + 17);
const digest = { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
const { signal } = new AbortController();

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});
async function shelfHere() {
  const folder = await mkdtemp(join(tmpdir(), 'berth-shelf-'));
  folders.push(folder);
  return createArchiveShelf(folder);
}
async function* chunksOf(bytes: Uint8Array, size = 100_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const whole = async () => chunksOf(content);
async function readAll(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('an archive', () => {
  it('is kept, for its user alone, listed, read from any byte, and removed', async () => {
    const shelf = await shelfHere();
    expect(await shelf.freeBytes()).toBeGreaterThan(0);
    await shelf.put(id, digest, whole, signal);
    expect(await shelf.list()).toEqual([{ id, bytes: content.length }]);
    await shelf.check(id, digest, signal);
    expect((await readAll(await shelf.open(id, 0))).equals(content)).toBe(true);
    const from = 1_000_001;
    expect((await readAll(await shelf.open(id, from))).equals(content.subarray(from))).toBe(true);
    const path = join(shelf.folder, `${id}.tar.zst`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(shelf.folder)).mode & 0o777).toBe(0o700);
    await shelf.remove(id);
    await shelf.remove(id);
    expect(await shelf.list()).toEqual([]);
    expect(await readdir(shelf.folder)).toEqual([]);
    await expect(shelf.open(id, 0)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('that is there and good is not read again from its host; one that is not is replaced', async () => {
    const shelf = await shelfHere();
    let opened = 0;
    const open = async () => {
      opened += 1;
      return chunksOf(content);
    };
    await shelf.put(id, digest, open, signal);
    await shelf.put(id, digest, open, signal);
    expect(opened).toBe(1);
    const path = join(shelf.folder, `${id}.tar.zst`);
    await truncate(path, 1000);
    await expect(shelf.check(id, digest, signal)).rejects.toMatchObject({ code: 'machine.copy-unverified' });
    await shelf.put(id, digest, open, signal);
    expect(opened).toBe(2);
    expect((await readFile(path)).equals(content)).toBe(true);
  });

  it.each([
    ['cut short', () => chunksOf(content.subarray(0, content.length - 1))],
    [
      'with a bit that was turned',
      () => {
        const wrong = Buffer.from(content);
        wrong[5] = (wrong[5] ?? 0) ^ 1;
        return chunksOf(wrong);
      },
    ],
  ])('%s is never seen', async (_what, source) => {
    const shelf = await shelfHere();
    const put = shelf.put(id, digest, async () => source(), signal);
    await expect(put).rejects.toMatchObject({ code: 'machine.copy-unverified' });
    expect(await shelf.list()).toEqual([]);
    expect(await readdir(shelf.folder)).toEqual([]);
  });

  it('whose way breaks leaves nothing and says why', async () => {
    const shelf = await shelfHere();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield content.subarray(0, 1000);
      throw new BerthError('connection-lost', 'The connection was lost.');
    }
    await expect(shelf.put(id, digest, async () => broken(), signal)).rejects.toMatchObject({
      code: 'connection-lost',
    });
    expect(await readdir(shelf.folder)).toEqual([]);
  });

  it('that is cancelled leaves nothing', async () => {
    const shelf = await shelfHere();
    const stop = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield content.subarray(0, 1000);
        stop.abort(new BerthError('cancelled', 'It was cancelled.'));
      }
    }
    await expect(shelf.put(id, digest, async () => endless(), stop.signal)).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(await readdir(shelf.folder)).toEqual([]);
  });

  it('has no name but an id', async () => {
    const shelf = await shelfHere();
    for (const name of ['../../etc/passwd', 'snap_../..', '', 'snap_0000000000000000000/'])
      await expect(shelf.put(name as SnapshotId, digest, whole, signal)).rejects.toThrow();
    await expect(readdir(shelf.folder)).rejects.toThrow();
    await shelf.put(id, digest, whole, signal);
    await writeFile(join(shelf.folder, 'notes.tar.zst'), 'x');
    expect((await shelf.list()).map((one) => one.id)).toEqual([id]);
  });

  it('that cannot be written says where', async () => {
    const shelf = await shelfHere();
    await writeFile(shelf.folder, 'in the way');
    await expect(shelf.put(id, digest, whole, signal)).rejects.toMatchObject({
      code: 'store.unwritable',
      message: expect.stringContaining(shelf.folder),
    });
  });
});
