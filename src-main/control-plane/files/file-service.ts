/** Looking at the files of places, and changing one at a time. What goes through whole trees are operations. */
import { posix } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';
import { type FileEntry, type FolderPart, maxTextBytes, type PlaceId } from '#contract/files.ts';
import type { ByteChannel } from '../handler.ts';
import type { Archiver } from '../interfaces/archiver.ts';
import type { FileAccess, FileRead } from '../interfaces/file-access.ts';
import { changedError, incompleteError, missingError, unspeakableError } from '../interfaces/file-error.ts';
import type { Random } from '../interfaces/random.ts';
import { receiveInOrder } from '../workspaces/in-order.ts';
import type { FilePlaces } from './file-places.ts';
import { decodeText, notTextError, tooLargeError } from './file-text.ts';
import { editKey } from './partial-name.ts';
import { writeArchive } from './read-folder.ts';
import type { Transfers } from './transfers.ts';

export interface FileServiceDeps {
  readonly places: FilePlaces;
  readonly transfers: Transfers;
  readonly archiver: Archiver;
  readonly random: Pick<Random, 'bytes'>;
}

interface At {
  readonly placeId: PlaceId;
  readonly path: string;
}

interface Upload extends At {
  readonly uploadKey: string;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly mode: number | null;
  readonly replaces: string;
  readonly modifiedAt: string | null;
}

export class FileService {
  readonly #deps: FileServiceDeps;

  constructor(deps: FileServiceDeps) {
    this.#deps = deps;
  }

  start(placeId: PlaceId): Promise<FileAccess['start']> {
    return this.#deps.places.ask(placeId, async (access) => access.start);
  }

  async *list({ placeId, path }: At, signal: AbortSignal): AsyncGenerator<FolderPart> {
    for (let isFirst = true; ; isFirst = false) {
      const held = await this.#deps.places.hold(placeId);
      let failure: unknown;
      let hasBegun = false;
      try {
        for await (const part of held.access.list(pathIn(held.access, path), signal)) {
          hasBegun = true;
          yield part;
        }
        return;
      } catch (error) {
        failure = told(error, path);
        // As `ask` of places: the way was lost before.
        if (hasBegun || !isFirst || !BerthError.is(error, 'connection-lost')) throw failure;
      } finally {
        held.release(failure);
      }
    }
  }

  look({ placeId, path }: At): Promise<FileEntry> {
    return this.#deps.places.ask(placeId, (access) => lookAt(access, pathIn(access, path)));
  }

