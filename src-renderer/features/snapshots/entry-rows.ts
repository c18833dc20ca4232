/** The rows that the tree of a snapshot shows, and where typed text is found among them. Pure. */
import type { BerthError } from '#contract/berth-error.ts';
import type { SnapshotEntry } from '#contract/snapshots.ts';
import type { TreeRow } from '../../components/row-tree.tsx';
import type { EntryState } from './entry-store.ts';
import { baseName, folderOf } from './entry-words.ts';

export type EntryRow = TreeRow &
  (
    | { readonly kind: 'entry'; readonly entry: SnapshotEntry }
    /** Its page is not here yet. */
    | { readonly kind: 'waiting'; readonly folder: string; readonly index: number }
    | { readonly kind: 'empty' }
    | { readonly kind: 'failed'; readonly folder: string; readonly error: BerthError }
  );

export function entryRows(state: EntryState, checked: ReadonlySet<string>): EntryRow[] {
  const rows: EntryRow[] = [];
  addFolder(rows, { state, checked, path: '.', level: 1, parentKey: null, isHeld: false });
  return rows;
}

interface Place {
  readonly state: EntryState;
  readonly checked: ReadonlySet<string>;
  readonly path: string;
  readonly level: number;
  readonly parentKey: string | null;
  /** A folder above it is marked: so is all that it holds. */
  readonly isHeld: boolean;
}

function addFolder(rows: EntryRow[], place: Place): void {
  const { state, checked, path, level, parentKey, isHeld } = place;
  const folder = state.folders.get(path);
  const base = { level, parentKey, isOpen: null };
  if (folder !== undefined && folder.error !== null) {
    const key = `failed ${path}`;
    rows.push({ ...base, key, position: 1, siblings: 1, kind: 'failed', folder: path, error: folder.error });
    if (folder.total === null) return;
  }
  if (folder === undefined || folder.total === null) {
    rows.push({
      ...base,
      key: `waiting ${path}`,
      position: 1,
      siblings: 1,
      kind: 'waiting',
      folder: path,
      index: 0,
    });
    return;
  }
  if (folder.total === 0) {
    rows.push({ ...base, key: `empty ${path}`, position: 1, siblings: 1, kind: 'empty' });
    return;
  }
  const siblings = folder.total;
  for (let index = 0; index < siblings; index += 1) {
    const entry = folder.entries[index];
    const position = index + 1;
    if (entry === undefined) {
      const key = `waiting ${index} ${path}`;
      rows.push({ ...base, key, position, siblings, kind: 'waiting', folder: path, index });
      continue;
    }
    const isOpen = entry.kind === 'folder' ? state.open.has(entry.path) : null;
    const isChecked = isHeld || checked.has(entry.path);
    rows.push({ ...base, key: entry.path, position, siblings, isOpen, isChecked, kind: 'entry', entry });
    if (isOpen)
      addFolder(rows, {
        ...{ state, checked, path: entry.path, level: level + 1, parentKey: entry.path },
        isHeld: isChecked,
      });
  }
}

/** Marks a row, or takes its mark away: what is within a marked folder is marked with it. */
export function toggleChecked(checked: ReadonlySet<string>, path: string): Set<string> {
  const next = new Set(checked);
  if (next.delete(path)) return next;
  for (let folder = path; folder !== '.'; ) {
    folder = folderOf(folder);
    // It is marked with its folder, which loses its mark.
    if (next.delete(folder)) return next;
  }
  for (const one of next) if (one.startsWith(`${path}/`)) next.delete(one);
  return next.add(path);
}

/** The next row whose name begins with the text, from the one after `from` (or from itself when the text grows). */
export function findEntry(rows: readonly EntryRow[], text: string, from: number): number {
  const wanted = text.toLocaleLowerCase();
  for (let offset = text.length > 1 ? 0 : 1; offset <= rows.length; offset += 1) {
    const index = (from + offset) % rows.length;
    const row = rows[index];
    if (row?.kind === 'entry' && baseName(row.entry.path).toLocaleLowerCase().startsWith(wanted))
      return index;
  }
  return -1;
}

/** The folder in which the row stands. */
export function folderOfRow(row: EntryRow): string {
  return row.parentKey ?? '.';
}
