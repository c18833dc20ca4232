/**
 * What the app told the person: shown as a toast, then kept in a list that can be looked up again. Holds the last
 * `keptCount`; nothing here is saved.
 */
import { createStore } from 'zustand/vanilla';
import type { BerthError } from '#contract/berth-error.ts';
import { toBerthError } from './to-berth-error.ts';

export interface NoticeAction {
  readonly label: string;
  readonly run: () => void;
}

export interface Notice {
  readonly id: number;
  readonly level: 'info' | 'done' | 'warning' | 'error';
  readonly title: string;
  readonly body: string;
  readonly error: BerthError | null;
  /** Work of this window that goes on: how much of it is done, 0 to 1; null inside: not known. Null: it is no such work. */
  readonly progress: { readonly part: number | null } | null;
  /** One verb, as "Undo" or "Show". */
  readonly action: NoticeAction | null;
  /** Beside it, quieter: other answers to what the notice offers. */
  readonly otherActions: readonly NoticeAction[];
  readonly at: string;
  readonly isRead: boolean;
  /** Still to be seen as a toast. */
  readonly isShown: boolean;
  /** Said by the system as well, wherever the person looks; a click there is its act. Else as system-notices.ts decides. */
  readonly isForSystem: boolean;
}

export interface NoticesState {
  readonly notices: readonly Notice[];
}

/** More than this and nobody looks; the oldest go. */
const keptCount = 200;

export type NewNotice = {
  readonly level?: Notice['level'];
  readonly title: string;
  readonly body?: string;
  readonly action?: NoticeAction;
  readonly otherActions?: readonly NoticeAction[];
  readonly isForSystem?: boolean;
};

/** A notice of work that goes on. It stays until the work has ended, and then says how. */
export interface RunningNotice {
  tell(body: string, part: number | null): void;
  done(notice: NewNotice): void;
  /** Cancel is not a failure: the notice goes without a word. */
  fail(title: string, cause: unknown): void;
}

export type Notices = ReturnType<typeof createNotices>;

export function createNotices(now: () => Date = () => new Date()) {
  const store = createStore<NoticesState>(() => ({ notices: [] }));
  let lastId = 0;
  const add = (
    notice: Omit<Notice, 'id' | 'at' | 'isRead' | 'isShown' | 'otherActions' | 'isForSystem'> &
      Partial<Notice>,
  ): number => {
    lastId += 1;
    const entry: Notice = {
      ...{ otherActions: [], isForSystem: false },
      ...notice,
      id: lastId,
      at: now().toISOString(),
      isRead: false,
      isShown: true,
    };
    store.setState((state) => ({ notices: [entry, ...state.notices].slice(0, keptCount) }));
    return entry.id;
  };
  const change = (id: number, to: Partial<Notice>): void =>
    store.setState((state) => ({
      notices: state.notices.map((notice) => (notice.id === id ? { ...notice, ...to } : notice)),
    }));
  return {
    store,
    show(notice: NewNotice): number {
      return add({
        level: notice.level ?? 'info',
        title: notice.title,
        body: notice.body ?? '',
        error: null,
        progress: null,
        action: notice.action ?? null,
        otherActions: notice.otherActions ?? [],
        isForSystem: notice.isForSystem ?? false,
      });
    },
    /** `action` is what stops the work. */
    begin(notice: { readonly title: string; readonly action: NoticeAction }): RunningNotice {
      const id = add({
        ...{ level: 'info', title: notice.title, body: '', error: null },
        ...{ progress: { part: null }, action: notice.action },
      });
      return {
        tell: (body, part) => change(id, { body, progress: { part } }),
        done: (end) =>
          change(id, {
            level: end.level ?? 'info',
            ...{ title: end.title, body: end.body ?? '', action: end.action ?? null },
            // Nobody has read this of it yet.
            ...{ progress: null, at: now().toISOString(), isRead: false, isShown: true },
          }),
        fail: (title, cause) => {
          const error = toBerthError(cause);
          store.setState((state) => ({ notices: state.notices.filter((entry) => entry.id !== id) }));
          if (error.code !== 'cancelled')
            add({ level: 'error', title, body: error.message, error, progress: null, action: null });
        },
      };
    },
    /** A failure. `title` says what did not happen: "Could not stop api-server". Cancel is not a failure. */
    fail(title: string, cause: unknown, action?: NoticeAction): void {
      const error = toBerthError(cause);
      if (error.code === 'cancelled') return;
      add({ level: 'error', title, body: error.message, error, progress: null, action: action ?? null });
    },
    hide(id: number): void {
      store.setState((state) => ({
        notices: state.notices.map((notice) => (notice.id === id ? { ...notice, isShown: false } : notice)),
      }));
    },
    /** As a toast, once more. */
    showAgain(id: number): void {
      change(id, { isShown: true });
    },
    /** They have been seen in the list: no toast need stay for them. */
    markRead(): void {
      store.setState((state) => ({
        notices: state.notices.map((notice) =>
          (notice.isRead && !notice.isShown) || notice.progress !== null
            ? notice
            : { ...notice, isRead: true, isShown: false },
        ),
      }));
    },
    clear(): void {
      store.setState((state) => ({ notices: state.notices.filter(({ progress }) => progress !== null) }));
    },
  };
}
