/**
 * The record store on one SQLite connection. Guarantees: a write that resolved is on the disk; writes that come together
 * share one commit (and its fsync); nobody sees a transaction's writes before it has committed, since they wait in
 * memory until then; each value carries a checksum, because SQLite's own checks do not cover payload.
 * Must not hold a SQLite transaction across an await.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { BerthError } from '#contract/berth-error.ts';
import type { RecordCollection, RecordStore, RowLog } from '../../control-plane/interfaces/record-store.ts';
import { databaseError, newerVersionError } from './database-error.ts';

export interface UnreadableRecord {
  readonly collection: string;
  readonly id: string;
  /** What is wrong with it, without its value. */
  readonly problem: string;
}

export interface SqliteRecordStoreOptions {
  readonly database: DatabaseSync;
  readonly isReadOnly: boolean;
  readonly onUnreadable: (record: UnreadableRecord) => void;
  /** Called by `close` after the last write. */
  readonly onClose?: () => void;
}

type Write =
  | { readonly kind: 'put'; readonly collection: string; readonly id: string; readonly value: string }
  | { readonly kind: 'delete'; readonly collection: string; readonly id: string }
  | {
      readonly kind: 'append';
      readonly log: string;
      readonly owner: string;
      readonly value: string;
      readonly maxRows: number;
    }
  | { readonly kind: 'drop'; readonly log: string; readonly owner: string };

interface Batch {
  readonly writes: readonly Write[];
  readonly resolve: () => void;
  readonly reject: (error: BerthError) => void;
}

interface Transaction {
  readonly writes: Write[];
  isOpen: boolean;
}

export class SqliteRecordStore implements RecordStore {
  readonly isReadOnly: boolean;
  readonly #database: DatabaseSync;
  readonly #options: SqliteRecordStoreOptions;
  readonly #statements: ReturnType<typeof prepareAll>;
  readonly #current = new AsyncLocalStorage<Transaction>();
  #lastTransaction: Promise<unknown> = Promise.resolve();
  #waiting: Batch[] = [];
  #isClosed = false;

  constructor(options: SqliteRecordStoreOptions) {
    this.isReadOnly = options.isReadOnly;
    this.#options = options;
    this.#database = options.database;
    this.#statements = prepareAll(options.database);
  }

  collection<T extends { id: string }>(name: string, parse: (value: unknown) => T): RecordCollection<T> {
    const read = (id: string, text: string, checksum: number | undefined): T | undefined => {
      try {
        if (checksum !== undefined && checksum !== crc32(text)) throw new Error('its checksum is wrong');
        return parse(JSON.parse(text));
      } catch (error) {
        this.#options.onUnreadable({ collection: name, id, problem: problemOf(error) });
        return undefined;
      }
    };
    return {
      get: async (id) => {
        this.#assertOpen();
        const write = this.#ownWrites().findLast(
          (own) => (own.kind === 'put' || own.kind === 'delete') && own.collection === name && own.id === id,
        );
        if (write) return write.kind === 'put' ? read(id, write.value, undefined) : undefined;
        const row = this.#run(() => this.#statements.get.get(name, id));
        return row && read(id, String(row.value), Number(row.checksum));
      },
      all: async () => {
        this.#assertOpen();
        const texts = new Map<string, { value: string; checksum: number | undefined }>();
        for (const row of this.#run(() => this.#statements.all.all(name)))
          texts.set(String(row.id), { value: String(row.value), checksum: Number(row.checksum) });
        for (const own of this.#ownWrites()) {
          if (own.kind === 'put' && own.collection === name)
            texts.set(own.id, { value: own.value, checksum: undefined });
          else if (own.kind === 'delete' && own.collection === name) texts.delete(own.id);
        }
        return [...texts].flatMap(([id, { value, checksum }]) => read(id, value, checksum) ?? []);
      },
      put: (record) =>
        this.#write({ kind: 'put', collection: name, id: record.id, value: JSON.stringify(record) }),
      delete: (id) => this.#write({ kind: 'delete', collection: name, id }),
    };
  }

