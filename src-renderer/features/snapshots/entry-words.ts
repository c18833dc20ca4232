/** What is said of one entry of a snapshot: kind, permissions, names. Pure. */
import type { SnapshotEntry } from '#contract/snapshots.ts';

export const kindWords: Readonly<Record<SnapshotEntry['kind'], string>> = {
  file: 'file',
  folder: 'folder',
  link: 'link',
  'hard-link': 'hard link',
  fifo: 'named pipe',
  device: 'device',
};

/** `modeText(0o4755)` is "rwsr-xr-x", as `ls` draws it. */
export function modeText(mode: number): string {
  const triple = (shift: number, special: number, letter: string) => {
    const bits = (mode >> shift) & 7;
    const isSpecial = (mode & special) !== 0;
    const isRun = (bits & 1) !== 0;
    const last = isSpecial ? (isRun ? letter : letter.toUpperCase()) : isRun ? 'x' : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last}`;
  };
  return `${triple(6, 0o4000, 's')}${triple(3, 0o2000, 's')}${triple(0, 0o1000, 't')}`;
}

/** "0755", "4755". */
export function octalText(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

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

/** Names that Windows keeps for itself, whatever follows a dot. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** What it is called as a file of this computer: no character that a file system here may refuse. */
export function fileNameOf(path: string, kind: SnapshotEntry['kind'], rootName: string): string {
  const own = path === '.' ? rootName : baseName(path);
  const name = own
    // oxlint-disable-next-line no-control-regex -- a name of a file may hold them, and one here must not
    .replaceAll(/[\u0000-\u001f<>:"/\\|?*]/g, '_')
    .replace(/[. ]+$/, '')
    .slice(0, 200);
  const safe = name === '' || reserved.test(name) ? `_${name}` : name;
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
