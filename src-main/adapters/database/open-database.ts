/**
 * Opens Berth's database file: checks it, goes back to the newest good backup if it is damaged, backs it up, migrates it
 * forward. Guarantees: an acknowledged commit survives a power cut (WAL, synchronous=FULL: with NORMAL, 5 of 10 cuts lost
 * rows); a damaged file is moved aside, never deleted; before each migration there is a backup; a file from a newer
 * version is only read. The caller holds the folder's instance lock. While it is open, nothing else in this process may
 * open the file: closing it would drop SQLite's locks.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import { databaseError, isDamage } from './database-error.ts';
import { copyDurably, createPrivateFile, publish, syncFolder } from './durable-files.ts';
import { type Migration, migrations as released } from './migrations.ts';

export interface OpenDatabaseOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** For tests of migrations. */
  readonly migrations?: readonly Migration[];
}

/** What the person must be told: the data are not what they were. */
export interface DatabaseRecovery {
  readonly problem: string;
  /** Where the damaged file is now. */
  readonly movedTo: string;
  /** Undefined: there was no good backup, and Berth starts with nothing. */
  readonly restoredFrom: string | undefined;
  readonly backupTakenAt: string | undefined;
  /** All of this in sentences for a person. */
  readonly notice: string;
}

export interface OpenDatabase {
  readonly database: DatabaseSync;
  readonly isReadOnly: boolean;
  readonly recovery: DatabaseRecovery | undefined;
}

/** "Brth": tells Berth's files from other SQLite files (https://sqlite.org/fileformat2.html, offset 68). */
const APPLICATION_ID = 0x42727468;
const KEPT_BACKUPS = 7;
const BACKUP_EVERY_MS = 24 * 3_600_000;
const backupName = /^berth-v(\d+)-(\d{8}T\d{9}Z)\.db$/;

export const databaseFileName = 'berth.db';

export function openDatabase(options: OpenDatabaseOptions): OpenDatabase {
  const migrations = options.migrations ?? released;
  const path = join(options.folder, databaseFileName);
  const newest = migrations.at(-1)?.version ?? 0;
  try {
    const { database, recovery } = openSound(path, options);
    try {
      const version = versionOf(database);
      if (version > newest) {
        database.exec('PRAGMA query_only = ON');
        options.log.warn('The data is from a newer version and is only read.', { version, known: newest });
        return { database, isReadOnly: true, recovery };
      }
      if (version > 0 && (version < newest || isBackupDue(options))) backUp(database, version, options);
      migrate(database, version, migrations, options);
      return { database, isReadOnly: false, recovery };
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw databaseError(error);
  }
}

function openSound(
  path: string,
  options: OpenDatabaseOptions,
): { database: DatabaseSync; recovery: DatabaseRecovery | undefined } {
  const problem = { text: '' };
  const sound = tryOpen(path, problem);
  if (sound) return { database: sound, recovery: undefined };
  const movedTo = moveAside(path, options);
  const backup = newestGoodBackup(options);
  if (backup) copyDurably(backup.path, path);
  const database = tryOpen(path, problem);
  if (!database) throw new BerthError('store.unwritable', 'The database cannot be made anew on this disk.');
  const recovery = {
    problem: problem.text,
    movedTo,
    restoredFrom: backup?.path,
    backupTakenAt: backup?.takenAt,
    notice: noticeOf(movedTo, backup?.takenAt),
  };
  options.log.error('The database was damaged and has been replaced.', { ...recovery });
  return { database, recovery };
}

function noticeOf(movedTo: string, takenAt: string | undefined): string {
  const then =
    takenAt === undefined
      ? 'There was no good backup, so Berth started with an empty one. Add your hosts again: workspaces are found on them by their labels.'
      : `Berth went back to the backup of ${takenAt}. What was changed since then is not in it; workspaces are found again on their hosts.`;
  return `The database was damaged. ${then} The damaged file is kept at ${movedTo}.`;
}

/** Undefined when the file is damaged (`problem` then says how); throws for every other failure. */
function tryOpen(path: string, problem: { text: string }): DatabaseSync | undefined {
  createPrivateFile(path);
  if (process.platform !== 'win32') chmodSync(path, 0o600);
  const database = new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: true });
  try {
    // Exclusive: no shared-memory file, and another program cannot write behind our back.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
    const applicationId = Number(database.prepare('PRAGMA application_id').get()?.application_id);
    const tables = Number(database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables);
    if (applicationId !== APPLICATION_ID && (applicationId !== 0 || tables > 0))
      throw new BerthError(
        'store.unwritable',
        `${path} is another program's file. Move it away or choose another data folder.`,
      );
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    // On macOS fsync alone leaves the data in the drive's cache (fcntl(2), F_FULLFSYNC). Elsewhere without effect.
    database.exec('PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON');
    database.exec(`PRAGMA journal_size_limit = ${16 * 1024 ** 2}`);
    const result = database.prepare('PRAGMA quick_check(1)').get()?.quick_check;
    if (result === 'ok') return database;
    problem.text = String(result);
    database.close();
    return undefined;
  } catch (error) {
    database.close();
    if (!isDamage(error)) throw error;
    problem.text = error instanceof Error ? error.message : String(error);
    return undefined;
  }
}