  /** `maxRows`: rows kept of one owner; the oldest go first. Rows that cannot be read are left out and reported. */
  rowLog<T>(name: string, parse: (value: unknown) => T, maxRows: number): RowLog<T> {
    const read = (owner: string, text: string, checksum: number | undefined): T[] => {
      try {
        if (checksum !== undefined && checksum !== crc32(text)) throw new Error('its checksum is wrong');
        return [parse(JSON.parse(text))];
      } catch (error) {
        this.#options.onUnreadable({ collection: name, id: owner, problem: problemOf(error) });
        return [];
      }
    };
    return {
      append: (owner, row) =>
        this.#write({ kind: 'append', log: name, owner, value: JSON.stringify(row), maxRows }),
      drop: (owner) => this.#write({ kind: 'drop', log: name, owner }),
      read: async (owner) => {
        this.#assertOpen();
        let rows: { value: string; checksum: number | undefined }[] = this.#run(() =>
          this.#statements.rows.all(name, owner),
        ).map((row) => ({ value: String(row.value), checksum: Number(row.checksum) }));
        for (const own of this.#ownWrites()) {
          if (own.kind === 'append' && own.log === name && own.owner === owner)
            rows = [...rows, { value: own.value, checksum: undefined }].slice(-maxRows);
          else if (own.kind === 'drop' && own.log === name && own.owner === owner) rows = [];
        }
        return rows.flatMap(({ value, checksum }) => read(owner, value, checksum));
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

  /** Finishes the writes and the transaction under way; later calls are refused. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.#lastTransaction;
    this.#flush();
    this.#isClosed = true;
    this.#database.close();
    this.#options.onClose?.();
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
      if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const batches = this.#waiting;
    this.#waiting = [];
    if (batches.length === 0) return;
    try {
      this.#apply(batches.flatMap((batch) => batch.writes));
    } catch (error) {
      if (batches.length === 1) batches[0]?.reject(databaseError(error));
      // One that does not fit must not fail the others: each by itself.
      else for (const batch of batches) this.#applyAlone(batch);
      return;
    }
    for (const batch of batches) batch.resolve();
  }

  #applyAlone(batch: Batch): void {
    try {
      this.#apply(batch.writes);
      batch.resolve();
    } catch (error) {
      batch.reject(databaseError(error));
    }
  }

  #apply(writes: readonly Write[]): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const write of writes) this.#execute(write);
      this.#database.exec('COMMIT');
    } catch (error) {
      // After some failures (a full disk) SQLite has rolled back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #execute(write: Write): void {
    switch (write.kind) {
      case 'put':
        this.#statements.put.run(write.collection, write.id, write.value, crc32(write.value));
        return;
      case 'delete':
        this.#statements.delete.run(write.collection, write.id);
        return;
      case 'append':
        this.#statements.append.run(write.log, write.owner, write.value, crc32(write.value));
        this.#statements.trim.run(write.log, write.owner, write.log, write.owner, write.maxRows);
        return;
      case 'drop':
        this.#statements.drop.run(write.log, write.owner);
        return;
    }
  }

  #run<R>(read: () => R): R {
    try {
      return read();
    } catch (error) {
      throw databaseError(error);
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new BerthError('store.unwritable', 'The data is closed: Berth is ending.');
  }
}

function prepareAll(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => database.prepare(sql);
  return {
    get: prepare('SELECT value, checksum FROM record WHERE collection = ? AND id = ?'),
    all: prepare('SELECT id, value, checksum FROM record WHERE collection = ? ORDER BY number'),
    put: prepare(
      `INSERT INTO record (collection, id, value, checksum) VALUES (?, ?, ?, ?)
       ON CONFLICT (collection, id) DO UPDATE SET value = excluded.value, checksum = excluded.checksum`,
    ),
    delete: prepare('DELETE FROM record WHERE collection = ? AND id = ?'),
    rows: prepare('SELECT value, checksum FROM log_row WHERE log = ? AND owner = ? ORDER BY number'),
    append: prepare('INSERT INTO log_row (log, owner, value, checksum) VALUES (?, ?, ?, ?)'),
    trim: prepare(
      `DELETE FROM log_row WHERE log = ? AND owner = ? AND number <=
       (SELECT number FROM log_row WHERE log = ? AND owner = ? ORDER BY number DESC LIMIT 1 OFFSET ?)`,
    ),
    drop: prepare('DELETE FROM log_row WHERE log = ? AND owner = ?'),
  };
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
