/**
 * The record store over a database, whichever: collections, row logs and transactions in terms of a few statements that a
 * backend knows. Guarantees: a write that resolved is on the backend's disk; writes that come together share one commit;
 * nobody sees a transaction's writes before it has committed, since they wait in memory until then; each value carries a
 * checksum, because a database's own checks do not cover payload. One batch at a time is with the backend.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { crc32 } from 'node:zlib';
import { BerthError } from '#contract/berth-error.ts';
import type { RecordCollection, RecordStore, RowLog } from '../../control-plane/interfaces/record-store.ts';
import { newerVersionError } from './database-error.ts';

export interface UnreadableRecord {
  readonly collection: string;
  readonly id: string;
  /** What is wrong with it, without its value. */
  readonly problem: string;
}

export type Write =
  | { readonly kind: 'put'; readonly collection: string; readonly id: string; readonly value: string }
  | { readonly kind: 'delete'; readonly collection: string; readonly id: string }
  | {
      readonly kind: 'append';
      readonly log: string;
      readonly owner: string;
      readonly value: string;
      /** Rows kept of one owner; the oldest go first. */
      readonly maxRows: number;
    }
  | { readonly kind: 'drop'; readonly log: string; readonly owner: string };

export interface StoredValue {
  readonly value: string;
  /** CRC-32 of the value's UTF-8. */
  readonly checksum: number;
}

/** Throws BerthErrors alone. */
export interface RecordBackend {
  get(collection: string, id: string): StoredValue | undefined | Promise<StoredValue | undefined>;
  /** In the order of the first put. */
  all(collection: string): StoredRecord[] | Promise<StoredRecord[]>;
  rows(log: string, owner: string): StoredValue[] | Promise<StoredValue[]>;
  /** All of them or none; on the disk when it returns. */
  apply(writes: readonly Write[]): void | Promise<void>;
  /** Everything, as of one moment. */
  dump(): Dump | Promise<Dump>;
  /** Replaces everything by `dump`, or nothing; on the disk when it returns. */
  load(dump: Dump): void | Promise<void>;
  /** Throws where the database does not answer. */
  ping(): void | Promise<void>;
  close(): void | Promise<void>;
}

/** The whole content, in memory: a plane's own memory is megabytes. Values are as they are stored. */
export interface Dump {
  readonly records: readonly { readonly collection: string; readonly id: string; readonly value: string }[];
  /** Rows of one owner in their order. */
  readonly rows: readonly { readonly log: string; readonly owner: string; readonly value: string }[];
}

export interface StoredRecord extends StoredValue {
  readonly id: string;
}

export interface BufferedRecordStoreOptions {
  readonly backend: RecordBackend;
  readonly isReadOnly: boolean;
  readonly onUnreadable: (record: UnreadableRecord) => void;
}

