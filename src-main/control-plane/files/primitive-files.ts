/**
 * The files of a host, made of what its file system can do call by call (SFTP, node:fs). Guarantees: a file is there whole
 * or not at all; whole trees are deleted, changed and copied by the host's own rm, find and cp, which never leave a folder
 * through a link that was put there meanwhile. What SFTP cannot: between the look at a version and the step that replaces
 * it there is a moment.
 */
import { posix } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';
import type { FileEntry, FolderPart } from '#contract/files.ts';
import type {
  ExtrasRefused,
  ExtrasWish,
  FileAccess,
  FileExtras,
  FileRead,
  FileWrite,
  FileWriteWish,
  TreeWork,
} from '../interfaces/file-access.ts';
import { failureAt, fileError, uploadGoneError } from '../interfaces/file-error.ts';
import type { FileFacts, FilePrimitives, OpenFile } from '../interfaces/file-primitives.ts';
import { instantOfFile } from './file-time.ts';
import type { HostConnection } from '../interfaces/host-connection.ts';
import { HostExtras } from './host-extras.ts';
import { OwnerNames } from './owner-names.ts';
import { isAbandoned, partialPath } from './partial-name.ts';
import { PrimitiveWrite, requireReplaceable } from './primitive-write.ts';
import { toolError } from './tool-error.ts';

/** Entries that are looked at for what was abandoned; a larger folder waits for another day. */
const mostSwept = 20_000;
const sweepEveryMs = 3_600_000;
const mostFolders = 1_000;
/** For a tree of millions of files on a slow disk. Milliseconds. */
const longestMs = 24 * 3_600_000;
/** Links of a folder that are looked through at once. */
const linksAtOnce = 16;

export interface PrimitiveFilesDeps {
  readonly primitives: FilePrimitives;
  readonly exec: HostConnection['exec'];
  readonly runScript: HostConnection['runScript'];
  readonly nowMs: () => number;
}

type Names = Awaited<ReturnType<OwnerNames['load']>>;

export class PrimitiveFiles implements FileAccess {
  readonly start: FileAccess['start'];
  readonly #primitives: FilePrimitives;
  readonly #exec: HostConnection['exec'];
  readonly #extras: HostExtras;
  readonly #names: OwnerNames;
  readonly #nowMs: () => number;
  /** Folders, and when that was. */
  readonly #swept = new Map<string, number>();

  constructor({ primitives, exec, runScript, nowMs }: PrimitiveFilesDeps) {
    this.#primitives = primitives;
    this.#exec = exec;
    this.#extras = new HostExtras(runScript);
    this.#names = new OwnerNames(primitives);
    this.#nowMs = nowMs;
    this.start = { path: primitives.homeFolder, only: null };
  }

