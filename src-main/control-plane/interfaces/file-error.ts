/** The one table from failures of files (errno(3), by name) to Berth's errors. The path is named as whoever asked named it. */
import { BerthError } from '#contract/berth-error.ts';
import type { ErrorCode } from '#contract/error-codes.ts';

const rows: Readonly<Record<string, readonly [code: ErrorCode, message: (path: string) => string]>> = {
  ENOENT: ['not-found', (path) => `There is no “${path}”. Look at the folder again.`],
  EACCES: ['file.permission-denied', denied],
  EPERM: ['file.permission-denied', denied],
  EROFS: ['file.permission-denied', (path) => `“${path}” is on a disk that cannot be written to.`],
  EEXIST: [
    'file.exists',
    (path) => `There is something named “${path}” already. Choose another name, or replace it.`,
  ],
  ENOTDIR: ['file.wrong-kind', (path) => `“${path}” is not a folder, or something above it is not one.`],
  EISDIR: ['file.wrong-kind', (path) => `“${path}” is a folder, and this needs a file.`],
  ENOTEMPTY: ['file.wrong-kind', (path) => `The folder “${path}” is not empty.`],
  ELOOP: ['file.wrong-kind', (path) => `“${path}” is a link, or links lead in a circle there.`],
  ENXIO: ['file.wrong-kind', notAFile],
  EINVAL: ['file.wrong-kind', (path) => `This cannot be done with “${path}”.`],
  ENOSPC: ['file.no-space', (path) => `There is no space left for “${path}”. Delete something there first.`],
  EDQUOT: ['file.no-space', (path) => `The quota is used up; there is no space left for “${path}”.`],
  ENAMETOOLONG: ['file.failed', (path) => `The name “${path.slice(-80)}” is too long there.`],
  EXDEV: ['file.failed', (path) => `“${path}” is on another disk. Copy it instead.`],
  EBUSY: ['file.failed', (path) => `“${path}” is in use, as a mounted folder is.`],
  EMFILE: ['file.failed', (path) => `Too many files are open there to reach “${path}”. Try again later.`],
  EIO: ['file.failed', (path) => `The disk failed at “${path}”. Look at its health.`],
  ETXTBSY: ['file.failed', (path) => `“${path}” is a program that runs; it cannot be written to now.`],
};

export function fileError(errno: string, path: string, cause?: unknown): BerthError {
  const row =
    rows[errno] ?? (['file.failed', (at: string) => `“${at}” could not be reached (${errno}).`] as const);
  const details = { path, reason: errno === 'EXDEV' ? 'other-disk' : errno };
  return new BerthError(row[0], row[1](path), { details, ...(cause === undefined ? {} : { cause }) });
}

/** The same failure of `to`, where what failed is what is written beside it. */
export function failureAt(error: unknown, from: string, to: string): unknown {
  if (!BerthError.is(error) || error.details.path !== from) return error;
  const { reason } = error.details;
  if (typeof reason !== 'string') return error;
  return fileError(reason === 'other-disk' ? 'EXDEV' : reason, to, error.cause);
}

/** Nothing is there by this name, or none can be. */
export function missingError(path: string): BerthError {
  return path.includes('\ufffd') ? unspeakableError(path) : fileError('ENOENT', path);
}

/** What a listing tells with U+FFFD cannot be asked for, nor made anew elsewhere. */
export function unspeakableError(path: string): BerthError {
  return new BerthError(
    'file.failed',
    `“${path}” has a name that is no UTF-8, or leads to one, and cannot be reached here. Rename it in a terminal.`,
    { details: { path } },
  );
}

/** A folder, a device, a FIFO or a socket where a file is needed. */
export function notAFileError(path: string): BerthError {
  return new BerthError('file.wrong-kind', notAFile(path), { details: { path } });
}

export function changedError(path: string): BerthError {
  return new BerthError(
    'file.changed',
    `“${path}” was changed meanwhile. Look at what is there now, and decide again.`,
    { details: { path } },
  );
}

/** What was sent earlier is not there, or less of it. */
export function uploadGoneError(path: string): BerthError {
  return new BerthError(
    'file.changed',
    `What was sent of “${path}” is not there any more. Send it again from its beginning.`,
    { details: { path } },
  );
}

export function incompleteError(path: string): BerthError {
  return new BerthError(
    'file.changed',
    `“${path}” has another size than was said: it was changed while it was sent. Send it again.`,
    { details: { path } },
  );
}

function denied(path: string): string {
  return `The permissions of “${path}”, or of its folder, do not allow it.`;
}

function notAFile(path: string): string {
  return `“${path}” is not an ordinary file.`;
}