  async read(
    { placeId, path, offset, ifVersion }: At & { readonly offset: number; readonly ifVersion: string | null },
    channel: ByteChannel,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#transfer(placeId, async (access) => {
      const file = await access.read(pathIn(access, path), offset, signal).catch((error: unknown) => {
        throw told(error, path);
      });
      try {
        if (ifVersion !== null && file.entry.version !== ifVersion) throw changedError(path);
        for await (const bytes of file.bytes) {
          await channel.send(bytes);
          signal.throwIfAborted();
        }
      } finally {
        file.close();
      }
    });
  }

  async readFolder(
    wish: At & { readonly names: readonly string[]; readonly format: 'zip' | 'tar' },
    channel: ByteChannel,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#transfer(wish.placeId, async (access) => {
      const from = { access, path: pathIn(access, wish.path), names: wish.names };
      for await (const bytes of writeArchive(from, wish.format, this.#deps.archiver, signal)) {
        await channel.send(bytes);
        signal.throwIfAborted();
      }
    });
  }

  uploaded({ placeId, path, uploadKey }: At & { readonly uploadKey: string }): Promise<{ bytes: number }> {
    return this.#deps.places.ask(placeId, async (access) => ({
      bytes: await access.uploaded(pathIn(access, path), uploadKey),
    }));
  }

  async write(upload: Upload, channel: ByteChannel, signal: AbortSignal): Promise<void> {
    await this.#transfer(upload.placeId, async (access) => {
      const path = pathIn(access, upload.path);
      const write = await access.write({
        path,
        uploadKey: upload.uploadKey,
        offset: upload.offset,
        sizeBytes: upload.sizeBytes,
        mode: upload.mode,
        modifiedAtMs: upload.modifiedAt === null ? null : Date.parse(upload.modifiedAt),
        replaces: upload.replaces,
      });
      const ended = Promise.withResolvers<void>();
      const stop = () => ended.reject(new BerthError('cancelled', 'The upload was broken off.'));
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      let left = upload.sizeBytes - upload.offset;
      try {
        const broken = receiveInOrder(channel, ['input', 'inputEnd'], async (frame) => {
          if (frame.kind !== 'input') return ended.resolve();
          left -= frame.bytes.byteLength;
          if (left < 0) throw incompleteError(upload.path);
          await write.write(frame.bytes);
        });
        await Promise.race([ended.promise, broken]);
        await write.finish();
      } catch (error) {
        await write.pause();
        if (isFinal(error)) await access.discardUpload(path, upload.uploadKey).catch(() => undefined);
        throw error;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    });
  }

  async discardUpload({ placeId, path, uploadKey }: At & { readonly uploadKey: string }): Promise<void> {
    await this.#deps.places.use(placeId, (access) => access.discardUpload(pathIn(access, path), uploadKey));
  }

  readText({ placeId, path }: At): Promise<{ text: string; entry: FileEntry; isWritable: boolean }> {
    return this.#deps.places.ask(placeId, async (access) => {
      const own = pathIn(access, path);
      const ending = new AbortController();
      const file = await access.read(own, 0, ending.signal).catch((error: unknown) => {
        throw told(error, path);
      });
      try {
        const bytes = await wholeOf(file, path);
        const text = decodeText(bytes);
        if (text === undefined) throw notTextError(path);
        return { text, entry: file.entry, isWritable: await access.mayWrite(own) };
      } finally {
        file.close();
        ending.abort();
      }
    });
  }

  writeText({
    placeId,
    path,
    text,
    replaces,
  }: At & { readonly text: string; readonly replaces: string }): Promise<FileEntry> {
    return this.#deps.places.use(placeId, async (access) => {
      const bytes = Buffer.from(text, 'utf8');
      if (bytes.byteLength > maxTextBytes)
        throw new BerthError('invalid-input', 'Not valid: text must have at most 1 MiB as UTF-8.', {
          details: { field: 'text' },
        });
      const own = await editedPath(access, pathIn(access, path), replaces);
      const uploadKey = editKey(this.#deps.random.bytes(8));
      const write = await access.write({
        path: own,
        uploadKey,
        offset: 0,
        sizeBytes: bytes.byteLength,
        mode: null,
        modifiedAtMs: null,
        isEdit: true,
        replaces,
      });
      try {
        await write.write(bytes);
        await write.finish();
      } catch (error) {
        await write.pause();
        await access.discardUpload(own, uploadKey).catch(() => undefined);
        throw error;
      }
      return await lookAt(access, own);
    });
  }

  makeFolder({ placeId, path, mayExist }: At & { readonly mayExist: boolean }): Promise<FileEntry> {
    return this.#deps.places.use(placeId, async (access) => {
      const own = pathIn(access, path);
      await access.makeFolder(own, { mayExist });
      return await lookAt(access, own);
    });
  }

  rename({
    placeId,
    path,
    toPath,
    mayReplace,
  }: At & { readonly toPath: string; readonly mayReplace: boolean }): Promise<FileEntry> {
    return this.#deps.places.use(placeId, async (access) => {
      const to = pathIn(access, toPath);
      await access.rename(pathIn(access, path), to, mayReplace).catch((error: unknown) => {
        throw told(error, path);
      });
      return await lookAt(access, to);
    });
  }

  async #transfer(placeId: PlaceId, work: (access: FileAccess) => Promise<void>): Promise<void> {
    const end = this.#deps.transfers.begin(placeId);
    try {
      await this.#deps.places.use(placeId, work);
    } finally {
      end();
    }
  }
}

/** What `..` and links mean in it is for the place to say. */
export function pathIn({ start }: FileAccess, path: string): string {
  if (path.startsWith('/')) return path;
  return path === '.' ? start.path : `${start.path.replace(/\/$/, '')}/${path}`;
}

async function lookAt(access: FileAccess, path: string): Promise<FileEntry> {
  const entry = await access.look(path);
  if (entry === undefined) throw missingError(path);
  return entry;
}

/** What is there fills a disk that is full, or can become nothing: nobody comes back for it. */
function isFinal(error: unknown): boolean {
  return BerthError.is(
    error,
    ...(['file.no-space', 'file.permission-denied', 'file.wrong-kind', 'file.failed'] as const),
  );
}

/** Of what can be asked for, and of what cannot. */
function told(error: unknown, path: string): unknown {
  return BerthError.is(error, 'not-found') && path.includes('\ufffd') ? unspeakableError(path) : error;
}

/** An editor writes to what a link leads to. */
async function editedPath(access: FileAccess, path: string, replaces: string): Promise<string> {
  if (replaces === 'nothing') return path;
  try {
    return await access.resolve(path);
  } catch (error) {
    if (!BerthError.is(error, 'not-found')) throw error;
    if (replaces === 'anything') return path;
    throw changedError(posix.basename(path));
  }
}

async function wholeOf({ entry, bytes }: FileRead, path: string): Promise<Uint8Array> {
  if (entry.sizeBytes > maxTextBytes) throw tooLargeError(path);
  const pieces: Uint8Array[] = [];
  let size = 0;
  // Files of /proc have no size and are longer than that.
  for await (const piece of bytes) {
    size += piece.byteLength;
    if (size > maxTextBytes) throw tooLargeError(path);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
