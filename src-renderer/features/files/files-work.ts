/**
 * What all files tabs of this window share: transfers, what was copied or cut, what is being dragged, the operations that
 * were begun here, and the word that a folder is another by now. One for the window.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { PlaceId } from '#contract/files.ts';
import type { OperationId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { App } from '../../state/app-context.tsx';
import { isUnderWay } from '../../state/operation-progress.ts';
import { savePlace } from '../../state/save-place.ts';
import type { ConflictAnswer } from './transfer.ts';
import { createTransfers, type Transfers } from './transfers.ts';

/** Entries of one folder. */
export interface Held {
  readonly placeId: PlaceId;
  readonly folder: string;
  readonly names: readonly string[];
}

export interface FolderAt {
  readonly placeId: PlaceId;
  readonly folder: string;
}

export interface BegunOperation {
  readonly id: OperationId;
  /** Folders that are others when it has ended. */
  readonly touches: readonly FolderAt[];
}

/** A question about names that are there already. */
export interface NameQuestion {
  readonly name: string;
  readonly othersCount: number;
  readonly answer: (answer: ConflictAnswer | null) => void;
}

export interface FilesWorkState {
  readonly clipboard: (Held & { readonly isCut: boolean }) | null;
  readonly drag: Held | null;
  readonly begun: readonly BegunOperation[];
  readonly question: NameQuestion | null;
  /** The part of the page that shows transfers is folded away. */
  readonly isTrayFolded: boolean;
  readonly showsHidden: boolean;
}

export interface FilesWork {
  readonly transfers: Transfers;
  readonly store: StoreApi<FilesWorkState>;
  setClipboard(held: FilesWorkState['clipboard']): void;
  setDrag(held: Held | null): void;
  setTrayFolded(isFolded: boolean): void;
  setShowsHidden(showsHidden: boolean): void;
  /**
   * Shown in the pages that it touches until it has ended well and lost nothing, or was put away. Resolves when it has ended:
   * false where it failed or was cancelled, which is shown there.
   */
  follow(operation: Operation, touches: readonly FolderAt[]): Promise<boolean>;
  forget(id: OperationId): void;
  /** Null: the person wants none of it. */
  askName(name: string, othersCount: number): Promise<ConflictAnswer | null>;
  onChanged(listener: (at: FolderAt) => void): () => void;
  changed(at: FolderAt): void;
  close(): void;
}

/** What a copy that succeeded has not of its source, in the plane's words. Empty: nothing. */
export function lostBy({ kind, steps }: Operation): string {
  return (kind === 'files.copy' && steps.find(({ id }) => id === 'place')?.note) || '';
}

/** As the contract wants it: 20 of digits and small letters. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(20)), (byte) => (byte % 36).toString(36)).join('');
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

export function createFilesWork({ client, mirror }: Pick<App, 'client' | 'mirror'>): FilesWork {
  const store = createStore<FilesWorkState>(() => ({
    clipboard: null,
    drag: null,
    begun: [],
    question: null,
    isTrayFolded: false,
    showsHidden: false,
  }));
  const listeners = new Set<(at: FolderAt) => void>();
  const changed = (at: FolderAt) => {
    for (const listener of [...listeners]) listener(at);
  };
  const transfers = createTransfers({
    ...{ client, wait, newKey },
    place: () => savePlace(),
    now: () => performance.now(),
    onChanged: (placeId, folder) => changed({ placeId, folder }),
  });
  const ending = new Set<() => void>();

  return {
    transfers,
    store,
    setClipboard: (clipboard) => store.setState({ clipboard }),
    setDrag: (drag) => store.setState({ drag }),
    setTrayFolded: (isTrayFolded) => store.setState({ isTrayFolded }),
    setShowsHidden: (showsHidden) => store.setState({ showsHidden }),
    follow: (operation, touches) =>
      new Promise((resolve) => {
        store.setState(({ begun }) => ({ begun: [...begun, { id: operation.id, touches }] }));
        const look = () => {
          const now = mirror.operations.getState().byId.get(operation.id) ?? operation;
          if (isUnderWay(now)) return;
          stop();
          ending.delete(stop);
          for (const at of touches) changed(at);
          if (now.state === 'succeeded') {
            if (lostBy(now) === '')
              store.setState(({ begun }) => ({ begun: begun.filter(({ id }) => id !== now.id) }));
            return resolve(true);
          }
          resolve(false);
        };
        const stop = mirror.operations.subscribe(look);
        ending.add(stop);
        look();
      }),
    forget: (id) => store.setState(({ begun }) => ({ begun: begun.filter((one) => one.id !== id) })),
    askName: (name, othersCount) =>
      new Promise((resolve) =>
        store.setState({
          question: {
            ...{ name, othersCount },
            answer: (answer) => {
              store.setState({ question: null });
              resolve(answer);
            },
          },
        }),
      ),
    onChanged: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    changed,
    close: () => {
      for (const stop of ending) stop();
      transfers.close();
    },
  };
}