export function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version);
}

function migrate(
  database: DatabaseSync,
  from: number,
  migrations: readonly Migration[],
  { log }: OpenDatabaseOptions,
): void {
  for (const migration of migrations) {
    if (migration.version <= from) continue;
    database.exec('BEGIN IMMEDIATE');
    try {
      migration.up(database);
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migration.version}`);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
    if (from > 0) log.info('The database was migrated.', { version: migration.version });
  }
}

function backupsFolder(folder: string): string {
  return join(folder, 'backups');
}

/** Newest first, by the instant in the name. */
function backupsIn(folder: string): { path: string; version: number; takenAt: string }[] {
  if (!existsSync(backupsFolder(folder))) return [];
  const found = readdirSync(backupsFolder(folder)).flatMap((name) => {
    const match = backupName.exec(name);
    if (!match?.[1] || !match[2]) return [];
    return { path: join(backupsFolder(folder), name), version: Number(match[1]), takenAt: match[2] };
  });
  return found.sort((a, b) =>
    a.takenAt < b.takenAt ? 1 : a.takenAt > b.takenAt ? -1 : b.version - a.version,
  );
}

function isBackupDue({ folder, clock }: OpenDatabaseOptions): boolean {
  const newest = backupsIn(folder)[0];
  return !newest || clock.nowMs() - statSync(newest.path).mtimeMs > BACKUP_EVERY_MS;
}

/**
 * VACUUM INTO takes a consistent copy of a live database, which copying the file does not; it does not sync it
 * (https://sqlite.org/lang_vacuum.html), so `publish` does.
 */
function backUp(database: DatabaseSync, version: number, { folder, clock, log }: OpenDatabaseOptions): void {
  const target = backupsFolder(folder);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const takenAt = new Date(clock.nowMs()).toISOString().replaceAll(/[-:.]/g, '');
  const path = join(target, `berth-v${version}-${takenAt}.db`);
  const temporary = `${path}.tmp`;
  rmSync(temporary, { force: true });
  // Made first, and empty: VACUUM INTO takes an empty file, and its mode stays 0600.
  createPrivateFile(temporary);
  database.prepare('VACUUM INTO ?').run(temporary);
  const problem = problemOf(temporary);
  if (problem !== undefined) {
    rmSync(temporary, { force: true });
    throw new BerthError('store.unwritable', 'The backup of the database could not be read back.', {
      cause: problem,
    });
  }
  publish(temporary, path);
  for (const old of backupsIn(folder).slice(KEPT_BACKUPS)) rmSync(old.path, { force: true });
  log.info('The database was backed up.', { path });
}

function problemOf(path: string): string | undefined {
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const applicationId = Number(database.prepare('PRAGMA application_id').get()?.application_id);
      if (applicationId !== APPLICATION_ID) return 'not a file of Berth';
      const result = database.prepare('PRAGMA integrity_check(1)').get()?.integrity_check;
      return result === 'ok' ? undefined : String(result);
    } finally {
      database.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function newestGoodBackup({
  folder,
  log,
}: OpenDatabaseOptions): { path: string; takenAt: string } | undefined {
  for (const backup of backupsIn(folder)) {
    const problem = problemOf(backup.path);
    if (problem === undefined)
      return { path: backup.path, takenAt: statSync(backup.path).mtime.toISOString() };
    log.warn('A backup is damaged and was passed over.', { path: backup.path, problem });
  }
  return undefined;
}

/** The write-ahead log goes with its file: replayed into another one it would damage that. */
function moveAside(path: string, { folder, clock }: OpenDatabaseOptions): string {
  const target = join(folder, 'damaged', new Date(clock.nowMs()).toISOString().replaceAll(/[-:.]/g, ''));
  let free = target;
  for (let number = 2; existsSync(free); number++) free = `${target}-${number}`;
  mkdirSync(free, { recursive: true, mode: 0o700 });
  for (const suffix of ['-wal', '-shm', '-journal', ''])
    if (existsSync(path + suffix)) renameSync(path + suffix, join(free, databaseFileName + suffix));
  syncFolder(folder);
  return join(free, databaseFileName);
}