  async *list(path: string, signal: AbortSignal): AsyncGenerator<FolderPart> {
    const [own, facts, names] = await Promise.all([
      this.#primitives.resolve(path),
      this.#primitives.lookThrough(path),
      this.#names.load(),
    ]);
    if (facts.kind !== 'folder') throw fileError('ENOTDIR', path);
    const head = { path: own, isWritable: this.#isWritable(facts) };
    let isFirst = true;
    for await (const batch of this.#primitives.list(path, signal)) {
      if (batch.length === 0) continue;
      isFirst = false;
      yield { ...head, entries: await this.#entriesOf(path, batch, names) };
    }
    if (isFirst) yield { ...head, entries: [] };
  }

  async look(path: string): Promise<FileEntry | undefined> {
    const [facts, names] = await Promise.all([this.#primitives.lookAt(path), this.#names.load()]);
    return facts && (await this.#entryOf(path, lastName(path), facts, names));
  }

  resolve(path: string): Promise<string> {
    return this.#primitives.resolve(path);
  }

  async mayWrite(path: string): Promise<boolean> {
    return this.#isWritable(await this.#primitives.lookThrough(path));
  }

  async read(path: string, offset: number, signal: AbortSignal): Promise<FileRead> {
    signal.throwIfAborted();
    const names = await this.#names.load();
    const file = await this.#primitives.open(path, 'read');
    let closing: Promise<void> | undefined;
    // Once: its number may be another file's by then.
    const close = () => (closing ??= file.close());
    try {
      const entry = entryFrom(lastName(path), await file.facts(), names);
      return {
        entry,
        bytes: this.#readAhead(
          { read: (at, length) => file.read(at, length), close },
          { offset, sizeBytes: entry.sizeBytes },
          signal,
        ),
        close: () => void close(),
      };
    } catch (error) {
      await close();
      throw error;
    }
  }

  async uploaded(path: string, uploadKey: string): Promise<number> {
    const facts = await this.#primitives.lookAt(partialPath(path, uploadKey));
    return facts?.kind === 'file' ? facts.sizeBytes : 0;
  }

  async write(wish: FileWriteWish): Promise<FileWrite> {
    const partial = partialPath(wish.path, wish.uploadKey);
    // What would be refused in the end is not sent at all.
    if (!wish.isStaged) requireReplaceable(await this.#primitives.lookAt(wish.path), wish);
    const file = await this.#openPartial(partial, wish).catch((error: unknown) => {
      throw failureAt(error, partial, wish.path);
    });
    return new PrimitiveWrite({
      primitives: this.#primitives,
      file,
      partial,
      wish,
      likenTo: () => this.#copyAttributes(wish.path, partial),
      onPlaced: () => this.#sweep(posix.dirname(wish.path)),
    });
  }

  async discardUpload(path: string, uploadKey: string): Promise<void> {
    await this.remove(partialPath(path, uploadKey), 'file');
  }

  async makeFolder(path: string, { mayExist, mode }: { readonly mayExist: boolean; readonly mode?: number }) {
    const trimmed = path.replace(/\/+$/, '') || '/';
    const above = posix.dirname(trimmed);
    if (above !== trimmed && (await this.#primitives.lookAt(above)) === undefined)
      await this.makeFolder(above, { mayExist: true });
    try {
      await this.#primitives.makeFolder(trimmed, mode ?? null);
    } catch (error) {
      if (!mayExist || !BerthError.is(error, 'file.exists')) throw error;
      if ((await this.#primitives.lookThrough(trimmed)).kind !== 'folder') throw error;
      return;
    }
    if (mode !== undefined) await this.#primitives.setMode(trimmed, mode);
  }

  makeLink(path: string, target: string): Promise<void> {
    return this.#primitives.makeLink(path, target);
  }

  async rename(path: string, toPath: string, mayReplace: boolean): Promise<void> {
    if (mayReplace) await this.#primitives.replace(path, toPath);
    else await this.#primitives.moveTo(path, toPath);
  }

  async remove(path: string, kind: FileEntry['kind']): Promise<void> {
    try {
      if (kind === 'folder') await this.#primitives.removeFolder(path);
      else await this.#primitives.removeFile(path);
    } catch (error) {
      if (!BerthError.is(error, 'not-found')) throw error;
    }
  }

  async setMode(path: string, mode: number): Promise<void> {
    const facts = await this.#primitives.lookAt(path);
    if (facts === undefined) throw fileError('ENOENT', path);
    if (facts.kind !== 'link') await this.#primitives.setMode(path, mode);
  }

  setTimes(path: string, modifiedAtMs: number): Promise<void> {
    return this.#primitives.setTimes(path, modifiedAtMs);
  }

  async sync(folder: string): Promise<void> {
    const { exitCode } = await this.#exec(['sync', '-f', '--', folder]);
    // Another sync(1) than GNU's takes no folder, and writes everything through.
    if (exitCode !== 0) await this.#exec(['sync']);
  }

  async removeTree(path: string, { signal, onProgress }: TreeWork): Promise<void> {
    await this.#run(['rm', '-rf', '--', path], path, signal);
    onProgress({ items: 1, bytes: 0, skipped: 0 });
  }

  async setModeTree(path: string, mode: number, { signal, onProgress }: TreeWork): Promise<void> {
    const folderMode = mode | ((mode & 0o444) >> 2);
    // A folder that is to be closed is gone through first, one that is to be opened is opened first.
    const order = (folderMode & 0o700) === 0o700 ? [] : ['-depth'];
    const change = (octal: number) => ['-execdir', 'chmod', octal.toString(8), '{}', '+'];
    const folders = ['-type', 'd', ...change(folderMode)];
    const others = ['!', '-type', 'l', '!', '-type', 'd', ...change(mode)];
    await this.#run(['find', path, ...order, '(', ...folders, ')', '-o', '(', ...others, ')'], path, signal);
    onProgress({ items: 1, bytes: 0, skipped: 0 });
  }

  extras(folder: string, names: readonly string[], signal: AbortSignal): Promise<FileExtras[] | undefined> {
    return this.#extras.look(folder, names, signal);
  }

  async giveExtras(folder: string, wish: ExtrasWish, signal: AbortSignal): Promise<ExtrasRefused> {
    const refused = await this.#extras.give(folder, wish, signal);
    if (refused !== undefined) return refused;
    const namesOf = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);
    for (const { name } of wish.links) await this.remove(posix.join(folder, name), 'file');
    return { unlinked: namesOf(wish.links), bare: namesOf(wish.attributes) };
  }

  async copyTree(path: string, toPath: string, { signal, onProgress }: TreeWork): Promise<void> {
    if ((await this.#primitives.lookAt(toPath)) !== undefined) throw fileError('EEXIST', toPath);
    await this.#run(['cp', '-a', '--', path, toPath], path, signal);
    onProgress({
      items: 1,
      bytes: 0,
      skipped: 0,
      bare: await this.#extras.lostBetween(path, toPath, signal),
    });
  }

  close(): Promise<void> {
    return this.#primitives.close();
  }

  /** Extended attributes and access lists, which SFTP does not know. Where cp(1) is another's than GNU's they are lost. */
  async #copyAttributes(path: string, toPath: string): Promise<void> {
    const argv = ['cp', '--attributes-only', '--preserve=mode,xattr', '--', path, toPath] as const;
    await this.#exec(argv).catch((error: unknown) => {
      if (BerthError.is(error, 'connection-lost')) throw error;
    });
  }

  /** A program of the host, on one tree. */
  async #run(argv: readonly [string, ...string[]], path: string, signal: AbortSignal): Promise<void> {
    const command = ['env', 'LC_ALL=C', ...argv] as const;
    const { exitCode, stderr } = await this.#exec(command, { signal, timeoutMs: longestMs });
    if (exitCode === 127)
      throw new BerthError('file.tools-missing', `The host has no ${argv[0]}, which this needs.`);
    if (exitCode !== 0) throw toolError(stderr, path);
  }

  async #openPartial(partial: string, { path, offset }: FileWriteWish): Promise<OpenFile> {
    if (offset === 0)
      // What an earlier try left is rare: it is not looked for first.
      return await this.#primitives.open(partial, 'new').catch(async (error: unknown) => {
        if (!BerthError.is(error, 'file.exists')) throw error;
        await this.remove(partial, 'file');
        return await this.#primitives.open(partial, 'new');
      });
    const facts = await this.#primitives.lookAt(partial);
    if (facts?.kind !== 'file' || facts.sizeBytes < offset) throw uploadGoneError(path);
    const file = await this.#primitives.open(partial, 'again');
    await file.truncate(offset).catch(async (error: unknown) => {
      await file.close();
      throw error;
    });
    return file;
  }

  async *#readAhead(
    file: Pick<OpenFile, 'read' | 'close'>,
    { offset, sizeBytes }: { readonly offset: number; readonly sizeBytes: number },
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const { pieceBytes, ahead } = this.#primitives.pace;
    const asked: { at: number; answer: Promise<Uint8Array> }[] = [];
    let next = offset;
    const ask = () => {
      const answer = file.read(next, pieceBytes);
      answer.catch(() => undefined);
      asked.push({ at: next, answer });
      next += pieceBytes;
    };
    try {
      for (;;) {
        signal.throwIfAborted();
        // Beyond what it was when it was opened, one after the other: of a small file nothing is asked for in vain.
        while (asked.length === 0 || (asked.length < ahead && next < sizeBytes)) ask();
        const { at, answer } = asked.shift()!;
        let bytes = await answer;
        if (bytes.byteLength === 0) return;
        yield bytes;
        // Less than was asked for is not the end: the rest is asked for again.
        for (let got = bytes.byteLength; got < pieceBytes; got += bytes.byteLength) {
          // Where it was to end; a file of /proc has no size and goes on.
          if (sizeBytes > 0 && at + got === sizeBytes) return;
          signal.throwIfAborted();
          bytes = await file.read(at + got, pieceBytes - got);
          if (bytes.byteLength === 0) return;
          yield bytes;
        }
      }
    } finally {
      await Promise.allSettled(asked.map(({ answer }) => answer));
      await file.close();
    }
  }

