/**
 * The entries of one snapshot, as they stand in its list (a line each, in the order of the archive), so that they can be
 * browsed, searched and compared without unpacking. Lines are read when they are needed: the first folder of a hundred
 * thousand entries is there in some 50 ms. Pure.
 *
 * A line: kind, mode (octal), uid, gid, size, mtime (seconds with nine digits), SHA-256 or -, digest of the attributes
 * or -, path, target; separated by tabs.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { EntryChange, SnapshotComparison, SnapshotEntry } from '#contract/snapshots.ts';

const kinds: Readonly<Record<string, SnapshotEntry['kind']>> = {
  f: 'file',
  d: 'folder',
  l: 'link',
  h: 'hard-link',
  p: 'fifo',
  c: 'device',
  b: 'device',
};
const PATH_FIELD = 8;

export function parseEntry(line: string): SnapshotEntry {
  const fields = line.split('\t');
  const [
    letter = '',
    mode = '',
    uid,
    gid,
    size,
    time = '',
    sha256 = '-',
    attributes = '-',
    path,
    target = '',
  ] = fields;
  const kind = kinds[letter];
  if (kind === undefined || path === undefined || fields.length !== 10) throw corruptList();
  return {
    path,
    kind,
    mode: Number.parseInt(mode, 8),
    uid: Number(uid),
    gid: Number(gid),
    sizeBytes: Number(size),
    modifiedAtMs: Math.floor(Number(time) * 1000),
    sha256: sha256 === '-' ? null : sha256,
    target: target === '' ? null : target,
    hasAttributes: attributes !== '-',
  };
}

function corruptList(): BerthError {
  return new BerthError('snapshot.corrupt', 'The list of the snapshot’s entries cannot be read. Verify it.');
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.slice(0, slash);
}
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A path's field without the others being cut. */
function pathIn(line: string): string {
  let from = 0;
  for (let field = 0; field < PATH_FIELD; field++) {
    from = line.indexOf('\t', from) + 1;
    if (from === 0) throw corruptList();
  }
  const end = line.indexOf('\t', from);
  return line.slice(from, end < 0 ? undefined : end);
}

export class EntryIndex {
  readonly #lines: readonly string[];
  /** Folder → numbers of the lines of what is in it. */
  #folders: Map<string, number[]> | undefined;
  readonly #sorted = new Map<string, SnapshotEntry[]>();

  constructor(text: string) {
    const lines = text.split('\n');
    if (lines.at(-1) === '') lines.pop();
    this.#lines = lines;
  }

  get count(): number {
    return this.#lines.length;
  }

