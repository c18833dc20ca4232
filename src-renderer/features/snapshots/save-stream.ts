/**
 * Saves a stream of bytes as a file on this computer. Where the browser can write files (Chromium, Electron) the bytes go
 * to the disk as they come, and the sender waits for the disk; elsewhere they are collected and handed over as a download,
 * up to `collectedBytes`.
 *
 * Guarantees: credit goes back only for bytes that were written; a save that is cancelled or fails leaves no half file
 * where the browser can prevent it. Knows nothing of snapshots.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { PlaneClient } from '../../state/api.ts';
import type { Notices } from '../../state/notices.ts';
import { formatBytes } from '../../components/format.ts';

export type ByteSource = ReturnType<PlaneClient['bytes']>;

/** Where bytes go. `FileSystemWritableFileStream` is one. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

/** What is saved. `sizeBytes` null: nobody knows before the end. */
export interface SaveItem {
  readonly name: string;
  readonly sizeBytes: number | null;
  readonly open: () => ByteSource;
}

/** How this browser saves. Null: the person chose nothing. */
export interface SavePlace {
  /** Must be called in the person's own click: browsers refuse it later. `names` has one or more. */
  choose(names: readonly string[]): Promise<((name: string) => Promise<ByteSink>) | null>;
  /** The browser holds everything in memory until the end. */
  readonly isCollecting: boolean;
}

/**
 * Bytes that are held in memory where the browser cannot write files: a tab that needs more than this is closed by
 * browsers on machines with 8 GiB.
 */
export const collectedBytes = 1024 ** 3;

/** Milliseconds between two words about the progress. */
const tellEveryMs = 120;

export class TooLargeToCollect extends BerthError {
  constructor(name: string) {
    super(
      'invalid-input',
      `${name} is larger than ${formatBytes(collectedBytes)}, and this browser can only save files that fit into its memory. Save it in the Berth app, or in Chrome or Edge.`,
    );
  }
}

/** Moves all bytes. Resolves with their number when they are safe; rejects with what ended it, `cancelled` by the signal. */
export async function pump(
  source: ByteSource,
  sink: ByteSink,
  options: { readonly signal: AbortSignal; readonly onProgress?: (doneBytes: number) => void },
): Promise<number> {
  const { signal, onProgress } = options;
  let written = Promise.resolve();
  let doneBytes = 0;
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);
  const onAbort = () => {
    source.close();
    broken.reject(new BerthError('cancelled', 'It was cancelled.'));
  };
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  source.onBytes((bytes, done) => {
    written = written.then(async () => {
      await sink.write(bytes);
      doneBytes += bytes.byteLength;
      done();
      onProgress?.(doneBytes);
    });
    written.catch((cause: unknown) => {
      source.close();
      broken.reject(cause);
    });
  });
  try {
    await Promise.race([source.ended, broken.promise]);
    await Promise.race([written, broken.promise]);
    await sink.close();
    return doneBytes;
  } catch (cause) {
    source.close();
    await sink.abort().catch(() => undefined);
    throw cause;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

export interface SaveDeps {
  readonly notices: Pick<Notices, 'begin'>;
  readonly place: SavePlace;
  readonly now?: () => number;
}

/**
 * Asks where to, saves one thing after the other, and tells how far it is in a notice that can cancel. Resolves true when
 * all of it is saved; false when the person chose nothing, cancelled, or it failed (which the notice says).
 */
export async function saveItems(deps: SaveDeps, items: readonly SaveItem[]): Promise<boolean> {
  const { notices, place, now = () => Date.now() } = deps;
  const first = items[0];
  if (first === undefined) return false;
  const what = items.length === 1 ? first.name : `${items.length} entries`;
  let create: Awaited<ReturnType<SavePlace['choose']>>;
  try {
    create = await place.choose(items.map(({ name }) => name));
  } catch (cause) {
    const refused = notices.begin({
      title: `Saving ${what}`,
      action: { label: 'Cancel', run: () => undefined },
    });
    refused.fail(`${what} could not be saved`, refusal(cause));
    return false;
  }
  if (create === null) return false;
  const stop = new AbortController();
  const notice = notices.begin({
    title: `Saving ${what}`,
    action: { label: 'Cancel', run: () => stop.abort() },
  });
  let savedBytes = 0;
  try {
    for (const [index, item] of items.entries()) {
      if (place.isCollecting && (item.sizeBytes ?? 0) > collectedBytes)
        throw new TooLargeToCollect(item.name);
      const sink = await create(item.name);
      let toldAtMs = 0;
      const tell = (doneBytes: number) => {
        if (now() - toldAtMs < tellEveryMs) return;
        toldAtMs = now();
        notice.tell(progressText(item, doneBytes, index, items.length), part(item, doneBytes));
      };
      savedBytes += await pump(item.open(), sink, { signal: stop.signal, onProgress: tell });
    }
    notice.done({ level: 'done', title: `Saved ${what}`, body: formatBytes(savedBytes) });
    return true;
  } catch (cause) {
    notice.fail(`${what} could not be saved`, refusal(cause));
    return false;
  }
}

function part(item: SaveItem, doneBytes: number): number | null {
  return item.sizeBytes === null || item.sizeBytes === 0 ? null : Math.min(1, doneBytes / item.sizeBytes);
}

function progressText(item: SaveItem, doneBytes: number, index: number, count: number): string {
  const of = item.sizeBytes === null ? '' : ` of ${formatBytes(item.sizeBytes)}`;
  const which = count === 1 ? '' : `${index + 1} of ${count}: ${item.name}. `;
  return `${which}${formatBytes(doneBytes)}${of}`;
}

/** What the browser's own errors mean to a person. */
function refusal(cause: unknown): unknown {
  if (!(cause instanceof DOMException)) return cause;
  const texts: Readonly<Record<string, string>> = {
    QuotaExceededError: 'The disk of this computer is full.',
    NotAllowedError: 'The browser was not allowed to write there.',
    SecurityError: 'The browser did not let this page choose a file.',
  };
  return new BerthError('internal', texts[cause.name] ?? 'This computer did not take the file.', {
    details: { reason: `${cause.name}: ${cause.message}` },
    cause,
  });
}
