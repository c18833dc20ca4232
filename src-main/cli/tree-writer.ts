/**
 * A tar archive from elsewhere as a tree of this computer. The archive is not trusted: nothing is written outside the
 * destination, no link is followed on the way to a name, and a hard link leads only to a file that came with it. Modes
 * (without set-user-id and the like, for the owner is another), times, links and holes in names are kept; devices are left
 * out and told.
 */
import { constants } from 'node:fs';
import { chmod, link, lstat, lutimes, mkdir, open, readlink, rm, symlink, utimes } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import { CommandFailure } from './failure.ts';

export interface TreeWriterOptions {
  /** A folder that is there; all is written below it. */
  readonly root: Buffer;
  /** What the first part of each name becomes; undefined: it stays. */
  readonly rename: Buffer | undefined;
  readonly onSkipped: (name: string, why: string) => void;
  readonly onEntry?: (name: string) => void;
}

const slash = Buffer.from('/');

export class UnsafeArchive extends CommandFailure {}

/** What its types leave out. */
type ExtractOptions = NonNullable<Parameters<typeof extract>[0]> & {
  readonly filenameEncoding: BufferEncoding;
};

interface Times {
  readonly path: Buffer;
  readonly mode: number;
  readonly mtime: number;
}

export class TreeWriter {
  readonly #options: TreeWriterOptions;
  /** Folders get their mode and time at the end: one without the right to write must first be filled. */
  readonly #folders = new Map<string, Times>();
  /** Paths of files that came with this archive. */
  readonly #files = new Set<string>();
  entryCount = 0;
  /** Why the archive came no further. */
  #sourceFailure: unknown;

  constructor(options: TreeWriterOptions) {
    this.#options = options;
  }

  /** @throws UnsafeArchive, and what node:fs or the archive's reader throws */
  async write(archive: AsyncIterable<Uint8Array>): Promise<void> {
    // Names are bytes; as latin1 each is a character of its own.
    const options: ExtractOptions = { filenameEncoding: 'latin1' };
    const reader = extract(options);
    const feeding = this.#feed(reader, archive);
    feeding.catch(() => undefined);
    try {
      for await (const entry of reader) {
        await this.#entry(entry.header, entry as unknown as Readable);
        entry.resume();
      }
      await feeding;
    } catch (error) {
      reader.destroy(null);
      await feeding.catch(() => undefined);
      throw this.#sourceFailure ?? unreadable(error);
    }
    for (const { path, mode, mtime } of [...this.#folders.values()].reverse()) {
      await chmod(path, mode);
      await utimes(path, mtime, mtime);
    }
  }

  async #feed(reader: ReturnType<typeof extract>, archive: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of archive) {
        if (reader.destroying) return;
        if (!reader.write(Buffer.from(chunk)))
          await new Promise<void>((resolve) => reader.once('drain', resolve).once('close', resolve));
      }
      reader.end(null);
    } catch (error) {
      this.#sourceFailure = error;
      reader.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  async #entry(header: Header, body: Readable): Promise<void> {
    const name = nameOf(header, 'path', header.name);
    const parts = this.#partsOf(name);
    // The folder itself, of an archive of its contents.
    if (parts.length === 0) return;
    this.entryCount += 1;
    const shown = Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [slash, part])));
    this.#options.onEntry?.(shown.toString());
    const path = await this.#place(parts, shown);
    const mtime = timeOf(header);
    const mode = (header.mode ?? 0o644) & 0o1777;
    const { type } = header;
    if (type === 'directory') {
      await makeFolder(path, shown);
      this.#folders.set(path.toString('latin1'), { path, mode, mtime });
    } else if (type === 'file' || type === 'contiguous-file') {
      await this.#file(path, body, { mode, mtime });
    } else if (type === 'symlink') {
      await makeWay(path, shown);
      await symlink(nameOf(header, 'linkpath', header.linkname), path);
      await lutimes(path, mtime, mtime);
    } else if (type === 'link') {
      await this.#hardLink(path, shown, nameOf(header, 'linkpath', header.linkname));
    } else this.#options.onSkipped(shown.toString(), `a ${type ?? 'thing'} that is not copied`);
  }

  /** @throws UnsafeArchive for what leads out */
  #partsOf(name: Buffer): Buffer[] {
    const unsafe = (why: string) =>
      new UnsafeArchive(
        `The archive is not safe to unpack: "${name.toString()}" ${why}. Nothing of it was written.`,
      );
    if (name.includes(0)) throw unsafe('holds a zero byte');
    if (name[0] === slash[0]) throw unsafe('begins at the root');
    const parts = split(name).filter((part) => part.byteLength > 0 && !part.equals(Buffer.from('.')));
    if (parts.some((part) => part.equals(Buffer.from('..')))) throw unsafe('leads out of the folder');
    if (process.platform === 'win32' && parts.some((part) => /[\\:]/.test(part.toString())))
      throw unsafe('means something else on Windows');
    const { rename } = this.#options;
    return rename === undefined || parts.length === 0 ? parts : [rename, ...parts.slice(1)];
  }

  /** Makes the folders above a name that are not there; none of them may be a link. @throws UnsafeArchive */
  async #place(parts: readonly Buffer[], shown: Buffer): Promise<Buffer> {
    let path = this.#options.root;
    for (const part of parts.slice(0, -1)) {
      path = Buffer.concat([path, slash, part]);
      const there = await lstat(path).catch(() => undefined);
      if (there === undefined) await mkdir(path, 0o700);
      else if (!there.isDirectory())
        throw new UnsafeArchive(
          `"${shown.toString()}" was not written: "${path.toString()}" on the way to it is ${there.isSymbolicLink() ? 'a link' : 'no folder'}. Remove it, or copy to another place.`,
        );
      if (there === undefined)
        this.#folders.set(path.toString('latin1'), { path, mode: 0o755, mtime: Date.now() / 1000 });
    }
    return Buffer.concat([path, slash, parts.at(-1) ?? Buffer.alloc(0)]);
  }

  async #file(path: Buffer, body: Readable, { mode, mtime }: { mode: number; mtime: number }): Promise<void> {
    await makeWay(path, path);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
    const file = await open(path, flags, 0o600);
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) await file.appendFile(chunk);
      await file.chmod(mode);
      await file.utimes(mtime, mtime);
    } finally {
      await file.close();
    }
    this.#files.add(path.toString('latin1'));
  }

  async #hardLink(path: Buffer, shown: Buffer, target: Buffer): Promise<void> {
    const parts = this.#partsOf(target);
    const to = Buffer.concat([this.#options.root, ...parts.flatMap((part) => [slash, part])]);
    // One to something that was there before would give the archive a hand on it.
    const isOurs = this.#files.has(to.toString('latin1')) || (await this.#isOwnLink(to));
    if (!isOurs)
      throw new UnsafeArchive(
        `The archive is not safe to unpack: "${shown.toString()}" is a hard link to "${target.toString()}", which did not come before it.`,
      );
    await makeWay(path, shown);
    await link(to, path);
    this.#files.add(path.toString('latin1'));
  }

  /** A symbolic link with several names, which tar writes as a hard link to the first. */
  async #isOwnLink(path: Buffer): Promise<boolean> {
    return await readlink(path).then(
      () => true,
      () => false,
    );
  }
}

