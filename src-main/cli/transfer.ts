/**
 * Bytes between a stream of the plane and a file or a pipe. A file gets its name only when it is whole, and is its owner's
 * alone; credit goes back when bytes were written, so that a slow reader slows the host down and fills no memory.
 */
import { randomBytes } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ByteStream } from '#renderer/transport/client.ts';
import { CommandFailure } from './failure.ts';
import { plainLines } from './plain-text.ts';
import type { OutputStream } from './terminal.ts';

export interface Sink {
  write(bytes: Uint8Array): Promise<void>;
  /** All came. */
  finish(): Promise<void>;
  /** Not all came, and nothing of it stays. */
  abandon(): Promise<void>;
}

/** Everything of the stream goes into the sink, in order. @throws BerthError, or what the sink threw */
export async function receiveInto(
  stream: ByteStream,
  sink: Sink,
  onBytes: (byteCount: number) => void,
): Promise<void> {
  let writing = Promise.resolve();
  let failure: { readonly error: unknown } | undefined;
  stream.onBytes((bytes, done) => {
    writing = writing
      .then(async () => {
        if (failure !== undefined) return;
        await sink.write(bytes);
        onBytes(bytes.byteLength);
        done();
      })
      .catch((error: unknown) => {
        failure ??= { error };
        stream.close();
      });
  });
  try {
    await stream.ended;
    await writing;
    if (failure !== undefined) throw failure.error;
    await sink.finish();
  } catch (error) {
    await writing;
    await sink.abandon();
    throw error;
  }
}

/** A terminal gets text that cannot steer it; a pipe gets the bytes. */
export function outputSink(output: OutputStream): Sink {
  const decoder = output.isTTY === true ? new TextDecoder() : undefined;
  const write = (data: Uint8Array | string) =>
    new Promise<void>((resolve, reject) => {
      output.write(data, (error) => (error ? reject(error) : resolve()));
    });
  return {
    write: (bytes) =>
      write(decoder === undefined ? bytes : plainLines(decoder.decode(bytes, { stream: true }))),
    finish: async () => {
      if (decoder !== undefined) await write(plainLines(decoder.decode()));
    },
    abandon: async () => undefined,
  };
}

/** `mayReplace`: the person named this very file. @throws CommandFailure */
export async function fileSink(path: string, mayReplace: boolean): Promise<Sink> {
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined && !mayReplace)
    throw new CommandFailure(`${path} is there already. Choose another name with -o FILE.`);
  // A pipe or a device is written to as it is.
  const isDirect = there !== undefined && !there.isFile();
  const part = join(dirname(path), `.${basename(path).slice(0, 200)}.${randomBytes(4).toString('hex')}.part`);
  const file = await open(isDirect ? path : part, isDirect ? 'w' : 'wx', 0o600).catch((error: Error) => {
    throw new CommandFailure(`${path} cannot be written: ${error.message}`);
  });
  return {
    write: async (bytes) => {
      await file.appendFile(bytes).catch((error: Error) => {
        throw new CommandFailure(`${path} cannot be written: ${error.message}`);
      });
    },
    finish: async () => {
      if (!isDirect) await file.sync();
      await file.close();
      if (!isDirect) await rename(part, path);
    },
    abandon: async () => {
      await file.close().catch(() => undefined);
      if (!isDirect) await rm(part, { force: true });
    },
  };
}

/** Bytes that are read at once, and that may wait for credit before more are read. */
const chunkBytes = 65_536;
const waitingBytes = 1024 * 1024;
/** Milliseconds between two looks at what waits: the stream has no word for it. */
const lookEveryMs = 3;

export interface Source {
  readonly sizeBytes: number;
  /** Empty at the end. */
  read(byteCount: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** @throws CommandFailure */
export async function fileSource(path: string): Promise<Source> {
  const file = await open(path).catch((error: Error) => {
    throw new CommandFailure(`${path} cannot be read: ${error.message}`);
  });
  const facts = await file.stat();
  if (!facts.isFile()) {
    await file.close();
    throw new CommandFailure(`${path} is no file. An import must know its size before it begins.`);
  }
  return {
    sizeBytes: facts.size,
    read: async (byteCount) => {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(byteCount));
      return buffer.subarray(0, bytesRead);
    },
    close: () => file.close(),
  };
}

/** Exactly `sizeBytes` go up, then the stream's own end is awaited. @throws BerthError, CommandFailure */
export async function sendFrom(
  stream: ByteStream,
  source: Source,
  onBytes: (byteCount: number) => void,
): Promise<void> {
  let isEnded = false;
  const end = stream.ended.finally(() => {
    isEnded = true;
  });
  end.catch(() => undefined);
  await stream.opened;
  for (let left = source.sizeBytes; left > 0 && !isEnded; ) {
    const bytes = await source.read(Math.min(chunkBytes, left));
    if (bytes.byteLength === 0) {
      stream.close();
      throw new CommandFailure('The file became shorter while it was sent. Nothing was imported.');
    }
    stream.send(bytes);
    left -= bytes.byteLength;
    onBytes(bytes.byteLength);
    while (stream.waitingBytes > waitingBytes && !isEnded) await pause(lookEveryMs);
  }
  await end;
}
