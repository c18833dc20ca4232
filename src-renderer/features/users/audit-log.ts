/** The audit log as it is read: the newest page first, then further ones by cursor, for one filter at a time. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { BerthError } from '#contract/berth-error.ts';
import type { UserId } from '#contract/ids.ts';
import type { AuditEntry } from '#contract/users.ts';
import type { PlaneClient } from '../../state/api.ts';
import { toBerthError } from '../../state/to-berth-error.ts';

export interface AuditFilter {
  readonly userId: UserId | null;
  /** Beginning of an action's name; null: every action. */
  readonly action: string | null;
}

export interface AuditLogState {
  /** Null: the first page is not there yet. */
  readonly entries: readonly AuditEntry[] | null;
  readonly hasMore: boolean;
  readonly isReading: boolean;
  readonly error: BerthError | null;
}

export interface AuditLog {
  readonly store: StoreApi<AuditLogState>;
  /** Begins anew; answers of an earlier filter are dropped. */
  readonly show: (filter: AuditFilter) => void;
  /** The next page, or the one that failed. */
  readonly readMore: () => void;
  readonly close: () => void;
}

/** Entries of one page. */
const pageSize = 100;
const blank: AuditLogState = { entries: null, hasMore: false, isReading: false, error: null };

export function createAuditLog(client: Pick<PlaneClient, 'call'>): AuditLog {
  const store = createStore<AuditLogState>(() => blank);
  let filter: AuditFilter = { userId: null, action: null };
  let reading = new AbortController();

  const readMore = () => {
    if (store.getState().isReading) return;
    const { signal } = reading;
    const before = store.getState().entries?.at(-1)?.number ?? null;
    store.setState({ isReading: true, error: null });
    client.call('audit.list', { ...filter, before, limit: pageSize }, { signal }).then(
      ({ entries, hasMore }) => {
        if (signal.aborted) return;
        const known = store.getState().entries ?? [];
        store.setState({ entries: [...known, ...entries], hasMore, isReading: false });
      },
      (cause: unknown) => {
        if (!signal.aborted) store.setState({ isReading: false, error: toBerthError(cause) });
      },
    );
  };
  return {
    store,
    readMore,
    show: (next) => {
      reading.abort();
      reading = new AbortController();
      filter = next;
      store.setState(blank, true);
      readMore();
    },
    close: () => reading.abort(),
  };
}
