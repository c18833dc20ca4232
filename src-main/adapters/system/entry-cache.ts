/**
 * Lists of entries as files of the data folder, one a snapshot, as the host sent them. Written beside and renamed, so that
 * a half one is never read; what cannot be read is as if it were not there.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { BerthError } from '#contract/berth-error.ts';
import { SnapshotId } from '#contract/ids.ts';
import type { EntryCache } from '../../control-plane/interfaces/entry-cache.ts';

const decompress = promisify(zstdDecompress);
/** Five million entries of 200 bytes; more is a host that wants our memory. */
const MAX_TEXT_BYTES = 1024 ** 3;

export function createEntryCache(dataFolder: string): EntryCache {
  const folder = join(dataFolder, 'snapshot-entries');
  const pathOf = (id: string) => join(folder, `${SnapshotId.parse(id)}.zst`);
  return {
    async read(id) {
      try {
        return await textOf(await readFile(pathOf(id)));
      } catch {
        return undefined;
      }
    },
    async write(id, compressed) {
      const path = pathOf(id);
      let text: string;
      try {
        text = await textOf(compressed);
      } catch (cause) {
        throw new BerthError(
          'snapshot.corrupt',
          'The list of the snapshot’s entries cannot be read. Verify it.',
          {
            cause,
          },
        );
      }
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(`${path}.new`, compressed, { mode: 0o600 });
      await rename(`${path}.new`, path);
      return text;
    },
    async keepOnly(ids) {
      const names = await readdir(folder).catch(() => []);
      for (const name of names)
        if (!ids.has(name.replace(/\.zst(\.new)?$/, ''))) await rm(join(folder, name), { force: true });
    },
  };
}

async function textOf(compressed: Uint8Array): Promise<string> {
  const text = await decompress(compressed, { maxOutputLength: MAX_TEXT_BYTES });
  return text.toString('utf8');
}
