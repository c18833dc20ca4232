/**
 * One Berth per data folder. The lock is SQLite's write lock on a file of its own, held for as long as the process lives:
 * the kernel frees it whatever ends the process, so it can never be stale, and it works on every platform. The holder's
 * process id stands in the file, for the message. Nothing else may open that file: closing any other descriptor of it
 * in this process would drop the lock (fcntl(2), advisory record locking).
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BerthError } from '#contract/berth-error.ts';
import { databaseError, isBusy, isDamage } from './database-error.ts';
import { createPrivateFile } from './durable-files.ts';

export interface InstanceLock {
  release(): void;
}

/** `waitMs`: how long a Berth that is just ending may take. Blocks meanwhile. Throws store.in-use. */
export function takeInstanceLock(folder: string, waitMs: number): InstanceLock {
  const path = join(folder, 'berth.lock');
  try {
    return take(path, waitMs);
  } catch (error) {
    if (!isDamage(error)) throw BerthError.is(error) ? error : databaseError(error);
    // A file that is no database is held by nobody.
    rmSync(path, { force: true });
    return take(path, waitMs);
  }
}

function take(path: string, waitMs: number): InstanceLock {
  createPrivateFile(path);
  const database = new DatabaseSync(path, { timeout: waitMs });
  try {
    // In memory: a hot journal of a killed holder would have to be rolled back by the next one.
    database.exec('PRAGMA journal_mode = MEMORY');
    database.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${process.pid}; COMMIT; BEGIN IMMEDIATE`);
  } catch (error) {
    if (!isBusy(error)) {
      database.close();
      throw error;
    }
    const holder = holderOf(database);
    database.close();
    throw new BerthError(
      'store.in-use',
      `Another Berth${holder === undefined ? '' : ` (process ${holder})`} uses this data folder. Close it first, or start with another data folder.`,
      { details: { processId: holder ?? null }, cause: error },
    );
  }
  return { release: () => database.close() };
}

function holderOf(database: DatabaseSync): number | undefined {
  try {
    const id = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    return id > 0 ? id : undefined;
  } catch {
    return undefined;
  }
}
