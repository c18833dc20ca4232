/**
 * The work of one download: a file, which goes on where it broke off as long as it is the same file, or several entries as
 * an archive, which begins anew.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { FileEntry, PlaceId } from '#contract/files.ts';
import {
  type ByteSink,
  collectedBytes,
  pumpPart,
  type SavePlace,
  savingFailure,
  TooLargeToCollect,
} from '../../state/byte-pump.ts';
import { safeFileName } from '../../state/save-place.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import { baseName, joinPath } from './path-words.ts';
import type { TransferRun } from './transfers.ts';

export type DownloadWhat =
  | { readonly kind: 'file'; readonly entry: FileEntry }
  /** Of the folder; empty: all of it. */
  | { readonly kind: 'archive'; readonly names: readonly string[] };

export interface DownloadStart {
  readonly what: DownloadWhat;
  readonly place: SavePlace;
}

/** What it is saved as, if the person says nothing else. */
export function downloadName(folder: string, what: DownloadWhat): string {
  if (what.kind === 'file') return safeFileName(what.entry.name);
  const [only] = what.names.length === 1 ? what.names : [];
  const name = only ?? (folder === '/' ? 'files' : baseName(folder));
  return `${safeFileName(name)}.zip`;
}

/** Null: the person chose no place for it. */
export async function runDownload(placeId: PlaceId, folder: string, { what, place }: DownloadStart) {
  const name = downloadName(folder, what);
  const isKnown = what.kind === 'file' && what.entry.kind === 'file';
  const bytesTotal = isKnown ? what.entry.sizeBytes : null;
  let create: Awaited<ReturnType<SavePlace['choose']>>;
  try {
    create = await place.choose([name]);
  } catch (cause) {
    throw savingFailure(cause);
  }
  if (create === null) return null;
  const open = async () => {
    if (place.isCollecting && (bytesTotal ?? 0) > collectedBytes) throw new TooLargeToCollect(name);
    return create(name);
  };
  const work = (run: TransferRun) =>
    what.kind === 'file'
      ? downloadFile({ placeId, path: joinPath(folder, what.entry.name), isLink: !isKnown, open, run })
      : downloadArchive({ placeId, path: folder, names: [...what.names], open, run });
  return { title: name, filesTotal: 1, bytesTotal, canPause: isKnown, work };
}

interface Download {
  readonly placeId: PlaceId;
  readonly path: string;
  readonly open: () => Promise<ByteSink>;
  readonly run: TransferRun;
}

async function intoSink(
  { open, run }: Pick<Download, 'open' | 'run'>,
  fill: (sink: ByteSink) => Promise<number>,
): Promise<void> {
  let sink: ByteSink | undefined;
  // At once: what waits for the disk is let go of.
  const stop = () => void sink?.abort().catch(() => undefined);
  run.cancelled.addEventListener('abort', stop, { once: true });
  try {
    sink = await open();
    const doneBytes = await fill(sink);
    await sink.close();
    run.change({ bytesDone: doneBytes, bytesTotal: doneBytes, filesDone: 1 });
  } catch (cause) {
    await sink?.abort().catch(() => undefined);
    throw savingFailure(cause);
  } finally {
    run.cancelled.removeEventListener('abort', stop);
  }
}

async function downloadFile(download: Download & { readonly isLink: boolean }): Promise<void> {
  const { placeId, path, isLink, run } = download;
  await intoSink(download, async (sink) => {
    let doneBytes = 0;
    let version: string | null = null;
    for (let tries = 1; ; ) {
      await run.whenActive();
      const signal = run.active();
      let movedBytes = 0;
      try {
        // A link's own entry says nothing of the file that it leads to: of it nothing is known to go on with.
        if (version === null && !isLink) {
          const entry = await run.client.call('files.look', { placeId, path }, { signal });
          version = entry.version;
          run.change({ bytesTotal: entry.sizeBytes });
        }
        const source = run.client.bytes('files.read', {
          placeId,
          path,
          offset: doneBytes,
          ifVersion: version,
        });
        await pumpPart(source, sink, {
          signal,
          onProgress: (bytes) => {
            movedBytes = bytes;
            run.tell(doneBytes + bytes);
          },
        });
        return doneBytes + movedBytes;
      } catch (cause) {
        if (run.cancelled.aborted) throw cause;
        doneBytes += movedBytes;
        // It moved: what comes is a new trouble.
        if (movedBytes > 0) tries = 1;
        if (signal.aborted) continue;
        const error = toBerthError(cause);
        if (isLink && doneBytes > 0) throw error;
        if (cause instanceof DOMException || !(await run.whenBack(error, tries))) throw cause;
        tries += 1;
      }
    }
  });
}

async function downloadArchive(download: Download & { readonly names: string[] }): Promise<void> {
  const { placeId, path, names, run } = download;
  await intoSink(download, async (sink) => {
    const source = run.client.bytes('files.readFolder', { placeId, path, names, format: 'zip' });
    return pumpPart(source, sink, { signal: run.cancelled, onProgress: run.tell });
  }).catch((cause: unknown) => {
    if (!run.cancelled.aborted && BerthError.is(cause) && cause.code === 'connection-lost')
      throw new BerthError(
        'connection-lost',
        'The connection was lost, and an archive cannot go on in the middle. Download it once more.',
        { cause },
      );
    throw cause;
  });
}
