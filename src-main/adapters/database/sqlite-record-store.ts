/** The record store on one SQLite connection. Must not hold a SQLite transaction across an await. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import {
  BufferedRecordStore,
  type Dump,
  type RecordBackend,
  type StoredValue,
  type UnreadableRecord,
  type Write,
} from './buffered-record-store.ts';
import { databaseError } from './database-error.ts';

export type { UnreadableRecord } from './buffered-record-store.ts';

export interface SqliteRecordStoreOptions {
  readonly database: DatabaseSync;
  readonly isReadOnly: boolean;
  readonly onUnreadable: (record: UnreadableRecord) => void;
  /** Called by `close` after the last write. */
  readonly onClose?: () => void;
}

export class SqliteRecordStore extends BufferedRecordStore {
  constructor(options: SqliteRecordStoreOptions) {
    const { isReadOnly, onUnreadable } = options;
    super({ backend: new SqliteBackend(options), isReadOnly, onUnreadable });
  }
}

class SqliteBackend implements RecordBackend {
  readonly #database: DatabaseSync;
  readonly #onClose: (() => void) | undefined;
  readonly #statements: ReturnType<typeof prepareAll>;

  constructor({ database, onClose }: SqliteRecordStoreOptions) {
    this.#database = database;
    this.#onClose = onClose;
    this.#statements = prepareAll(database);
  }

  get(collection: string, id: string): StoredValue | undefined {
    const row = translated(() => this.#statements.get.get(collection, id));
    return row && storedValue(row);
  }

  all(collection: string) {
    return translated(() => this.#statements.all.all(collection)).map((row) => ({
      id: String(row.id),
      ...storedValue(row),
    }));
  }

  rows(log: string, owner: string): StoredValue[] {
    return translated(() => this.#statements.rows.all(log, owner)).map(storedValue);
  }

  apply(writes: readonly Write[]): void {
    this.#inTransaction(() => {
      for (const write of writes) this.#execute(write);
    });
  }

  #inTransaction(run: () => void): void {
    translated(() => {
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        run();
        this.#database.exec('COMMIT');
      } catch (error) {
        // After some failures (a full disk) SQLite has rolled back by itself.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  dump(): Dump {
    const text = (row: Readonly<Record<string, unknown>>, name: string) => String(row[name]);
    return translated(() => ({
      records: this.#database
        .prepare('SELECT collection, id, value FROM record ORDER BY number')
        .all()
        .map((row) => ({
          collection: text(row, 'collection'),
          id: text(row, 'id'),
          value: text(row, 'value'),
        })),
      rows: this.#database
        .prepare('SELECT log, owner, value FROM log_row ORDER BY number')
        .all()
        .map((row) => ({ log: text(row, 'log'), owner: text(row, 'owner'), value: text(row, 'value') })),
    }));
  }

  load({ records, rows }: Dump): void {
    this.#inTransaction(() => {
      this.#database.exec('DELETE FROM record; DELETE FROM log_row');
      for (const { collection, id, value } of records)
        this.#statements.put.run(collection, id, value, crc32(value));
      for (const { log, owner, value } of rows) this.#statements.append.run(log, owner, value, crc32(value));
    });
  }

  ping(): void {
    translated(() => this.#database.prepare('SELECT 1').get());
  }

  close(): void {
    this.#database.close();
    this.#onClose?.();
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
}

function translated<R>(run: () => R): R {
  try {
    return run();
  } catch (error) {
    throw databaseError(error);
  }
}

function storedValue(row: Readonly<Record<string, unknown>>): StoredValue {
  return { value: String(row.value), checksum: Number(row.checksum) };
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
