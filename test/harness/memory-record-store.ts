/**
 * The record store in memory: passes the same suite as the SQLite one (record-store-suite.ts). Values pass through JSON,
 * so that nothing survives here that would not survive on a disk.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { BerthError } from '#contract/berth-error.ts';
import type { RecordCollection, RecordStore, RowLog } from '#main/control-plane/interfaces/record-store.ts';

interface State {
  records: Map<string, Map<string, string>>;
  rows: Map<string, string[]>;
}
interface Transaction {
  readonly state: State;
  isOpen: boolean;
  readonly changes: ((state: State) => void)[];
}

export interface MemoryRecordStoreOptions {
  readonly isReadOnly?: boolean;
  readonly onUnreadable?: (record: { collection: string; id: string; problem: string }) => void;
}

export class MemoryRecordStore implements RecordStore {
  readonly isReadOnly: boolean;
  /** Set to make every write fail, as a full disk does. */
  failure: BerthError | undefined;
  /** The collection of each write that was asked for, in order. */
  readonly writes: string[] = [];
  /** The collection of each record that was asked for. */
  readonly reads: string[] = [];
  readonly #onUnreadable: NonNullable<MemoryRecordStoreOptions['onUnreadable']>;
  readonly #state: State = { records: new Map(), rows: new Map() };
  readonly #current = new AsyncLocalStorage<Transaction>();
  #lastTransaction: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: MemoryRecordStoreOptions = {}) {
    this.isReadOnly = options.isReadOnly ?? false;
    this.#onUnreadable = options.onUnreadable ?? (() => {});
  }

  collection<T extends { id: string }>(name: string, parse: (value: unknown) => T): RecordCollection<T> {
    const read = (id: string, text: string | undefined): T | undefined => {
      if (text === undefined) return undefined;
      try {
        return parse(JSON.parse(text));
      } catch {
        this.#onUnreadable({ collection: name, id, problem: 'unreadable' });
        return undefined;
      }
    };
    const recordsOf = (state: State) => {
      const records = state.records.get(name) ?? new Map<string, string>();
      state.records.set(name, records);
      return records;
    };
    return {
      get: async (id) => {
        this.reads.push(name);
        return read(id, recordsOf(this.#view()).get(id));
      },
      all: async () => [...recordsOf(this.#view())].flatMap(([id, text]) => read(id, text) ?? []),
      put: (record) => {
        const text = JSON.stringify(record);
        const { id } = record;
        this.writes.push(name);
        return this.#write((state) => recordsOf(state).set(id, text));
      },
      delete: (id) => {
        this.writes.push(name);
        return this.#write((state) => recordsOf(state).delete(id));
      },
    };
  }

  rowLog<T>(name: string, parse: (value: unknown) => T, maxRows: number): RowLog<T> {
    const key = (owner: string) => `${name}\0${owner}`;
    return {
      append: (owner, row) => {
        const text = JSON.stringify(row);
        return this.#write((state) => {
          state.rows.set(key(owner), [...(state.rows.get(key(owner)) ?? []), text].slice(-maxRows));
        });
      },
      drop: (owner) => this.#write((state) => state.rows.delete(key(owner))),
      read: async (owner) => (this.#view().rows.get(key(owner)) ?? []).map((text) => parse(JSON.parse(text))),
    };
  }

  transaction<R>(run: () => Promise<R>): Promise<R> {
    if (this.#current.getStore()?.isOpen) return run();
    const result = this.#lastTransaction.then(async () => {
      this.#assertOpen();
      const transaction: Transaction = { state: copyOf(this.#state), isOpen: true, changes: [] };
      try {
        const value = await this.#current.run(transaction, run);
        transaction.isOpen = false;
        if (transaction.changes.length > 0) this.#assertWritable();
        for (const change of transaction.changes) change(this.#state);
        return value;
      } finally {
        transaction.isOpen = false;
      }
    });
    this.#lastTransaction = result.catch(() => {});
    return result;
  }

  async close(): Promise<void> {
    await this.#lastTransaction;
    this.#isClosed = true;
  }

  #view(): State {
    this.#assertOpen();
    const transaction = this.#current.getStore();
    return transaction?.isOpen ? transaction.state : this.#state;
  }

  async #write(change: (state: State) => void): Promise<void> {
    this.#assertOpen();
    if (this.isReadOnly) throw new BerthError('store.newer-version', 'The data is from a newer Berth.');
    const transaction = this.#current.getStore();
    if (transaction?.isOpen) {
      change(transaction.state);
      transaction.changes.push(change);
      return;
    }
    this.#assertWritable();
    change(this.#state);
  }

  #assertWritable(): void {
    if (this.failure) throw this.failure;
  }
  #assertOpen(): void {
    if (this.#isClosed) throw new BerthError('store.unwritable', 'The data is closed: Berth is ending.');
  }
}

function copyOf(state: State): State {
  return {
    records: new Map([...state.records].map(([name, records]) => [name, new Map(records)])),
    rows: new Map([...state.rows].map(([key, rows]) => [key, [...rows]])),
  };
}
