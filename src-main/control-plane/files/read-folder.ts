/** A folder as one archive, as it is read: never more of it in memory than a few small files. */
import { BerthError } from '#contract/berth-error.ts';
import type { FileRead } from '../interfaces/file-access.ts';
import type { Archiver } from '../interfaces/archiver.ts';
import { TarWriter } from './tar-writer.ts';
import { readTree, type ReadItem, type TreeFrom } from './walk-tree.ts';
import { ZipWriter } from './zip-writer.ts';

export interface ArchiveWriter {
  file(item: ReadItem, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** A folder or a link. */
  entry(item: ReadItem): Iterable<Uint8Array>;
  end(): Iterable<Uint8Array>;
}

export async function* writeArchive(
  from: TreeFrom,
  format: 'zip' | 'tar',
  archiver: Archiver,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const writer: ArchiveWriter = format === 'tar' ? new TarWriter() : new ZipWriter(archiver);
  for await (const item of readTree(from, signal)) {
    const { file, entry } = item;
    // FIFOs, sockets and devices are nothing that an archive could hold.
    if (entry.kind === 'other' || (entry.kind === 'link' && entry.target === null)) continue;
    if (file === undefined) yield* writer.entry(item);
    else
      try {
        yield* writer.file(item, exactly(file, item.path));
      } finally {
        file.close();
      }
  }
  yield* writer.end();
}

/** What grows while it is read is read as far as it was; what shrinks cannot be written as what was said. */
async function* exactly({ entry, bytes }: FileRead, path: string): AsyncGenerator<Uint8Array> {
  let left = entry.sizeBytes;
  if (left > 0)
    for await (const piece of bytes) {
      yield piece.byteLength > left ? piece.subarray(0, left) : piece;
      left -= Math.min(left, piece.byteLength);
      if (left === 0) return;
    }
  if (left > 0)
    throw new BerthError('file.failed', `“${path}” became shorter while it was read. Try again.`, {
      details: { path },
    });
}
