/**
 * The schema, as steps that only go forward. Each runs in a transaction of its own together with the new version
 * number. A step that was released is never edited: a later one mends it.
 */
import type { DatabaseSync } from 'node:sqlite';

export interface Migration {
  readonly version: number;
  readonly up: (database: DatabaseSync) => void;
}

export const migrations: readonly Migration[] = [
  {
    version: 1,
    up: (database) =>
      database.exec(`
        CREATE TABLE record (
          number INTEGER PRIMARY KEY AUTOINCREMENT,
          collection TEXT NOT NULL,
          id TEXT NOT NULL,
          value TEXT NOT NULL,
          checksum INTEGER NOT NULL,
          UNIQUE (collection, id)
        ) STRICT;
        CREATE TABLE log_row (
          number INTEGER PRIMARY KEY AUTOINCREMENT,
          log TEXT NOT NULL,
          owner TEXT NOT NULL,
          value TEXT NOT NULL,
          checksum INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX log_row_by_owner ON log_row (log, owner, number);
      `),
  },
];
