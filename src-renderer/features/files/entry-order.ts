/**
 * The order of a folder's entries, kept while they come: what is sorted already is merged with what is new, so that a
 * folder of 100,000 entries costs each part once. Pure.
 *
 * Names are ordered as a person counts ("part 2" before "part 10"), without regard to case and accents, by keys that are
 * made once: a collator asked at each comparison needs seconds for such a folder.
 */
import type { FileEntry } from '#contract/files.ts';
import { extensionOf } from './path-words.ts';

export const sortColumns = ['name', 'size', 'modified', 'mode', 'owner'] as const;
export type SortColumn = (typeof sortColumns)[number];

export interface Order {
  readonly by: SortColumn;
  readonly isDescending: boolean;
}

export interface Row {
  readonly entry: FileEntry;
  /** Whether it is opened as a folder: also a link to one. */
  readonly isFolder: boolean;
  readonly key: string;
  readonly modifiedMs: number;
}

/** Digits to which numbers in names are filled up: more than a 64-bit number has. */
const countedDigits = 20;

export function nameKey(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase()
    .replaceAll(/\d+/g, (digits) => digits.padStart(countedDigits, '0'));
}

export function rowOf(entry: FileEntry): Row {
  return {
    entry,
    isFolder: entry.kind === 'folder' || (entry.kind === 'link' && entry.targetKind === 'folder'),
    key: nameKey(entry.name),
    modifiedMs: Date.parse(entry.modifiedAt),
  };
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

const columns: Readonly<Record<SortColumn, (a: Row, b: Row) => number>> = {
  name: () => 0,
  size: (a, b) => (a.isFolder && b.isFolder ? 0 : a.entry.sizeBytes - b.entry.sizeBytes),
  modified: (a, b) => a.modifiedMs - b.modifiedMs,
  mode: (a, b) => a.entry.mode - b.entry.mode,
  owner: (a, b) => byText(a.entry.owner, b.entry.owner) || byText(a.entry.group, b.entry.group),
};

/** Folders first, whatever the order; names decide between equals, and their bytes between equal names. */
export function compareRows({ by, isDescending }: Order): (a: Row, b: Row) => number {
  const column = columns[by];
  const sign = isDescending ? -1 : 1;
  return (a, b) =>
    Number(b.isFolder) - Number(a.isFolder) ||
    sign * (column(a, b) || byText(a.key, b.key) || byText(a.entry.name, b.entry.name));
}

export function sortRows(rows: readonly Row[], order: Order): Row[] {
  return rows.toSorted(compareRows(order));
}

/** Both in this order already. */
export function mergeRows(present: readonly Row[], added: readonly Row[], order: Order): Row[] {
  if (present.length === 0) return [...added];
  const compare = compareRows(order);
  const merged: Row[] = [];
  let at = 0;
  for (const row of added) {
    while (at < present.length && compare(present[at]!, row) <= 0) merged.push(present[at++]!);
    merged.push(row);
  }
  while (at < present.length) merged.push(present[at++]!);
  return merged;
}

export interface Wanted {
  readonly showsHidden: boolean;
  /** Words that must all be in the name. */
  readonly filter: string;
}

export function isHidden(name: string): boolean {
  return name.startsWith('.');
}

export function wantedRows(rows: readonly Row[], { showsHidden, filter }: Wanted): readonly Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (showsHidden && words.length === 0) return rows;
  return rows.filter(({ entry }) => {
    if (!showsHidden && isHidden(entry.name)) return false;
    if (words.length === 0) return true;
    const name = entry.name.toLowerCase();
    return words.every((word) => name.includes(word));
  });
}

/** The next row whose name begins with the text, from the one after `from` (or from itself while the text grows); -1: none. */
export function findTyped(rows: readonly Row[], text: string, from: number): number {
  const wanted = text.toLocaleLowerCase();
  for (let offset = text.length > 1 ? 0 : 1; offset <= rows.length; offset += 1) {
    const index = (Math.max(0, from) + offset) % rows.length;
    if (rows[index]?.entry.name.toLocaleLowerCase().startsWith(wanted)) return index;
  }
  return -1;
}

export type EntryLook =
  | 'folder'
  | 'folder-link'
  | 'link'
  | 'broken-link'
  | 'image'
  | 'archive'
  | 'text'
  | 'file'
  | 'other';

const imageEndings = ['png', 'jpg', 'jpeg', 'gif', 'webp', 'avif', 'bmp', 'ico', 'svg'];
const archiveEndings = ['zip', 'tar', 'gz', 'tgz', 'bz2', 'xz', 'zst', '7z', 'rar', 'deb', 'jar'];
const textEndings = [
  'txt',
  'md',
  'json',
  'yaml',
  'yml',
  'toml',
  'ini',
  'conf',
  'log',
  'csv',
  'xml',
  'html',
  'css',
];

/** By what it is drawn. */
export function lookOf(entry: FileEntry): EntryLook {
  if (entry.kind === 'folder') return 'folder';
  if (entry.kind === 'other') return 'other';
  if (entry.kind === 'link') {
    if (entry.targetKind === null) return 'broken-link';
    return entry.targetKind === 'folder' ? 'folder-link' : 'link';
  }
  const ending = extensionOf(entry.name);
  if (imageEndings.includes(ending)) return 'image';
  if (archiveEndings.includes(ending)) return 'archive';
  return textEndings.includes(ending) ? 'text' : 'file';
}
