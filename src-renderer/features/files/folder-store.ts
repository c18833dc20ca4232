/**
 * One files tab: the folder that it shows, how it came there, what of it is chosen. Entries come in parts; the first is
 * shown at once, the rest joins it while it is read.
 *
 * Guarantees: a part of a folder that was left changes nothing any more; a folder that is read again stays as it is until
 * the new reading is complete; a failure stands where the entries would.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { BerthError } from '#contract/berth-error.ts';
import type { PlaceId } from '#contract/files.ts';
import type { PlaneClient } from '../../state/api.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import { mergeRows, type Order, type Row, rowOf, type SortColumn, sortRows } from './entry-order.ts';
import { baseName, parentOf } from './path-words.ts';
import { keepPresent, noSelection, type Selection } from './selection.ts';

export interface FolderState {
  /** Absolute. Null: nothing was read yet. */
  readonly path: string | null;
  /** On the way there: its first part is not here yet. */
  readonly goingTo: string | null;
  /** Of a workspace that does not run: only what is in this folder is there. */
  readonly only: string | null;
  readonly isWritable: boolean;
  /** All that was read, in order. */
  readonly rows: readonly Row[];
  readonly isReading: boolean;
  readonly error: BerthError | null;
  readonly order: Order;
  readonly filter: string;
  readonly selection: Selection;
  readonly back: readonly string[];
  readonly forward: readonly string[];
  /** The entry whose name is being typed where it stands. */
  readonly renaming: string | null;
}

export interface FolderStore {
  readonly store: StoreApi<FolderState>;
  /** Null: where a person begins. */
  go(path: string | null): void;
  goBack(): void;
  goForward(): void;
  goUp(): void;
  /** Asks anew what is there at all: the workspace may have started or stopped. */
  refreshStart(): void;
  /** Reads it again; `choose`: these are chosen when they are there. */
  refresh(choose?: readonly string[]): void;
  sortBy(column: SortColumn): void;
  setFilter(filter: string): void;
  select(selection: Selection): void;
  setRenaming(name: string | null): void;
  close(): void;
}

/** Milliseconds between two times that what came is shown: each costs a pass over all entries, so with more it is seldomer. */
const showEveryMs = 150;
/** Entries for each of which a millisecond more passes: at 100,000 every two seconds. */
const entriesPerMs = 50;

/** Folders that `back` remembers. */
const historyLength = 100;

export interface FolderDeps {
  readonly client: Pick<PlaneClient, 'call' | 'stream'>;
  readonly placeId: PlaceId;
  readonly now?: () => number;
}

