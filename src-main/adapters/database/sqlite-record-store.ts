/** The record store on one SQLite connection. Must not hold a SQLite transaction across an await. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import {
  BufferedRecordStore,
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
    translated(() => {
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        for (const write of writes) this.#execute(write);
        this.#database.exec('COMMIT');
      } catch (error) {
        // After some failures (a full disk) SQLite has rolled back by itself.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
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
