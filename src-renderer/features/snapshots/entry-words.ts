/** What is said of one entry of a snapshot: kind, names. Pure. */
import type { SnapshotEntry } from '#contract/snapshots.ts';
import { safeFileName } from '../../state/save-place.ts';

export const kindWords: Readonly<Record<SnapshotEntry['kind'], string>> = {
  file: 'file',
  folder: 'folder',
  link: 'link',
  'hard-link': 'hard link',
  fifo: 'named pipe',
  device: 'device',
};

/** Entries that one call may put back, as the contract says. */
export const putBackLimit = 100;

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The folder that holds it; `.` is the root. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '.' : path.slice(0, slash);
}

/** A name in parts, so that escapes of bytes that are no text can be drawn apart from it. */
export function nameParts(name: string): { readonly text: string; readonly isEscape: boolean }[] {
  return name
    .split(/((?:\\x[0-9a-f]{2})+)/i)
    .map((text, index) => ({ text, isEscape: index % 2 === 1 }))
    .filter(({ text }) => text !== '');
}

/** What it is called as a file of this computer. */
export function fileNameOf(path: string, kind: SnapshotEntry['kind'], rootName: string): string {
  const safe = safeFileName(path === '.' ? rootName : baseName(path));
  return kind === 'folder' || path === '.' ? `${safe}.tar` : safe;
}

/** Its content can be saved as a file; a folder goes as an archive. */
export function canSave(entry: Pick<SnapshotEntry, 'kind'>): boolean {
  return entry.kind === 'file' || entry.kind === 'folder' || entry.kind === 'hard-link';
}

/** Without those that another of them holds already. */
export function outermost<E extends { readonly path: string }>(entries: readonly E[]): E[] {
  const paths = new Set(entries.map(({ path }) => path));
  return entries.filter(({ path }) => {
    for (let folder = path; folder !== '.'; ) {
      folder = folderOf(folder);
      if (paths.has(folder)) return false;
    }
    return true;
  });
}