  /** In the order of the archive. */
  *entries(): Generator<SnapshotEntry> {
    for (const line of this.#lines) yield parseEntry(line);
  }

  /** The entries of a folder: folders first, each kind by name. Throws not-found where there is no such folder. */
  browse(path: string, offset: number, limit: number): { entries: SnapshotEntry[]; total: number } {
    let sorted = this.#sorted.get(path);
    if (sorted === undefined) {
      const numbers = this.#byFolder().get(path);
      if (numbers === undefined && !this.#isFolder(path))
        throw new BerthError('not-found', `The snapshot has no folder ${path}.`);
      const keyed = (numbers ?? []).map((number) => parseEntry(this.#lines[number] ?? ''));
      sorted = keyed.sort(
        (a, b) => Number(b.kind === 'folder') - Number(a.kind === 'folder') || compareText(a.path, b.path),
      );
      // Only what is large is worth keeping: the others are sorted in no time.
      if (sorted.length > 2_000) this.#sorted.set(path, sorted);
    }
    return { entries: sorted.slice(offset, offset + limit), total: sorted.length };
  }

  find(path: string): SnapshotEntry | undefined {
    for (const number of path === '.' ? this.#lines.keys() : (this.#byFolder().get(parentOf(path)) ?? [])) {
      const line = this.#lines[number] ?? '';
      if (pathIn(line) === path) return parseEntry(line);
    }
    return undefined;
  }

  /** Entries whose path fits, at most `limit`, in the order of the archive. */
  search(fits: (path: string) => boolean, limit: number): SnapshotEntry[] {
    const found: SnapshotEntry[] = [];
    for (const line of this.#lines) {
      const path = pathIn(line);
      if (path === '.' || !fits(path)) continue;
      found.push(parseEntry(line));
      if (found.length >= limit) break;
    }
    return found;
  }

  #byFolder(): Map<string, number[]> {
    if (this.#folders !== undefined) return this.#folders;
    const folders = new Map<string, number[]>();
    for (const [number, line] of this.#lines.entries()) {
      const path = pathIn(line);
      if (path === '.') continue;
      const parent = parentOf(path);
      const list = folders.get(parent);
      if (list === undefined) folders.set(parent, [number]);
      else list.push(number);
    }
    this.#folders = folders;
    return folders;
  }

  #isFolder(path: string): boolean {
    return path === '.' || this.find(path)?.kind === 'folder';
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Words that must all be in the path, case aside; a word with `*` or `?` must fit the name or the whole path, as in a shell. */
export function pathMatcher(query: string): (path: string) => boolean {
  const tests = query
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const small = word.toLowerCase();
      if (!/[*?]/.test(word)) return (path: string) => path.includes(small);
      const pattern = small
        .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
        .replace(/\*+/g, '[^/]*')
        .replaceAll('?', '[^/]');
      const form = new RegExp(`^${pattern}$`, 's');
      return (path: string) => form.test(word.includes('/') ? path : nameOf(path));
    });
  return (path) => {
    const small = path.toLowerCase();
    return tests.every((test) => test(small));
  };
}

export interface CompareOptions {
  /** Content by its SHA-256; else a file is the same if its size and its time are. */
  readonly isByContent: boolean;
  readonly limit: number;
}

/** What is different in `after`. */
export function compareEntries(
  before: EntryIndex,
  after: EntryIndex,
  { isByContent, limit }: CompareOptions,
): SnapshotComparison {
  const earlier = new Map<string, SnapshotEntry>();
  for (const entry of before.entries()) earlier.set(entry.path, entry);
  const changes: EntryChange[] = [];
  const sums = { added: 0, removed: 0, changed: 0, addedBytes: 0, removedBytes: 0 };
  const note = (change: EntryChange) => {
    sums[change.change] += 1;
    if (change.change === 'added') sums.addedBytes += ownBytes(change.after);
    if (change.change === 'removed') sums.removedBytes += ownBytes(change.before);
    changes.push(change);
  };
  for (const now of after.entries()) {
    const was = earlier.get(now.path);
    earlier.delete(now.path);
    if (was === undefined) note({ path: now.path, change: 'added', what: [], before: null, after: now });
    else {
      const what = differences(was, now, isByContent);
      if (what.length > 0) note({ path: now.path, change: 'changed', what, before: was, after: now });
    }
  }
  for (const was of earlier.values())
    note({ path: was.path, change: 'removed', what: [], before: was, after: null });
  changes.sort((a, b) => compareParts(a.path, b.path));
  return { ...sums, isByContent, changes: changes.slice(0, limit), isTruncated: changes.length > limit };
}

function ownBytes(entry: SnapshotEntry | null): number {
  return entry?.kind === 'file' ? entry.sizeBytes : 0;
}

function differences(was: SnapshotEntry, now: SnapshotEntry, isByContent: boolean): EntryChange['what'] {
  // A hard link and the file that it is the same as change places with the order of names: both are the file.
  const isFile = (entry: SnapshotEntry) => entry.kind === 'file' || entry.kind === 'hard-link';
  const what: EntryChange['what'] = [];
  if (was.kind !== now.kind && !(isFile(was) && isFile(now))) return ['kind'];
  if (was.kind === 'file' && now.kind === 'file') {
    const isSame = isByContent
      ? was.sha256 === now.sha256
      : was.sizeBytes === now.sizeBytes && was.modifiedAtMs === now.modifiedAtMs;
    if (!isSame) what.push('content');
  }
  if ((was.kind === 'link' || was.kind === 'device') && was.target !== now.target) what.push('target');
  if (was.mode !== now.mode) what.push('mode');
  if (was.uid !== now.uid || was.gid !== now.gid) what.push('owner');
  if (isByContent && was.hasAttributes !== now.hasAttributes) what.push('attributes');
  // A folder's time changes with everything in it, which is listed by itself.
  if (was.kind !== 'folder' && was.modifiedAtMs !== now.modifiedAtMs && !what.includes('content'))
    what.push('time');
  return what;
}

/** As a tree is read: a folder before what is in it, siblings by name. */
function compareParts(a: string, b: string): number {
  return compareText(a.replaceAll('/', '\u0001'), b.replaceAll('/', '\u0001'));
}
