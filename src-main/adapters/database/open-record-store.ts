/** Opens a data folder's record store: one Berth per folder, a sound database, the schema of today. */
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import { databaseError } from './database-error.ts';
import { takeInstanceLock } from './instance-lock.ts';
import { type DatabaseRecovery, openDatabase } from './open-database.ts';
import { SqliteRecordStore } from './sqlite-record-store.ts';

export interface OpenRecordStoreOptions {
  /** Exists already, mode 0700. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a Berth that is just ending may take to let go of the folder. Default 3,000. */
  readonly lockWaitMs?: number;
}

export interface OpenedRecordStore {
  readonly store: SqliteRecordStore;
  /** Set when the file was damaged: the person must be told. */
  readonly recovery: DatabaseRecovery | undefined;
}

/** Throws store.in-use (another Berth has this folder) or store.unwritable. */
export function openRecordStore(options: OpenRecordStoreOptions): OpenedRecordStore {
  const { folder, clock, log } = options;
  const lock = takeInstanceLock(folder, options.lockWaitMs ?? 3000);
  try {
    const { database, isReadOnly, recovery } = openDatabase({ folder, clock, log });
    const store = new SqliteRecordStore({
      database,
      isReadOnly,
      onUnreadable: (record) => log.error('A record cannot be read and was left in place.', { ...record }),
      onClose: () => lock.release(),
    });
    return { store, recovery };
  } catch (error) {
    lock.release();
    throw BerthError.is(error) ? error : databaseError(error);
  }
}
