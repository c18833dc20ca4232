/**
 * Archives as files of the data folder. Written beside, brought to the disk, read back and compared, and only then renamed;
 * a power cut leaves the old file, the new one or none. The names are ids and nothing else.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';
import { SnapshotId } from '#contract/ids.ts';
import type { ArchiveDigest, ArchiveShelf } from '../../control-plane/interfaces/archive-shelf.ts';

const ending = '.tar.zst';

export function createArchiveShelf(dataFolder: string): ArchiveShelf {
  const folder = join(dataFolder, 'sleeping');
  const pathOf = (id: SnapshotId) => join(folder, `${SnapshotId.parse(id)}${ending}`);

  async function check(path: string, digest: ArchiveDigest, signal: AbortSignal): Promise<boolean> {
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      for await (const chunk of createReadStream(path, { signal, highWaterMark: 1024 ** 2 })) {
        hash.update(chunk as Buffer);
        bytes += (chunk as Buffer).length;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (codeOf(error) === 'ENOENT') return false;
      throw unwritable(folder, error);
    }
    return bytes === digest.bytes && hash.digest('hex') === digest.sha256;
  }

  return {
    folder,
    async freeBytes() {
      // Before the first archive there is only the folder above.
      for (const path of [folder, dataFolder]) {
        const space = await statfs(path).catch(() => undefined);
        if (space !== undefined) return space.bavail * space.bsize;
      }
      return undefined;
    },
    async put(id, digest, openSource, signal) {
      const path = pathOf(id);
      if (await check(path, digest, signal)) return;
      const temporary = `${path}.new`;
      const source = await openSource();
      try {
        await write(folder, temporary, source, signal);
        if (!(await check(temporary, digest, signal))) throw unverified(id);
        await rename(temporary, path);
        await syncFolder(folder);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        signal.throwIfAborted();
        throw isForeign(error) ? unwritable(folder, error) : error;
      }
    },
    async check(id, digest, signal) {
      if (!(await check(pathOf(id), digest, signal))) throw unverified(id);
    },
    async open(id, fromByte) {
      const path = pathOf(id);
      const there = await stat(path).catch(() => undefined);
      if (there === undefined)
        throw new BerthError('not-found', `The archive ${id} is not in ${folder} any more.`);
      return createReadStream(path, { start: fromByte, highWaterMark: 1024 ** 2 });
    },
    async list() {
      const names = await readdir(folder).catch(() => []);
      const found: { id: SnapshotId; bytes: number }[] = [];
      for (const name of names) {
        const id = SnapshotId.safeParse(name.endsWith(ending) ? name.slice(0, -ending.length) : '');
        const facts = id.success ? await stat(join(folder, name)).catch(() => undefined) : undefined;
        if (id.success && facts !== undefined) found.push({ id: id.data, bytes: facts.size });
      }
      return found;
    },
    async remove(id) {
      const path = pathOf(id);
      await rm(path, { force: true });
      await rm(`${path}.new`, { force: true });
    },
  };
}

async function write(
  folder: string,
  path: string,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // One that an earlier try left may have been written half: it begins anew.
  await rm(path, { force: true });
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'wx', 0o600);
    for await (const chunk of source) {
      signal.throwIfAborted();
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file?.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows has no such call for folders; NTFS journals names by itself.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unverified(id: SnapshotId): BerthError {
  return new BerthError(
    'machine.copy-unverified',
    `What was kept of ${id} on this computer is not what was read. Nothing was destroyed; try again.`,
  );
}

function unwritable(folder: string, cause: unknown): BerthError {
  return new BerthError(
    'store.unwritable',
    codeOf(cause) === 'ENOSPC'
      ? `The disk of this computer is full: ${folder} takes no more. Make room, then try again.`
      : `The archives in ${folder} cannot be read or written (${codeOf(cause)}).`,
    { cause },
  );
}

/** Of the file system, not of who gave the bytes. */
function isForeign(error: unknown): boolean {
  return !(error instanceof BerthError) && codeOf(error).startsWith('E');
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unknown';
}
