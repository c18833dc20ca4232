/**
 * The schema in PostgreSQL, as steps that only go forward; versions are those of SQLite's (migrations.ts), since both hold
 * the same. Each runs in a transaction of its own together with the new version number.
 */
import type pg from 'pg';
import { migrations as sqlite } from './migrations.ts';

export interface PostgresMigration {
  readonly version: number;
  readonly statements: readonly string[];
}

/** Names begin with `berth_`: the database may be shared with other programs. */
export const postgresMigrations: readonly PostgresMigration[] = [
  {
    version: 1,
    statements: [
      `CREATE TABLE berth_record (
        number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        collection TEXT NOT NULL,
        id TEXT NOT NULL,
        value TEXT NOT NULL,
        checksum BIGINT NOT NULL,
        UNIQUE (collection, id)
      )`,
      `CREATE TABLE berth_log_row (
        number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        log TEXT NOT NULL,
        owner TEXT NOT NULL,
        value TEXT NOT NULL,
        checksum BIGINT NOT NULL
      )`,
      'CREATE INDEX berth_log_row_by_owner ON berth_log_row (log, owner, number)',
      // Who wrote last, and the id of its last batch: a Berth that was away learns that another one wrote meanwhile, and a
      // reply that got lost is told from a commit that never was.
      `CREATE TABLE berth_writer (
        only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
        writer TEXT NOT NULL,
        last_batch TEXT NOT NULL
      )`,
    ],
  },
];

export const newestVersion = sqlite.at(-1)?.version ?? 0;

/** The version of the data; 0 where there is none. */
export async function versionIn(client: pg.Client): Promise<number> {
  const { rows } = await client.query("SELECT to_regclass('berth_schema') IS NOT NULL AS is_there");
  if (rows[0]?.is_there !== true) return 0;
  const found = await client.query('SELECT version FROM berth_schema');
  return Number(found.rows[0]?.version ?? 0);
}

/** Brings the schema to `migrations`' newest version, step by step; returns the version found at first. */
export async function migratePostgres(
  client: pg.Client,
  migrations: readonly PostgresMigration[] = postgresMigrations,
): Promise<number> {
  const from = await versionIn(client);
  for (const migration of migrations) {
    if (migration.version <= from) continue;
    await client.query('BEGIN');
    try {
      for (const statement of migration.statements) await client.query(statement);
      if (migration.version === 1) await client.query('CREATE TABLE berth_schema (version INTEGER NOT NULL)');
      await client.query('DELETE FROM berth_schema');
      await client.query('INSERT INTO berth_schema (version) VALUES ($1)', [migration.version]);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      throw error;
    }
  }
  return from;
}
