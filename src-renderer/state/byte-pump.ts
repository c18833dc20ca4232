/**
 * Moves a stream of bytes into a file on this computer. Where the browser can write files (Chromium, Electron) the bytes go
 * to the disk as they come, and the sender waits for the disk; elsewhere they are collected and handed over as a download,
 * up to `collectedBytes`.
 *
 * Guarantees: credit goes back only for bytes that were written; a save that is cancelled or fails leaves no half file
 * where the browser can prevent it. Knows nothing of what is saved.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { PlaneClient } from './api.ts';

export type ByteSource = ReturnType<PlaneClient['bytes']>;

/** Where bytes go. `FileSystemWritableFileStream` is one. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
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

export class TooLargeToCollect extends BerthError {
  constructor(name: string) {
    super(
      'invalid-input',
      `${name} is larger than 1 GiB, and this browser can only save files that fit into its memory. Save it in the Berth app, or in Chrome or Edge.`,
    );
  }
}

export interface PumpOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (doneBytes: number) => void;
}

/** Moves all bytes. Resolves with their number when they are safe; rejects with what ended it, `cancelled` by the signal. */
export async function pump(source: ByteSource, sink: ByteSink, options: PumpOptions): Promise<number> {
  const { moved } = move(source, sink, options);
  try {
    const doneBytes = await moved;
    await sink.close();
    return doneBytes;
  } catch (cause) {
    source.close();
    await sink.abort().catch(() => undefined);
    throw cause;
  }
}

/**
 * As `pump`, and leaves the sink open either way: for whoever goes on in it with another source. Settles only when what
 * was on its way to the disk is there, so that the last that was said of the progress is where to go on.
 */
export async function pumpPart(source: ByteSource, sink: ByteSink, options: PumpOptions): Promise<number> {
  const { moved, written } = move(source, sink, options);
  try {
    return await moved;
  } catch (cause) {
    source.close();
    await written();
    throw cause;
  }
}

function move(source: ByteSource, sink: ByteSink, { signal, onProgress }: PumpOptions) {
  let written = Promise.resolve();
  let doneBytes = 0;
  let isOver = false;
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
      if (isOver) return;
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
  const all = async () => {
    try {
      await Promise.race([source.ended, broken.promise]);
      await Promise.race([written, broken.promise]);
      return doneBytes;
    } finally {
      isOver = true;
      signal.removeEventListener('abort', onAbort);
    }
  };
  return { moved: all(), written: () => written.catch(() => undefined) };
}

/** What the browser's own errors mean to a person. */
export function savingFailure(cause: unknown): unknown {
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
