/** The files of this computer, through node:fs, as whoever runs Berth. Translates each failure by its errno(3) name. */
import { constants } from 'node:fs';
import {
  chmod,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  opendir,
  readlink,
  realpath,
  rename,
  rmdir,
  stat,
  symlink,
  unlink,
  utimes,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { BigIntStats } from 'node:fs';
import { fileError, notAFileError } from '../../control-plane/interfaces/file-error.ts';
import type { FileFacts, FilePrimitives, OpenFile } from '../../control-plane/interfaces/file-primitives.ts';

/** Entries told at once: few at first, so that something is there soon. */
const firstEntries = 100;
const mostEntries = 400;

export class LocalFiles implements FilePrimitives {
  readonly homeFolder = homedir();
  readonly isOver = false;
  readonly identity: FilePrimitives['identity'];
  readonly newFileMode: number;
  readonly pace = { pieceBytes: 256 * 1024, ahead: 2 };

  constructor() {
    const uid = process.getuid?.() ?? 0;
    this.identity = { uid, gids: new Set([...(process.getgroups?.() ?? []), process.getgid?.() ?? 0]) };
    this.newFileMode = 0o666 & ~process.umask();
  }

  async *list(path: string, signal: AbortSignal) {
    // As bytes: a name that is no UTF-8 is to be told, too, and would not be found by what it decodes to.
    const folder = await of(path, () =>
      opendir(path, { bufferSize: 256, encoding: 'buffer' as BufferEncoding }),
    );
    let batch: Buffer[] = [];
    let most = firstEntries;
    for await (const { name } of folder) {
      signal.throwIfAborted();
      batch.push(name as unknown as Buffer);
      if (batch.length < most) continue;
      yield await factsOf(path, batch);
      batch = [];
      most = mostEntries;
    }
    yield await factsOf(path, batch);
  }

  async lookAt(path: string): Promise<FileFacts | undefined> {
    try {
      return factsFrom(await lstat(path, { bigint: true }));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw translated(error, path);
    }
  }

  lookThrough(path: string): Promise<FileFacts> {
    return of(path, async () => factsFrom(await stat(path, { bigint: true })));
  }
  readLink(path: string): Promise<string> {
    return of(path, () => readlink(path));
  }
  resolve(path: string): Promise<string> {
    return of(path, () => realpath(path));
  }

  async open(path: string, how: 'read' | 'new' | 'again'): Promise<OpenFile> {
    // A device may do something when it is opened.
    if (how === 'read' && !(await of(path, () => stat(path))).isFile()) throw notAFileError(path);
    const handle = await of(path, () => open(path, flagsOf[how], 0o600));
    const file = new LocalFile(handle, path);
    if ((await file.facts()).kind === 'file') return file;
    await file.close();
    throw notAFileError(path);
  }

  makeFolder(path: string, mode: number | null): Promise<void> {
    return of(path, () => mkdir(path, mode ?? 0o777)).then(() => undefined);
  }
  makeLink(path: string, target: string): Promise<void> {
    return of(path, () => symlink(target, path));
  }
  replace(path: string, toPath: string): Promise<void> {
    return of(path, () => rename(path, toPath));
  }

  /** A link(2) fails where something is; for what cannot have two names there is a moment between look and step. */
  async moveTo(path: string, toPath: string): Promise<void> {
    const facts = await this.lookAt(path);
    if (facts?.kind === 'file') {
      try {
        await link(path, toPath);
        return await of(path, () => unlink(path));
      } catch (error) {
        if (
          !(error instanceof Error && 'code' in error && (error.code === 'EPERM' || error.code === 'ENOTSUP'))
        )
          throw translated(error, hasCode(error, 'EEXIST') ? toPath : path);
      }
    }
    if ((await this.lookAt(toPath)) !== undefined) throw fileError('EEXIST', toPath);
    await this.replace(path, toPath);
  }

  removeFile(path: string): Promise<void> {
    return of(path, () => unlink(path));
  }
  removeFolder(path: string): Promise<void> {
    return of(path, () => rmdir(path));
  }
  setMode(path: string, mode: number): Promise<void> {
    return of(path, () => chmod(path, mode));
  }

  async setTimes(path: string, modifiedAtMs: number): Promise<void> {
    if ((await this.lookAt(path))?.kind === 'link') return;
    await of(path, () => utimes(path, modifiedAtMs / 1000, modifiedAtMs / 1000));
  }

  async close(): Promise<void> {
    // Nothing stays open but what whoever opened it closes.
  }
}

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
const flagsOf = {
  read: O_RDONLY | O_NONBLOCK,
  new: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
  again: O_WRONLY | O_NOFOLLOW | O_NONBLOCK,
} as const;

class LocalFile implements OpenFile {
  readonly #handle: FileHandle;
  readonly #path: string;

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  facts(): Promise<FileFacts> {
    return of(this.#path, async () => factsFrom(await this.#handle.stat({ bigint: true })));
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await of(this.#path, () => this.#handle.read(buffer, 0, length, offset));
    return buffer.subarray(0, bytesRead);
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.byteLength; ) {
      const write = () => this.#handle.write(bytes, done, bytes.byteLength - done, offset + done);
      done += (await of(this.#path, write)).bytesWritten;
    }
  }

  truncate(sizeBytes: number): Promise<void> {
    return of(this.#path, () => this.#handle.truncate(sizeBytes));
  }
  setMode(mode: number): Promise<void> {
    return of(this.#path, () => this.#handle.chmod(mode));
  }
  setOwner(uid: number, gid: number): Promise<void> {
    return of(this.#path, () => this.#handle.chown(uid, gid));
  }
  setTimes(modifiedAtMs: number): Promise<void> {
    return of(this.#path, () => this.#handle.utimes(modifiedAtMs / 1000, modifiedAtMs / 1000));
  }
  sync(): Promise<void> {
    return of(this.#path, () => this.#handle.sync());
  }
  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }
}

async function factsOf(folder: string, names: readonly Buffer[]) {
  const found = await Promise.all(
    names.map(async (bytes) => {
      const name = bytes.toString('utf8');
      try {
        const path = Buffer.concat([Buffer.from(`${folder}/`), bytes]);
        return { name, facts: factsFrom(await lstat(path, { bigint: true })) };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw translated(error, join(folder, name));
      }
    }),
  );
  return found.filter((one) => one !== undefined);
}

function factsFrom(about: BigIntStats): FileFacts {
  return {
    kind: about.isFile()
      ? 'file'
      : about.isDirectory()
        ? 'folder'
        : about.isSymbolicLink()
          ? 'link'
          : 'other',
    sizeBytes: Number(about.size),
    mode: Number(about.mode & 0o7777n),
    uid: Number(about.uid),
    gid: Number(about.gid),
    modifiedAtMs: Number(about.mtimeMs),
    version: `${about.size.toString(16)}-${about.mtimeNs.toString(16)}-${about.ino.toString(16)}`,
  };
}

async function of<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translated(error, path);
  }
}

function translated(error: unknown, path: string): unknown {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error)
    return fileError(error.code, path, error);
  return error;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');
}
