/** The record store that the configuration names: SQLite in the data folder, or PostgreSQL; one Berth per data folder in either case. */
import type { Secret } from '../../control-plane/interfaces/secret.ts';
import type { BufferedRecordStore } from './buffered-record-store.ts';
import { finishRestore } from './data-copies.ts';
import { takeInstanceLock } from './instance-lock.ts';
import type { DatabaseRecovery } from './open-database.ts';
import { openRecordStore, type OpenRecordStoreOptions } from './open-record-store.ts';
import { openPostgresRecordStore } from './postgres-record-store.ts';

export interface OpenStoreOptions extends OpenRecordStoreOptions {
  /** `postgres://…`; null: SQLite. */
  readonly databaseUrl: Secret | null;
}

export interface OpenedStore {
  readonly store: BufferedRecordStore;
  /** Set when the file was damaged: the person must be told. */
  readonly recovery: DatabaseRecovery | undefined;
}

/** Finishes a restore that was cut off. Throws store.in-use or store.unwritable; nothing stays open then. */
export async function openStore(options: OpenStoreOptions): Promise<OpenedStore> {
  const opened = await openEither(options);
  try {
    await finishRestore({ store: opened.store, folder: options.folder });
    return opened;
  } catch (error) {
    await opened.store.close();
    throw error;
  }
}

async function openEither(options: OpenStoreOptions): Promise<OpenedStore> {
  const { folder, clock, log, databaseUrl, lockWaitMs = 3000 } = options;
  if (databaseUrl === null) return openRecordStore(options);
  const lock = takeInstanceLock(folder, lockWaitMs);
  try {
    const store = await openPostgresRecordStore({
      url: databaseUrl,
      clock,
      log,
      lockWaitMs,
      onUnreadable: (record) => log.error('A record cannot be read and was left in place.', { ...record }),
      onClose: () => lock.release(),
    });
    return { store, recovery: undefined };
  } catch (error) {
    lock.release();
    throw error;
  }
}
