/**
 * Is there room for another workspace? Read with df(1) (POSIX `-P`) on the folder where the engine keeps its data, since
 * the engine itself tells of a full disk only by failing in the middle.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostConnection } from '../interfaces/host-connection.ts';

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
