/**
 * Files and folders of a place, each folder before what is in it, by name from a folder's listing. Small files are read
 * ahead, several at once: each costs a round trip. Links are told, never followed. What is deleted meanwhile is left out.
 * Nothing else is: a name that cannot be asked for ends the walk, since whoever copies, and then deletes, would lose it.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { FileEntry } from '#contract/files.ts';
import type { FileAccess, FileRead } from '../interfaces/file-access.ts';
import { unspeakableError } from '../interfaces/file-error.ts';

/** Whole in memory at once, so many of so many bytes. */
const smallBytes = 256 * 1024;
const aheadCount = 12;

export interface TreeFrom {
  readonly access: FileAccess;
  readonly path: string;
  /** Of what is in the folder; empty: all of it. */
  readonly names: readonly string[];
}

export interface TreeItem {
  /** From the folder on, without a slash before it. */
  readonly name: string;
  readonly path: string;
  readonly entry: FileEntry;
}

export interface ReadItem extends TreeItem {
  /** Of a file. To be read to its end or closed before the next item. */
  readonly file: FileRead | undefined;
}

export async function* walkTree(from: TreeFrom, signal: AbortSignal): AsyncGenerator<TreeItem> {
  const { access, path } = from;
  if (from.names.length === 0) {
    yield* inFolder(from, { prefix: '', path }, signal);
    return;
  }
  for (const name of from.names) {
    const own = joined(path, name);
    const entry = await access.look(own);
    if (entry === undefined) throw new BerthError('not-found', `There is no “${own}” any more.`);
    yield* withAllInIt(from, { name, path: own, entry }, signal);
  }
}

async function* withAllInIt(from: TreeFrom, item: TreeItem, signal: AbortSignal): AsyncGenerator<TreeItem> {
  yield item;
  if (item.entry.kind !== 'folder') return;
  try {
    yield* inFolder(from, { prefix: `${item.name}/`, path: item.path }, signal);
  } catch (error) {
    if (!BerthError.is(error, 'not-found')) throw error;
  }
}

async function* inFolder(
  from: TreeFrom,
  folder: { readonly prefix: string; readonly path: string },
  signal: AbortSignal,
): AsyncGenerator<TreeItem> {
  const folders: TreeItem[] = [];
  for await (const { entries } of from.access.list(folder.path, signal))
    for (const entry of entries) {
      const item = { name: `${folder.prefix}${entry.name}`, path: joined(folder.path, entry.name), entry };
      await requireSpeakable(from.access, item);
      // Gone into once the listing has ended: one that is open costs something there.
      if (entry.kind === 'folder') folders.push(item);
      else yield item;
    }
  for (const item of folders) yield* withAllInIt(from, item, signal);
}

/** U+FFFD stands for bytes that are no UTF-8; of a name, unless it is really that letter. */
async function requireSpeakable(access: FileAccess, { path, entry }: TreeItem): Promise<void> {
  const isDoubtful = entry.name.includes('\ufffd') && (await access.look(path)) === undefined;
  if (isDoubtful || entry.target?.includes('\ufffd')) throw unspeakableError(path);
}

export async function* readTree(from: TreeFrom, signal: AbortSignal): AsyncGenerator<ReadItem> {
  const items = walkTree(from, signal);
  const ahead: { readonly item: TreeItem; readonly file: Promise<FileRead | undefined | 'gone'> }[] = [];
  let isAtEnd = false;
  try {
    for (;;) {
      while (!isAtEnd && ahead.length < aheadCount) {
        const next = await items.next();
        if (next.done === true) isAtEnd = true;
        else {
          const file = open(from.access, next.value, signal);
          file.catch(() => undefined);
          ahead.push({ item: next.value, file });
        }
      }
      const first = ahead.shift();
      if (first === undefined) return;
      const file = await first.file;
      if (file === 'gone') continue;
      // One that is large is opened when its turn comes: what is read ahead of it would fill a window for nothing.
      const isLater = file === undefined && first.item.entry.kind === 'file';
      const own = isLater ? await openLarge(from.access, first.item, signal) : file;
      if (own !== 'gone') yield { ...first.item, entry: own?.entry ?? first.item.entry, file: own };
    }
  } finally {
    await items.return(undefined);
    for (const { file } of ahead) {
      const opened = await file.catch(() => undefined);
      if (opened !== undefined && opened !== 'gone') opened.close();
    }
  }
}

async function open(access: FileAccess, item: TreeItem, signal: AbortSignal) {
  if (item.entry.kind !== 'file' || item.entry.sizeBytes > smallBytes) return undefined;
  const file = await openLarge(access, item, signal);
  if (file === 'gone' || file.entry.sizeBytes > smallBytes) return file;
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of file.bytes) {
    pieces.push(piece);
    size += piece.byteLength;
    if (size > file.entry.sizeBytes) break;
  }
  file.close();
  return {
    ...file,
    bytes: (async function* () {
      yield* pieces;
    })(),
  };
}

async function openLarge(
  access: FileAccess,
  { path }: TreeItem,
  signal: AbortSignal,
): Promise<FileRead | 'gone'> {
  try {
    return await access.read(path, 0, signal);
  } catch (error) {
    // Deleted, or something else by now: then it is none of these files.
    if (BerthError.is(error, 'not-found', 'file.wrong-kind')) return 'gone';
    throw error;
  }
}

export function joined(path: string, name: string): string {
  return path.endsWith('/') ? `${path}${name}` : `${path}/${name}`;
}
