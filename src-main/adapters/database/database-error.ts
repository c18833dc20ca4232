/**
 * SQLite's failures in Berth's words. The number is SQLite's (https://sqlite.org/rescode.html); its low byte is the
 * primary code. `cause` keeps the original for the log.
 */
import { BerthError } from '#contract/berth-error.ts';

const codes = { BUSY: 5, LOCKED: 6, READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14, NOTADB: 26 };

export function sqliteCodeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

export function isDamage(error: unknown): boolean {
  const code = sqliteCodeOf(error);
  return code === codes.CORRUPT || code === codes.NOTADB;
}

export function isBusy(error: unknown): boolean {
  const code = sqliteCodeOf(error);
  return code === codes.BUSY || code === codes.LOCKED;
}

/** The file calls around the database fail with names of errno(3). */
const codeOfErrno: Readonly<Record<string, number>> = {
  ENOSPC: codes.FULL,
  EDQUOT: codes.FULL,
  EACCES: codes.READONLY,
  EPERM: codes.READONLY,
  EROFS: codes.READONLY,
  ENOENT: codes.CANTOPEN,
  ENOTDIR: codes.CANTOPEN,
  EISDIR: codes.CANTOPEN,
  EIO: codes.IOERR,
};

function codeOf(error: unknown): number | undefined {
  const sqlite = sqliteCodeOf(error);
  if (sqlite !== undefined || typeof error !== 'object' || error === null || !('code' in error))
    return sqlite;
  return codeOfErrno[String(error.code)];
}

export function databaseError(cause: unknown): BerthError {
  if (BerthError.is(cause)) return cause;
  switch (codeOf(cause) ?? 0) {
    case codes.FULL:
      return new BerthError(
        'store.unwritable',
        'The disk with Berth’s data folder is full. Free some space; nothing was changed.',
        { cause },
      );
    case codes.READONLY:
    case codes.CANTOPEN:
      return new BerthError(
        'store.unwritable',
        'Berth may not write to its data folder. Check the permissions of the folder.',
        { cause },
      );
    case codes.CORRUPT:
    case codes.NOTADB:
      return new BerthError(
        'store.unwritable',
        'Berth’s database is damaged. Restart Berth: it then goes back to the newest good backup.',
        { cause },
      );
    case codes.BUSY:
    case codes.LOCKED:
      return new BerthError(
        'store.unwritable',
        'Another program holds Berth’s database. Close it and try again.',
        {
          cause,
        },
      );
    case codes.IOERR:
      return new BerthError('store.unwritable', 'The disk with Berth’s data folder reports errors.', {
        cause,
      });
    default:
      return new BerthError('internal', 'The database refused a statement.', { cause });
  }
}

export function newerVersionError(): BerthError {
  return new BerthError(
    'store.newer-version',
    'This data was last used by a newer Berth. It can be read, not changed; install that version again to go on.',
  );
}