/** What the archive's reader says; failures of this computer name a system call and pass as they are. */
function unreadable(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CommandFailure || 'syscall' in error) return error;
  const isCut = /unexpected end of data|destroyed/i.test(error.message);
  return new CommandFailure(
    isCut
      ? 'The archive ends in the middle. What was copied until then stays.'
      : `What came is no tar archive: ${error.message}`,
  );
}

function split(name: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = name.indexOf(slash, from); at !== -1; at = name.indexOf(slash, from)) {
    parts.push(name.subarray(from, at));
    from = at + 1;
  }
  return [...parts, name.subarray(from)];
}

/** From a pax record a name comes as text, from a header as bytes. */
function nameOf({ pax }: Header, key: 'path' | 'linkpath', text: string): Buffer {
  const record = (pax as Record<string, string> | undefined)?.[key];
  return record === undefined ? Buffer.from(text, 'latin1') : Buffer.from(record, 'utf8');
}

/** Seconds since 1970. */
function timeOf({ pax, mtime }: Header): number {
  const exact = Number((pax as Record<string, string> | undefined)?.mtime);
  return Number.isFinite(exact) && exact !== 0 ? exact : (mtime ?? new Date()).getTime() / 1000;
}

async function makeFolder(path: Buffer, shown: Buffer): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there?.isDirectory()) {
    // It must be possible to write into it until it gets its own mode.
    await chmod(path, there.mode | 0o700).catch(() => undefined);
    return;
  }
  if (there !== undefined) await makeWay(path, shown);
  await mkdir(path, 0o700);
}

/** What is there in its place goes, but a folder. */
async function makeWay(path: Buffer, shown: Buffer): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined) return;
  if (there.isDirectory())
    throw new CommandFailure(`"${shown.toString()}" was not written: a folder of this name is there.`);
  await rm(path);
}
