/**
 * Is there room for another workspace? Read with df(1) (POSIX `-P`) on the folder where the engine keeps its data, since
 * the engine itself tells of a full disk only by failing in the middle.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostConnection } from '../interfaces/host-connection.ts';
import type { ReadyLink } from './workspace-parts.ts';

export interface FolderSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Null where the file system counts none (btrfs, overlays of some kinds). */
  readonly freeInodes: number | null;
}

/** Below this nothing is created: a pull of a small image and its writable layer need about that. */
export const minimumFreeBytes = 1024 ** 3;
/** 95 % used also refuses, unless so much is free all the same (large disks). */
const fullShare = 0.95;
const enoughFreeBytes = 10 * 1024 ** 3;
/** So little is no room for any work of an engine. */
const noRoomBytes = 4 * 1024 ** 2;
/** A distribution's image has 5,000 to 30,000 files. */
export const minimumFreeInodes = 20_000;

/** Undefined where it cannot be read (no df, no such folder as seen from the login): then nothing is refused. */
export async function readSpace(
  connection: HostConnection,
  folder: string,
  signal: AbortSignal,
): Promise<FolderSpace | undefined> {
  const blocks = await dfColumns(connection, '-Pk', folder, signal);
  if (blocks === undefined) return undefined;
  const inodes = await dfColumns(connection, '-Pi', folder, signal);
  return {
    totalBytes: blocks.total * 1024,
    freeBytes: blocks.free * 1024,
    freeInodes: inodes === undefined || inodes.total === 0 ? null : inodes.free,
  };
}

async function dfColumns(
  connection: HostConnection,
  flags: string,
  folder: string,
  signal: AbortSignal,
): Promise<{ total: number; free: number } | undefined> {
  const result = await connection.exec(['df', flags, '--', folder], { signal });
  if (result.exitCode !== 0) return undefined;
  return parseDf(result.stdout);
}

/** The last line of `df -P`: name, total, used, available, share, mount point. The name may hold spaces. */
export function parseDf(output: string): { total: number; free: number } | undefined {
  const line = output.trim().split('\n').at(-1) ?? '';
  const match = /\s(\d+)\s+(\d+)\s+(\d+)\s+(?:\d+%|-)\s/.exec(line);
  return match === null ? undefined : { total: Number(match[1]), free: Number(match[3]) };
}

/**
 * What an engine failed with: a full disk, where there is no room and it did not say why (it has a hundred sentences for
 * that, and some name only what it could not do then). Anything else as it is.
 */
export async function fullDiskBehind(
  error: unknown,
  { connection, engineInfo, hostName }: ReadyLink,
  signal: AbortSignal,
): Promise<unknown> {
  if (!BerthError.is(error, 'engine.failed', 'workspace.start-failed')) return error;
  const folder = engineInfo.rootFolder;
  const space = await readSpace(connection, folder, signal).catch(() => undefined);
  const isFull = space !== undefined && (space.freeBytes < noRoomBytes || (space.freeInodes ?? 1) === 0);
  if (!isFull) return error;
  return new BerthError(
    'host.disk-full',
    `The disk of “${hostName}” is full. Make room in ${folder} (docker system prune removes what is not used), then try again. ${error.message}`,
    { cause: error, details: { ...error.details, folder, freeBytes: space.freeBytes } },
  );
}

export function requireSpace(space: FolderSpace, hostName: string, folder: string): void {
  const { freeBytes, totalBytes, freeInodes } = space;
  const isNearlyFull = freeBytes < totalBytes * (1 - fullShare) && freeBytes < enoughFreeBytes;
  if (freeBytes < minimumFreeBytes || isNearlyFull)
    throw new BerthError(
      'host.disk-full',
      `Only ${Math.floor(freeBytes / 1024 ** 2)} MiB of ${Math.floor(totalBytes / 1024 ** 2)} MiB are free in ${folder} on “${hostName}”. Make room there (docker system prune removes what is not used), then try again.`,
      { details: { folder, freeBytes, totalBytes } },
    );
  if (freeInodes !== null && freeInodes < minimumFreeInodes)
    throw new BerthError(
      'host.disk-full',
      `Only ${freeInodes} more files fit in ${folder} on “${hostName}” (inodes are used up). Remove files there, then try again.`,
      { details: { folder, freeInodes } },
    );
}
