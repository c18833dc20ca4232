/**
 * The plane's own memory: named collections of records, each a JSON value under an id. A write that resolved survives a
 * power cut (SQLite: WAL with synchronous=FULL). Asynchronous, so that a networked database fits behind it too.
 */
export interface RecordStore {
  /** `schema` is applied on read; a record that no longer fits is reported through `onUnreadable` and left in place. */
  collection<T extends { id: string }>(name: string, parse: (value: unknown) => T): RecordCollection<T>;
  /** All writes inside happen or none does. */
  transaction<R>(run: () => Promise<R>): Promise<R>;
  /** Data from a newer Berth: reads work, every write throws store.newer-version. */
  readonly isReadOnly: boolean;
  close(): Promise<void>;
}

export interface RecordCollection<T extends { id: string }> {
  get(id: string): Promise<T | undefined>;
  all(): Promise<T[]>;
  put(record: T): Promise<void>;
  delete(id: string): Promise<void>;
}

/** Append-only text rows for operation logs: bounded per owner, oldest dropped first. */
export interface RowLog<T> {
  append(owner: string, row: T): Promise<void>;
  read(owner: string): Promise<T[]>;
  drop(owner: string): Promise<void>;
}