interface Batch {
  readonly writes: readonly Write[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Transaction {
  readonly writes: Write[];
  isOpen: boolean;
}

/** As read back: a value of this transaction has no checksum yet. */
type Readable = { readonly value: string; readonly checksum: number | undefined };

export class BufferedRecordStore implements RecordStore {
  readonly isReadOnly: boolean;
  readonly #backend: RecordBackend;
  readonly #onUnreadable: (record: UnreadableRecord) => void;
  readonly #current = new AsyncLocalStorage<Transaction>();
  #lastTransaction: Promise<unknown> = Promise.resolve();
  #waiting: Batch[] = [];
  #flushing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #isClosed = false;

  constructor({ backend, isReadOnly, onUnreadable }: BufferedRecordStoreOptions) {
    this.isReadOnly = isReadOnly;
    this.#backend = backend;
    this.#onUnreadable = onUnreadable;
  }

  collection<T extends { id: string }>(name: string, parse: (value: unknown) => T): RecordCollection<T> {
    const read = (id: string, { value, checksum }: Readable): T | undefined =>
      this.#read(name, id, value, checksum, parse);
    return {
      get: async (id) => {
        this.#assertOpen();
        const own = this.#ownWrites().findLast(
          (one) => (one.kind === 'put' || one.kind === 'delete') && one.collection === name && one.id === id,
        );
        if (own !== undefined)
          return own.kind === 'put' ? read(id, { value: own.value, checksum: undefined }) : undefined;
        const stored = await this.#backend.get(name, id);
        return stored && read(id, stored);
      },
      all: async () => {
        this.#assertOpen();
        const own = [...this.#ownWrites()];
        const values = new Map<string, Readable>();
        for (const { id, ...stored } of await this.#backend.all(name)) values.set(id, stored);
        for (const write of own) {
          if (write.kind === 'put' && write.collection === name)
            values.set(write.id, { value: write.value, checksum: undefined });
          else if (write.kind === 'delete' && write.collection === name) values.delete(write.id);
        }
        return [...values].flatMap(([id, value]) => read(id, value) ?? []);
      },
      put: (record) =>
        this.#write({ kind: 'put', collection: name, id: record.id, value: JSON.stringify(record) }),
      delete: (id) => this.#write({ kind: 'delete', collection: name, id }),
    };
  }

  /** `maxRows`: rows kept of one owner; the oldest go first. Rows that cannot be read are left out and reported. */
  rowLog<T>(name: string, parse: (value: unknown) => T, maxRows: number): RowLog<T> {
    return {
      append: (owner, row) =>
        this.#write({ kind: 'append', log: name, owner, value: JSON.stringify(row), maxRows }),
      drop: (owner) => this.#write({ kind: 'drop', log: name, owner }),
      read: async (owner) => {
        this.#assertOpen();
        const own = [...this.#ownWrites()];
        let rows: Readable[] = [...(await this.#backend.rows(name, owner))];
        for (const write of own) {
          if (write.kind === 'append' && write.log === name && write.owner === owner)
            rows = [...rows, { value: write.value, checksum: undefined }].slice(-maxRows);
          else if (write.kind === 'drop' && write.log === name && write.owner === owner) rows = [];
        }
        return rows.flatMap(({ value, checksum }) => {
          const row = this.#read(name, owner, value, checksum, (parsed) => ({ row: parse(parsed) }));
          return row === undefined ? [] : [row.row];
        });
      },
    };
  }

  /**
   * One at a time; a transaction inside a transaction is part of it. Waiting inside for another transaction that was
   * started elsewhere would wait for ever.
   */
  transaction<R>(run: () => Promise<R>): Promise<R> {
    if (this.#current.getStore()?.isOpen) return run();
    const result = this.#lastTransaction.then(async () => {
      this.#assertOpen();
      const transaction: Transaction = { writes: [], isOpen: true };
      try {
        const value = await this.#current.run(transaction, run);
        transaction.isOpen = false;
        if (transaction.writes.length > 0) await this.#commit(transaction.writes);
        return value;
      } finally {
        transaction.isOpen = false;
      }
    });
    this.#lastTransaction = result.catch(() => {});
    return result;
  }

  /** Throws store.unwritable where the database does not answer or is closed. */
  async ping(): Promise<void> {
    this.#assertOpen();
    await this.#backend.ping();
  }

  /** What was acknowledged is in it. */
  async dump(): Promise<Dump> {
    this.#assertOpen();
    await this.#flush();
    return this.#backend.dump();
  }

  /** Only while nobody else uses the store: what services remember would be what was. */
  async load(dump: Dump): Promise<void> {
    this.#assertOpen();
    if (this.isReadOnly) throw newerVersionError();
    await this.#flush();
    await this.#backend.load(dump);
  }

  /** Finishes the writes and the transaction under way; later calls are refused. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#lastTransaction;
    await this.#flush();
    this.#isClosed = true;
    await this.#backend.close();
  }

  #read<T>(
    collection: string,
    id: string,
    value: string,
    checksum: number | undefined,
    parse: (value: unknown) => T,
  ): T | undefined {
    try {
      if (checksum !== undefined && checksum !== crc32(value)) throw new Error('its checksum is wrong');
      return parse(JSON.parse(value));
    } catch (error) {
      this.#onUnreadable({ collection, id, problem: problemOf(error) });
      return undefined;
    }
  }

  #ownWrites(): readonly Write[] {
    const transaction = this.#current.getStore();
    return transaction?.isOpen ? transaction.writes : [];
  }

  async #write(write: Write): Promise<void> {
    this.#assertOpen();
    if (this.isReadOnly) throw newerVersionError();
    const transaction = this.#current.getStore();
    if (transaction?.isOpen) transaction.writes.push(write);
    else await this.#commit([write]);
  }

  #commit(writes: readonly Write[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ writes, resolve, reject });
      // After the promises of this turn: whatever they write shares the commit.
      if (this.#waiting.length === 1) setImmediate(() => void this.#flush());
    });
  }

  #flush(): Promise<void> {
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #flushAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batches = this.#waiting;
      this.#waiting = [];
      try {
        await this.#backend.apply(batches.flatMap((batch) => batch.writes));
        for (const batch of batches) batch.resolve();
      } catch (error) {
        if (batches.length === 1) batches[0]?.reject(error);
        // One that does not fit must not fail the others: each by itself.
        else for (const batch of batches) await this.#applyAlone(batch);
      }
    }
  }

  async #applyAlone(batch: Batch): Promise<void> {
    try {
      await this.#backend.apply(batch.writes);
      batch.resolve();
    } catch (error) {
      batch.reject(error);
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new BerthError('store.unwritable', 'The data is closed: Berth is ending.');
  }
}

/** Names fields and rules, never values: a schema error's own message may quote them. */
function problemOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'issues' in error && Array.isArray(error.issues)) {
    const issues: { path?: readonly PropertyKey[]; code?: string }[] = error.issues;
    return issues
      .slice(0, 5)
      .map(({ path = [], code = 'invalid' }) => `${path.map(String).join('.') || 'value'}: ${code}`)
      .join(', ');
  }
  return error instanceof SyntaxError
    ? 'it is not JSON'
    : error instanceof Error
      ? error.message
      : 'unreadable';
}
