/**
 * Copies trees from one place to another through the plane. Guarantees: bounded memory (a few files at once, each at the
 * pace of the slower side), links stay links, further names of a file stay names of one (link(2)), modes, times and users'
 * extended attributes are kept, and what could not be is told. A file that changed while it was read is not taken for a
 * copy. What an earlier try brought over whole is not sent again. Nothing of it is on the disk for sure until
 * the target is synced.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { FileEntry } from '#contract/files.ts';
import type { FileAccess, TreeWork } from '../interfaces/file-access.ts';
import { changedError } from '../interfaces/file-error.ts';
import { fillingMode, keptMode } from './copied-modes.ts';
import { ExtrasCopy } from './extras-copy.ts';
import { joined, type TreeFrom, type TreeItem, walkTree } from './walk-tree.ts';

/** Small files cost round trips, which go on beside each other. */
const filesAtOnce = 8;
/** Times of a file that was copied may have lost what is less than a second (SFTP). */
const sameTimeMs = 1_000;

export interface TreeTo {
  readonly access: FileAccess;
  /** A folder that is there, and nobody else's. */
  readonly path: string;
  readonly uploadKey: string;
}

export async function copyBetween(
  from: TreeFrom,
  to: TreeTo,
  { signal, onProgress }: TreeWork,
): Promise<void> {
  const folders: TreeItem[] = [];
  let [items, bytes, skipped] = [0, 0, 0];
  const extras = await ExtrasCopy.begin(from, signal);
  const failing = new AbortController();
  const stop = AbortSignal.any([signal, failing.signal]);
  const tell = (more: { items?: number; bytes?: number; skipped?: number }) => {
    items += more.items ?? 0;
    bytes += more.bytes ?? 0;
    skipped += more.skipped ?? 0;
    onProgress({ items, bytes, skipped });
  };
  const tree = walkTree(from, stop);
  /** Folders are made in the order of the walk, before anything is put into them. */
  let making = Promise.resolve();
  const work = async () => {
    try {
      for (;;) {
        const next = await tree.next();
        if (next.done === true || stop.aborted) return;
        const item = next.value;
        const path = joined(to.path, item.name);
        const isLater = extras.take(item);
        if (item.entry.kind === 'folder') {
          folders.push(item);
          making = making.then(() => to.access.makeFolder(path, { mayExist: true, mode: fillingMode }));
          await making;
        } else if (!isLater) {
          await making;
          await copyOne({ from: from.access, item }, { ...to, path }, stop, tell);
        }
        tell(item.entry.kind === 'other' ? { skipped: 1 } : { items: 1 });
      }
    } catch (error) {
      failing.abort(error);
      throw error;
    }
  };
  const results = await Promise.allSettled(Array.from({ length: filesAtOnce }, work));
  await tree.return(undefined);
  signal.throwIfAborted();
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw failing.signal.reason;
  const { own, refused: unlinked } = await extras.link(to, signal);
  for (const item of own)
    await copyOne({ from: from.access, item }, { ...to, path: joined(to.path, item.name) }, signal, tell);
  const bare = await extras.giveAttributes(to, signal);
  onProgress({ items, bytes, skipped, unlinked, bare, isBlind: extras.isBlind });
  // The innermost first: what is put into a folder changes its time, and a closed one takes nothing more.
  for (const { name, entry } of folders.reverse()) {
    signal.throwIfAborted();
    const path = joined(to.path, name);
    await to.access.setTimes(path, Date.parse(entry.modifiedAt));
    await to.access.setMode(path, entry.mode & keptMode);
  }
}

async function copyOne(
  { from, item }: { readonly from: FileAccess; readonly item: TreeItem },
  to: TreeTo,
  signal: AbortSignal,
  tell: (more: { bytes: number }) => void,
): Promise<void> {
  const { entry } = item;
  if (entry.kind === 'other') return;
  const before = await to.access.look(to.path);
  if (before !== undefined && isSame(entry, before)) return;
  if (entry.kind === 'link') {
    if (before !== undefined) await to.access.remove(to.path, before.kind);
    await to.access.makeLink(to.path, entry.target ?? '');
    await to.access.setTimes(to.path, Date.parse(entry.modifiedAt));
    return;
  }
  const file = await from.read(item.path, 0, signal).catch((error: unknown) => {
    throw BerthError.is(error, 'not-found') ? changedError(item.path) : error;
  });
  try {
    const write = await to.access.write({
      path: to.path,
      uploadKey: to.uploadKey,
      offset: 0,
      sizeBytes: file.entry.sizeBytes,
      mode: file.entry.mode & keptMode,
      modifiedAtMs: Date.parse(file.entry.modifiedAt),
      isStaged: true,
      replaces: 'anything',
    });
    try {
      for await (const piece of file.bytes) {
        signal.throwIfAborted();
        await write.write(piece);
        tell({ bytes: piece.byteLength });
      }
      signal.throwIfAborted();
      // As it was when it was opened: what was written into it meanwhile makes half of each.
      if ((await from.look(item.path))?.version !== file.entry.version) throw changedError(item.path);
      await write.finish();
    } catch (error) {
      await write.pause();
      throw error;
    }
  } finally {
    file.close();
  }
}

function isSame(entry: FileEntry, there: FileEntry): boolean {
  if (there.kind !== entry.kind) return false;
  if (entry.kind === 'link') return there.target === entry.target;
  const apartMs = Math.abs(Date.parse(there.modifiedAt) - Date.parse(entry.modifiedAt));
  return there.sizeBytes === entry.sizeBytes && apartMs < sameTimeMs;
}