export function createFolderStore({
  client,
  placeId,
  now = () => performance.now(),
}: FolderDeps): FolderStore {
  const store = createStore<FolderState>(() => ({
    path: null,
    goingTo: null,
    only: null,
    isWritable: false,
    rows: [],
    isReading: false,
    error: null,
    order: { by: 'name', isDescending: false },
    filter: '',
    selection: noSelection,
    back: [],
    forward: [],
    renaming: null,
  }));
  let reading = new AbortController();

  interface Reading {
    readonly path: string;
    /** What is there stays until all of it was read again. */
    readonly isAgain: boolean;
    readonly choose: readonly string[];
  }

  const read = async ({ path, isAgain, choose }: Reading) => {
    reading.abort();
    reading = new AbortController();
    const { signal } = reading;
    store.setState({ isReading: true, ...(isAgain ? {} : { goingTo: path, error: null }) });
    let waiting: Row[] = [];
    let rows: readonly Row[] = [];
    let shownAtMs = Number.NEGATIVE_INFINITY;
    const show = (more: Partial<FolderState>) => {
      const { order } = store.getState();
      rows = mergeRows(rows, sortRows(waiting, order), order);
      waiting = [];
      shownAtMs = now();
      store.setState({ rows, goingTo: null, error: null, ...more });
    };
    try {
      let order = store.getState().order;
      let place: Pick<FolderState, 'path' | 'isWritable'> = { path, isWritable: false };
      for await (const part of client.stream('files.list', { placeId, path }, { signal })) {
        if (signal.aborted) return;
        place = { path: part.path, isWritable: part.isWritable };
        // Sorted otherwise meanwhile: what is here already is put in the new order once.
        if (order !== store.getState().order) {
          order = store.getState().order;
          rows = sortRows(rows, order);
        }
        for (const entry of part.entries) waiting.push(rowOf(entry));
        if (!isAgain && now() - shownAtMs >= Math.max(showEveryMs, rows.length / entriesPerMs)) show(place);
      }
      if (signal.aborted) return;
      if (order !== store.getState().order) rows = sortRows(rows, store.getState().order);
      show({ ...place, isReading: false });
      const present = new Set(rows.map(({ entry }) => entry.name));
      const chosen = choose.filter((name) => present.has(name));
      const first = chosen[0] ?? null;
      store.setState(({ selection, renaming }) => ({
        selection:
          first === null
            ? keepPresent(selection, (name) => present.has(name))
            : { names: new Set(chosen), current: first, anchor: first },
        renaming: renaming !== null && present.has(renaming) ? renaming : null,
      }));
    } catch (cause) {
      if (signal.aborted) return;
      const error = toBerthError(cause);
      // What was read before the connection went stays to be looked at; another folder's entries do not.
      const isHere = isAgain || store.getState().path === path;
      store.setState({ isReading: false, goingTo: null, error, ...(isHere ? {} : { path, rows: [] }) });
    }
  };

  const leaveFor = (path: string, more: Partial<FolderState>) => {
    store.setState({ ...more, filter: '', renaming: null, selection: noSelection, rows: [] });
    void read({ path, isAgain: false, choose: [] });
  };

  const begin = async () => {
    reading.abort();
    reading = new AbortController();
    const { signal } = reading;
    store.setState({ isReading: true, error: null });
    try {
      const { path, only } = await client.call('files.start', { placeId }, { signal });
      if (signal.aborted) return;
      store.setState({ only });
      own.go(path);
    } catch (cause) {
      if (!signal.aborted) store.setState({ isReading: false, error: toBerthError(cause) });
    }
  };

  const own: FolderStore = {
    store,
    go: (path) => {
      if (path === null) return void begin();
      const { path: from, back } = store.getState();
      if (from === path) return own.refresh();
      const past = from === null ? back : [...back, from].slice(-historyLength);
      leaveFor(path, { back: past, forward: [] });
    },
    goBack: () => {
      const { path, back, forward } = store.getState();
      const to = back.at(-1);
      if (to === undefined) return;
      leaveFor(to, { back: back.slice(0, -1), forward: path === null ? forward : [path, ...forward] });
    },
    goForward: () => {
      const { path, back, forward } = store.getState();
      const to = forward[0];
      if (to === undefined) return;
      leaveFor(to, { forward: forward.slice(1), back: path === null ? back : [...back, path] });
    },
    goUp: () => {
      const { path, back } = store.getState();
      const parent = path === null ? null : parentOf(path);
      if (path === null || parent === null) return;
      store.setState({ back: [...back, path].slice(-historyLength), forward: [] });
      store.setState({ filter: '', renaming: null, selection: noSelection, rows: [] });
      // Where one came from is chosen: the way down again.
      void read({ path: parent, isAgain: false, choose: [baseName(path)] });
    },
    refresh: (choose = []) => {
      const { path, goingTo, error } = store.getState();
      const at = goingTo ?? path;
      if (at === null) return void begin();
      void read({ path: at, isAgain: goingTo === null && error === null, choose });
    },
    refreshStart: () =>
      void client.call('files.start', { placeId }).then(
        ({ only }) => store.setState({ only }),
        // The reading of the folder says what is wrong.
        () => undefined,
      ),
    sortBy: (column) => {
      const { order, rows } = store.getState();
      // Sizes and times begin with the largest and the latest: that is what they are looked at for.
      const isDescending =
        order.by === column ? !order.isDescending : column === 'size' || column === 'modified';
      const next: Order = { by: column, isDescending };
      store.setState({ order: next, rows: sortRows(rows, next) });
    },
    setFilter: (filter) => store.setState({ filter }),
    select: (selection) => store.setState({ selection }),
    setRenaming: (renaming) => store.setState({ renaming }),
    close: () => reading.abort(),
  };
  return own;
}
