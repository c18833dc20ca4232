/**
 * A text file that is being edited in this window: what is on the disk, what the person changed, and what becomes of both.
 *
 * Guarantees: nothing is written over a change that somebody else made unless the person says so; what the person typed is
 * kept until it is saved or thrown away; one save at a time.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { BerthError } from '#contract/berth-error.ts';
import type { FileEntry, PlaceId } from '#contract/files.ts';
import type { PlaneClient } from '../../state/api.ts';
import { toBerthError } from '../../state/to-berth-error.ts';

export interface DocumentState {
  readonly phase: 'loading' | 'ready' | 'failed';
  /** As it was read or saved last. */
  readonly entry: FileEntry | null;
  readonly savedText: string;
  readonly isWritable: boolean;
  readonly isDirty: boolean;
  readonly isSaving: boolean;
  /** What is on the disk by now, when it is not what was read; `null` inside: it is gone. */
  readonly conflict: { readonly theirs: FileEntry | null } | null;
  /** Of the last reading, or the last saving. */
  readonly error: BerthError | null;
  /** Counts what was loaded: the editor takes the text anew. */
  readonly loads: number;
}

export interface TextDocument {
  readonly store: StoreApi<DocumentState>;
  /** What the editor holds now. */
  setReader(read: () => string): void;
  setDirty(isDirty: boolean): void;
  /** Resolves true when it is saved. */
  save(): Promise<boolean>;
  /** Over what is on the disk by now. */
  saveMine(): Promise<boolean>;
  /** What is on the disk in place of what was typed. */
  load(): Promise<void>;
  /** Looks whether it is still what was read: an unchanged text is loaded anew by itself. */
  check(): Promise<void>;
}

export interface DocumentDeps {
  readonly client: Pick<PlaneClient, 'call'>;
  readonly placeId: PlaceId;
  readonly path: string;
  readonly onSaved?: () => void;
}

export function createTextDocument({ client, placeId, path, onSaved }: DocumentDeps): TextDocument {
  const store = createStore<DocumentState>(() => ({
    ...({ phase: 'loading', entry: null, savedText: '', isWritable: false, isDirty: false } as const),
    ...{ isSaving: false, conflict: null, error: null, loads: 0 },
  }));
  let read = () => store.getState().savedText;
  let isChecking = false;

  const load = async () => {
    try {
      const { text, entry, isWritable } = await client.call('files.readText', { placeId, path });
      store.setState(({ loads }) => ({
        ...({ phase: 'ready', entry, savedText: text, isWritable, isDirty: false, conflict: null } as const),
        ...{ error: null, loads: loads + 1 },
      }));
    } catch (cause) {
      const error = toBerthError(cause);
      store.setState(({ phase }) => ({ error, phase: phase === 'ready' ? 'ready' : 'failed' }));
    }
  };

  /** Null: it is gone. */
  const look = () =>
    client.call('files.look', { placeId, path }).catch((cause: unknown) => {
      if (BerthError.is(cause) && cause.code === 'not-found') return null;
      throw cause;
    });

  const write = async (replaces: string): Promise<boolean> => {
    if (store.getState().isSaving) return false;
    store.setState({ isSaving: true, error: null });
    const text = read();
    try {
      const entry = await client.call('files.writeText', { placeId, path, text, replaces });
      // What was typed while it was on its way is not saved.
      store.setState({ entry, savedText: text, isDirty: read() !== text, conflict: null });
      onSaved?.();
      return true;
    } catch (cause) {
      const error = toBerthError(cause);
      if (error.code === 'file.changed' || error.code === 'file.exists') {
        const theirs = await look().catch(() => undefined);
        if (theirs !== undefined) {
          store.setState({ conflict: { theirs } });
          return false;
        }
      }
      store.setState({ error });
      return false;
    } finally {
      store.setState({ isSaving: false });
    }
  };

  return {
    store,
    setReader: (own) => {
      read = own;
    },
    setDirty: (isDirty) => {
      if (store.getState().isDirty !== isDirty) store.setState({ isDirty });
    },
    save: async () => {
      const { phase, entry, isWritable, conflict } = store.getState();
      if (phase !== 'ready' || entry === null || !isWritable || conflict !== null) return false;
      return write(entry.version);
    },
    saveMine: async () => {
      const { conflict } = store.getState();
      if (conflict === null) return false;
      // What the person was told of, and not what may have come after it.
      return write(conflict.theirs === null ? 'nothing' : versionOf(conflict.theirs));
    },
    load,
    check: async () => {
      const { phase, entry, isSaving, conflict } = store.getState();
      if (phase !== 'ready' || entry === null || isSaving || isChecking || conflict !== null) return;
      isChecking = true;
      try {
        const now = await look();
        const state = store.getState();
        // Of a link only itself is told, and not what it leads to.
        if (state.isSaving || now?.kind === 'link' || now?.version === state.entry?.version) return;
        if (now !== null && !state.isDirty) await load();
        else store.setState({ conflict: { theirs: now } });
      } catch {
        // It cannot be told now; saving will.
      } finally {
        isChecking = false;
      }
    },
  };
}

function versionOf({ kind, version }: FileEntry): string {
  return kind === 'link' ? 'anything' : version;
}

/** How lines end, all of them; a text of one line ends as Unix has it. */
export function lineEndsOf(text: string): 'LF' | 'CRLF' | 'mixed' {
  const ends = new Set(text.match(/\r\n|\n|\r/g));
  if (ends.size === 0 || (ends.size === 1 && ends.has('\n'))) return 'LF';
  return ends.size === 1 && ends.has('\r\n') ? 'CRLF' : 'mixed';
}