  async #entriesOf(
    folder: string,
    batch: readonly { readonly name: string; readonly facts: FileFacts }[],
    names: Names,
  ): Promise<FileEntry[]> {
    const entries = batch.map(({ name, facts }) => entryFrom(name, facts, names));
    const links = entries.flatMap(({ kind }, index) => (kind === 'link' ? [index] : []));
    const work = async () => {
      for (let index = links.pop(); index !== undefined; index = links.pop()) {
        const { name, facts } = batch[index]!;
        entries[index] = await this.#entryOf(posix.join(folder, name), name, facts, names);
      }
    };
    await Promise.all(Array.from({ length: linksAtOnce }, work));
    return entries;
  }

  async #entryOf(path: string, name: string, facts: FileFacts, names: Names): Promise<FileEntry> {
    const entry = entryFrom(name, facts, names);
    if (entry.kind !== 'link') return entry;
    const [target, through] = await Promise.all([
      this.#primitives.readLink(path).catch(() => null),
      this.#primitives.lookThrough(path).catch(() => null),
    ]);
    return { ...entry, target, targetKind: through?.kind ?? null };
  }

  /** As the mode says; access lists (acl(5)) are not seen. */
  #isWritable({ kind, mode, uid, gid }: FileFacts): boolean {
    const { identity } = this.#primitives;
    if (identity.uid === 0) return true;
    const shift = uid === identity.uid ? 6 : identity.gids.has(gid) ? 3 : 0;
    const needed = kind === 'folder' ? 0o3 : 0o2;
    return ((mode >> shift) & needed) === needed;
  }

  /** Once an hour for each folder, and nobody waits for it. */
  #sweep(folder: string): void {
    const sweptAtMs = this.#swept.get(folder);
    if (sweptAtMs !== undefined && this.#nowMs() - sweptAtMs < sweepEveryMs) return;
    if (this.#swept.size >= mostFolders) this.#swept.clear();
    this.#swept.set(folder, this.#nowMs());
    void this.#sweepFolder(folder).catch(() => undefined);
  }

  async #sweepFolder(folder: string): Promise<void> {
    let seen = 0;
    for await (const batch of this.#primitives.list(folder, new AbortController().signal)) {
      for (const { name, facts } of batch)
        if (facts.kind === 'file' && isAbandoned(name, this.#nowMs() - facts.modifiedAtMs))
          await this.remove(posix.join(folder, name), 'file');
      seen += batch.length;
      if (seen >= mostSwept) return;
    }
  }
}

function entryFrom(name: string, facts: FileFacts, names: Names): FileEntry {
  return {
    name,
    kind: facts.kind,
    sizeBytes: facts.sizeBytes,
    mode: facts.mode,
    owner: names.user(facts.uid),
    group: names.group(facts.gid),
    modifiedAt: instantOfFile(facts.modifiedAtMs),
    target: null,
    targetKind: null,
    version: facts.version,
  };
}

function lastName(path: string): string {
  return posix.basename(path) || '/';
}
