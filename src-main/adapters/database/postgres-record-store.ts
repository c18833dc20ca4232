/**
 * The record store in PostgreSQL, for teams whose data is to be where their other data is. One connection, which holds the
 * lock; a batch of writes is one transaction, recognised again by its id where the reply to its commit got lost. Writes
 * nothing any more once another Berth wrote there.
 */
import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type pg from 'pg';
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import type { Secret } from '../../control-plane/interfaces/secret.ts';
import {
  BufferedRecordStore,
  type Dump,
  type RecordBackend,
  type StoredRecord,
  type StoredValue,
  type UnreadableRecord,
  type Write,
} from './buffered-record-store.ts';
import { PostgresConnection } from './postgres-connection.ts';
import { migratePostgres, newestVersion } from './postgres-migrations.ts';

export interface OpenPostgresOptions {
  readonly url: Secret;
  readonly clock: Clock;
  readonly log: Log;
  readonly onUnreadable: (record: UnreadableRecord) => void;
  /** Called by `close` after the last write. */
  readonly onClose?: () => void;
  /** Default 3,000. */
  readonly lockWaitMs?: number;
}

/** Throws store.in-use (another Berth has this database) or store.unwritable. Nothing stays open then. */
export async function openPostgresRecordStore(options: OpenPostgresOptions): Promise<BufferedRecordStore> {
  const { url, clock, log, onUnreadable, onClose } = options;
  const connection = new PostgresConnection({ url, clock, log, lockWaitMs: options.lockWaitMs ?? 3000 });
  try {
    const writer = randomUUID();
    const from = await connection.run((client) => migratePostgres(client));
    const isReadOnly = from > newestVersion;
    if (!isReadOnly) await connection.run((client) => client.query(becomeWriter, [writer]));
    if (isReadOnly)
      log.warn('The data is from a newer version and is only read.', { version: from, known: newestVersion });
    else if (from > 0 && from < newestVersion)
      log.info('The database was migrated.', { version: newestVersion });
    return new BufferedRecordStore({
      backend: new PostgresBackend(connection, writer, onClose),
      isReadOnly,
      onUnreadable,
    });
  } catch (error) {
    await connection.close();
    throw error;
  }
}

const becomeWriter = `INSERT INTO berth_writer (writer, last_batch) VALUES ($1, '')
  ON CONFLICT (only_row) DO UPDATE SET writer = excluded.writer, last_batch = ''`;

class PostgresBackend implements RecordBackend {
  readonly #connection: PostgresConnection;
  readonly #writer: string;
  readonly #onClose: (() => void) | undefined;

  constructor(connection: PostgresConnection, writer: string, onClose: (() => void) | undefined) {
    this.#connection = connection;
    this.#writer = writer;
    this.#onClose = onClose;
  }

  async get(collection: string, id: string): Promise<StoredValue | undefined> {
    const text = 'SELECT value, checksum FROM berth_record WHERE collection = $1 AND id = $2';
    const [row] = await this.#rows(text, [collection, id]);
    return row && storedValue(row);
  }

  async all(collection: string): Promise<StoredRecord[]> {
    const text = 'SELECT id, value, checksum FROM berth_record WHERE collection = $1 ORDER BY number';
    return (await this.#rows(text, [collection])).map((row) => ({ id: String(row.id), ...storedValue(row) }));
  }

  async rows(log: string, owner: string): Promise<StoredValue[]> {
    const text = 'SELECT value, checksum FROM berth_log_row WHERE log = $1 AND owner = $2 ORDER BY number';
    return (await this.#rows(text, [log, owner])).map(storedValue);
  }

  apply(writes: readonly Write[]): Promise<void> {
    return this.#commit(async (client) => {
      for (const write of writes) await execute(client, write);
    });
  }

  dump(): Promise<Dump> {
    return this.#connection.run(async (client) => {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      try {
        const records = await client.query('SELECT collection, id, value FROM berth_record ORDER BY number');
        const rows = await client.query('SELECT log, owner, value FROM berth_log_row ORDER BY number');
        return { records: records.rows, rows: rows.rows };
      } finally {
        await client.query('ROLLBACK');
      }
    });
  }

  load({ records, rows }: Dump): Promise<void> {
    return this.#commit(async (client) => {
      await client.query('DELETE FROM berth_record');
      await client.query('DELETE FROM berth_log_row');
      for (const { collection, id, value } of records)
        await execute(client, { kind: 'put', collection, id, value });
      for (const { log, owner, value } of rows)
        await client.query(appendRow, [log, owner, value, crc32(value)]);
    });
  }

  /** `write` may run twice, on another connection; what it did is committed once. */
  #commit(write: (client: pg.Client) => Promise<void>): Promise<void> {
    const batchId = randomUUID();
    let wasTried = false;
    return this.#connection.run(async (client) => {
      if (wasTried && (await lastBatch(client)) === batchId) return;
      wasTried = true;
      await client.query('BEGIN');
      try {
        await write(client);
        const { rowCount } = await client.query('UPDATE berth_writer SET last_batch = $1 WHERE writer = $2', [
          batchId,
          this.#writer,
        ]);
        // What this Berth remembers is not what is there: to write on would undo what the other did.
        if (rowCount !== 1) throw usedMeanwhile();
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK').catch(() => {});
        throw error;
      }
    });
  }

  async ping(): Promise<void> {
    await this.#rows('SELECT 1', []);
  }

  async close(): Promise<void> {
    await this.#connection.close();
    this.#onClose?.();
  }

  async #rows(text: string, values: readonly string[]): Promise<Readonly<Record<string, unknown>>[]> {
    return (await this.#connection.run((client) => client.query({ text, values: [...values] }))).rows;
  }
}

async function lastBatch(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query('SELECT last_batch FROM berth_writer');
  return rows[0]?.last_batch;
}

function usedMeanwhile(): BerthError {
  return new BerthError(
    'store.in-use',
    'Another Berth wrote to this PostgreSQL database while this one was cut off from it. Restart this one; nothing was overwritten.',
  );
}

const appendRow = 'INSERT INTO berth_log_row (log, owner, value, checksum) VALUES ($1, $2, $3, $4)';

async function execute(client: pg.Client, write: Write): Promise<void> {
  switch (write.kind) {
    case 'put':
      await client.query(
        `INSERT INTO berth_record (collection, id, value, checksum) VALUES ($1, $2, $3, $4)
         ON CONFLICT (collection, id) DO UPDATE SET value = excluded.value, checksum = excluded.checksum`,
        [write.collection, write.id, write.value, crc32(write.value)],
      );
      return;
    case 'delete':
      await client.query('DELETE FROM berth_record WHERE collection = $1 AND id = $2', [
        write.collection,
        write.id,
      ]);
      return;
    case 'append':
      await client.query(appendRow, [write.log, write.owner, write.value, crc32(write.value)]);
      await client.query(
        `DELETE FROM berth_log_row WHERE log = $1 AND owner = $2 AND number <=
         (SELECT number FROM berth_log_row WHERE log = $1 AND owner = $2 ORDER BY number DESC LIMIT 1 OFFSET $3)`,
        [write.log, write.owner, write.maxRows],
      );
      return;
    case 'drop':
      await client.query('DELETE FROM berth_log_row WHERE log = $1 AND owner = $2', [write.log, write.owner]);
      return;
  }
}

/** BIGINT comes as text. */
function storedValue(row: Readonly<Record<string, unknown>>): StoredValue {
  return { value: String(row.value), checksum: Number(row.checksum) };
}
