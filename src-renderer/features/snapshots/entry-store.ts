/**
 * The folders of one snapshot as far as they were read: pages of entries come when they are looked at. One store per page.
 *
 * Guarantees: a page is asked for once at a time; a failure stands at its folder and is asked again by `retry`; answers
 * that come after `close` change nothing.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { BerthError } from '#contract/berth-error.ts';
import type { SnapshotEntry } from '#contract/snapshots.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import { folderOf } from './entry-words.ts';

export interface Folder {
  /** Null: nothing was read yet. */
  readonly total: number | null;
  /** By their place; holes are pages that were not read. */
  readonly entries: readonly (SnapshotEntry | undefined)[];
  readonly error: BerthError | null;
}

export interface EntryState {
  readonly folders: ReadonlyMap<string, Folder>;
  readonly open: ReadonlySet<string>;
}

export type Browse = (
  path: string,
  offset: number,
  limit: number,
) => Promise<{ readonly entries: readonly SnapshotEntry[]; readonly total: number }>;

/** Entries in one answer: some 100 KB, and more than three screens. */
export const pageEntries = 500;

/** The most that one answer may hold, as the contract says: for folders that are read whole. */
const answerEntries = 1000;

const unread: Folder = { total: null, entries: [], error: null };

export interface EntryStore {
  readonly store: StoreApi<EntryState>;
  setOpen(path: string, isOpen: boolean): void;
  /** These places of a folder are looked at: their pages are read. */
  need(path: string, first: number, last: number): void;
  /** Reads what is missing of a folder. Resolves when all is there; rejects with the failure. */
  readAll(path: string): Promise<void>;
  /** Opens every folder above the entry. Resolves true when it is there. */
  reveal(path: string): Promise<boolean>;
  retry(path: string): void;
  close(): void;
}

export function createEntryStore(browse: Browse): EntryStore {
  const store = createStore<EntryState>(() => ({ folders: new Map(), open: new Set(['.']) }));
  const underWay = new Map<string, Promise<void>>();
  const wholes = new Map<string, Promise<void>>();
  let isClosed = false;

  const put = (path: string, change: (folder: Folder) => Folder) =>
    store.setState(({ folders }) => ({
      folders: new Map(folders).set(path, change(folders.get(path) ?? unread)),
    }));

  const readPage = (path: string, page: number): Promise<void> => {
    const key = `${page} ${path}`;
    const present = underWay.get(key);
    if (present) return present;
    const reading = browse(path, page * pageEntries, pageEntries)
      .then(({ entries, total }) => {
        if (isClosed) return;
        put(path, (folder) => {
          const all =
            folder.entries.length === total ? [...folder.entries] : Array<undefined>(total).fill(undefined);
          const next: (SnapshotEntry | undefined)[] = all;
          for (const [index, entry] of entries.entries()) next[page * pageEntries + index] = entry;
          return { total, entries: next, error: null };
        });
      })
      .catch((cause: unknown) => {
        const error = toBerthError(cause);
        if (!isClosed) put(path, (folder) => ({ ...folder, error }));
        throw error;
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, reading);
    return reading;
  };
  const read = (path: string, page: number) => {
    // The failure stands at the folder.
    readPage(path, page).catch(() => undefined);
  };
  const folderAt = (path: string) => store.getState().folders.get(path) ?? unread;
  const missingPages = ({ entries, total }: Folder): number[] =>
    total === null
      ? [0]
      : Array.from({ length: Math.ceil(total / pageEntries) }, (_, page) => page).filter(
          (page) => entries[page * pageEntries] === undefined,
        );

  /** Told once at the end: 40 pages one by one would have their rows made 40 times. */
  const readMissing = async (path: string): Promise<void> => {
    const read: { readonly offset: number; readonly entries: readonly SnapshotEntry[] }[] = [];
    let end = 0;
    for (const page of missingPages(folderAt(path))) {
      const offset = page * pageEntries;
      if (offset < end) continue;
      const { entries } = await browse(path, offset, answerEntries);
      read.push({ offset, entries });
      end = offset + entries.length;
    }
    if (isClosed || read.length === 0) return;
    put(path, (folder) => {
      const entries = [...folder.entries];
      for (const part of read)
        for (const [index, entry] of part.entries.entries()) entries[part.offset + index] = entry;
      return { ...folder, entries };
    });
  };

  const own: EntryStore = {
    store,
    setOpen: (path, isOpen) => {
      const open = new Set(store.getState().open);
      if (isOpen) open.add(path);
      else open.delete(path);
      store.setState({ open });
      if (isOpen && folderAt(path).total === null) read(path, 0);
    },
    need: (path, first, last) => {
      const folder = folderAt(path);
      if (folder.error !== null) return;
      for (const page of missingPages(folder))
        if (page >= Math.floor(first / pageEntries) && page <= Math.floor(last / pageEntries))
          read(path, page);
    },
    readAll: async (path) => {
      if (folderAt(path).total === null) await readPage(path, 0);
      const present = wholes.get(path);
      if (present) return present;
      const reading = readMissing(path).finally(() => wholes.delete(path));
      wholes.set(path, reading);
      return reading;
    },
    reveal: async (path) => {
      const above: string[] = [];
      for (let folder = folderOf(path); ; folder = folderOf(folder)) {
        above.unshift(folder);
        if (folder === '.') break;
      }
      for (const folder of above) {
        await own.readAll(folder);
        own.setOpen(folder, true);
      }
      return folderAt(folderOf(path)).entries.some((entry) => entry?.path === path);
    },
    retry: (path) => {
      // What is looked at is asked for again by whoever looks.
      put(path, (folder) => ({ ...folder, error: null }));
      if (folderAt(path).total === null) read(path, 0);
    },
    close: () => {
      isClosed = true;
    },
  };
  read('.', 0);
  return own;
}
