/**
 * The files of a workspace through its agent (file-agent.py), which is the workspace's user in the workspace's root: every
 * link and permission is the kernel's business there. Each method is one request.
 */
import { posix } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';
import type { FileEntry, FolderPart } from '#contract/files.ts';
import {
  fileError,
  changedError,
  incompleteError,
  notAFileError,
  uploadGoneError,
} from '../interfaces/file-error.ts';
import type {
  ExtrasRefused,
  ExtrasWish,
  FileAccess,
  FileExtras,
  FileRead,
  FileWrite,
  FileWriteWish,
  TreeProgress,
  TreeWork,
} from '../interfaces/file-access.ts';
import { AgentFailed, type AgentLink, type AgentPiece, type AgentRequest } from './agent-link.ts';
import { instantOfFile } from './file-time.ts';

/** Of what it tells of a tree: more would fill the memory. */
const mostExtrasBytes = 64 * 1024 * 1024;

type AgentCall = Readonly<Record<string, unknown>> & { readonly do: string; readonly path: string };

export class AgentFiles implements FileAccess {
  readonly start: FileAccess['start'];
  readonly #link: AgentLink;

  constructor(link: AgentLink, start: FileAccess['start']) {
    this.#link = link;
    this.start = start;
  }

  async *list(path: string, signal: AbortSignal): AsyncGenerator<FolderPart> {
    for await (const piece of this.#stream({ do: 'list', path }, path, signal))
      if (piece.kind === 'item') yield partOf(piece.value);
  }

  async look(path: string): Promise<FileEntry | undefined> {
    const { entry } = await this.#call({ do: 'look', path });
    return entry === null ? undefined : entryOf(entry);
  }

  async resolve(path: string): Promise<string> {
    return String((await this.#call({ do: 'resolve', path })).path);
  }

  async mayWrite(path: string): Promise<boolean> {
    return (await this.#call({ do: 'mayWrite', path })).isWritable === true;
  }

  async read(path: string, offset: number, signal: AbortSignal): Promise<FileRead> {
    const pieces = this.#stream({ do: 'read', path, offset }, path, signal);
    const first = await pieces.next();
    if (first.done === true || first.value.kind !== 'item') throw mistake('it read nothing');
    const { entry } = first.value.value as { entry: unknown };
    return {
      entry: entryOf(entry),
      bytes: bytesOf(pieces),
      close: () => void pieces.return(undefined).catch(() => undefined),
    };
  }

  async uploaded(path: string, uploadKey: string): Promise<number> {
    return Number((await this.#call({ do: 'uploaded', path, key: uploadKey })).bytes);
  }

  async write(wish: FileWriteWish): Promise<FileWrite> {
    const { path, uploadKey, offset, sizeBytes, mode, modifiedAtMs, replaces } = wish;
    const { isEdit = false, isStaged = false } = wish;
    const request = this.#link.request({
      do: 'write',
      path,
      key: uploadKey,
      offset,
      size: sizeBytes,
      mode,
      modifiedAtMs,
      isEdit,
      isStaged,
      replaces,
    });
    // It says that the file is open; what fails before that is the failure of this call.
    const pieces = request.pieces();
    await pieces.next().catch((error: unknown) => {
      throw explained(error, path);
    });
    return new AgentWrite(request, path);
  }

  async discardUpload(path: string, uploadKey: string): Promise<void> {
    await this.#call({ do: 'discardUpload', path, key: uploadKey });
  }

  async makeFolder(path: string, options: { readonly mayExist: boolean; readonly mode?: number }) {
    await this.#call({ do: 'makeFolder', path, mayExist: options.mayExist, mode: options.mode ?? null });
  }

  async makeLink(path: string, target: string): Promise<void> {
    await this.#call({ do: 'makeLink', path, target });
  }

  async rename(path: string, toPath: string, mayReplace: boolean): Promise<void> {
    await this.#call({ do: 'rename', path, to: toPath, mayReplace }, toPath);
  }

  async remove(path: string, kind: FileEntry['kind']): Promise<void> {
    await this.#call({ do: 'remove', path, isFolder: kind === 'folder' });
  }

  async setMode(path: string, mode: number): Promise<void> {
    await this.#call({ do: 'setMode', path, mode });
  }

  async setTimes(path: string, modifiedAtMs: number): Promise<void> {
    await this.#call({ do: 'setTimes', path, modifiedAtMs: Math.trunc(modifiedAtMs) });
  }

  async sync(folder: string): Promise<void> {
    await this.#call({ do: 'sync', path: folder });
  }

  async removeTree(path: string, work: TreeWork): Promise<void> {
    await this.#tree({ do: 'removeTree', path }, path, work);
  }

  async setModeTree(path: string, mode: number, work: TreeWork): Promise<void> {
    await this.#tree({ do: 'setModeTree', path, mode }, path, work);
  }

  async extras(
    folder: string,
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<FileExtras[] | undefined> {
    const found: FileExtras[] = [];
    let size = 0;
    for await (const piece of this.#stream({ do: 'extras', path: folder, names }, folder, signal)) {
      if (piece.kind !== 'item') continue;
      const { extras } = piece.value as { extras: FileExtras[] };
      found.push(...extras);
      size += JSON.stringify(extras).length;
      if (size > mostExtrasBytes) return undefined;
    }
    return found;
  }

  async giveExtras(folder: string, wish: ExtrasWish, signal: AbortSignal): Promise<ExtrasRefused> {
    signal.throwIfAborted();
    return (await this.#call({ do: 'giveExtras', path: folder, ...wish })) as unknown as ExtrasRefused;
  }

  async copyTree(path: string, toPath: string, work: TreeWork): Promise<void> {
    await this.#tree({ do: 'copyTree', path, to: toPath }, path, work);
  }

  async close(): Promise<void> {
    this.#link.close();
  }

  /** `existing`: the path that is meant where something is there already. */
  async #call(body: AgentCall, existing = body.path) {
    try {
      return await this.#link.call(body);
    } catch (error) {
      throw explained(error, body.path, existing);
    }
  }

  async *#stream(
    body: Readonly<Record<string, unknown>>,
    path: string,
    signal: AbortSignal,
  ): AsyncGenerator<AgentPiece, void, undefined> {
    signal.throwIfAborted();
    const request = this.#link.request(body);
    const cancel = () => request.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      yield* request.pieces();
    } catch (error) {
      throw explained(error, path);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  async #tree(
    body: Readonly<Record<string, unknown>>,
    path: string,
    { signal, onProgress }: TreeWork,
  ): Promise<void> {
    signal.throwIfAborted();
    const request = this.#link.request(body);
    const cancel = () => request.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      for await (const piece of request.pieces())
        if (piece.kind === 'item') onProgress(piece.value as TreeProgress);
      onProgress((await request.result) as unknown as TreeProgress);
    } catch (error) {
      // Of many it names the one.
      throw explained(error, path, path, true);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }
}

class AgentWrite implements FileWrite {
  readonly #request: AgentRequest;
  readonly #path: string;
  #failure: unknown;

  constructor(request: AgentRequest, path: string) {
    this.#request = request;
    this.#path = path;
    request.result.catch((error: unknown) => (this.#failure = error));
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#request.send(bytes);
    if (this.#failure !== undefined) throw explained(this.#failure, this.#path);
  }

  async finish(): Promise<void> {
    this.#request.end();
    try {
      await this.#request.result;
    } catch (error) {
      throw explained(error, this.#path);
    }
  }

  async pause(): Promise<void> {
    this.#request.cancel();
    await this.#request.result.catch(() => undefined);
  }
}

async function* bytesOf(pieces: AsyncGenerator<AgentPiece>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) if (piece.kind === 'data') yield piece.bytes;
}

function partOf(value: unknown): FolderPart {
  const { path, isWritable, entries } = value as { path: string; isWritable: boolean; entries: unknown[] };
  return { path, isWritable, entries: entries.map(entryOf) };
}

type RawEntry = Omit<FileEntry, 'modifiedAt'> & { readonly modifiedAtMs: number };

function entryOf(value: unknown): FileEntry {
  const { modifiedAtMs, ...entry } = value as RawEntry;
  return { ...entry, modifiedAt: instantOfFile(modifiedAtMs) };
}

/** Of anything but our own agent's words. */
function explained(error: unknown, path: string, existing = path, namesOthers = false): unknown {
  if (!(error instanceof AgentFailed)) return error;
  const { errno, code, path: told, message } = error.failure;
  const at = namesOthers && told !== '' ? told : path;
  if (errno !== null) return fileError(errno, errno === 'EEXIST' ? existing : at, error);
  switch (code ?? '') {
    case 'wrong-kind':
      return notAFileError(at);
    case 'changed':
      return changedError(at);
    case 'partial-gone':
      return uploadGoneError(at);
    case 'incomplete':
      return incompleteError(at);
    case 'too-deep':
      return new BerthError(
        'file.failed',
        `Folders lie too deep within each other at “${posix.dirname(at)}”.`,
        {
          details: { path: at },
        },
      );
  }
  return mistake(message);
}

function mistake(message: string): BerthError {
  return new BerthError('internal', `The program that shows files made a mistake: ${message}`);
}
