/** File steps that survive a power cut: what is renamed into place was on the disk before, and the name is after. */
import { closeSync, constants, copyFileSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** An empty file for its user alone, unless something is there. SQLite gives its companions the same mode. */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function syncFolder(folder: string): void {
  // Windows has no such call for folders; NTFS journals names by itself.
  if (process.platform !== 'win32') syncPath(folder);
}

export function publish(temporary: string, path: string): void {
  syncPath(temporary);
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

export function copyDurably(from: string, to: string): void {
  const temporary = `${to}.tmp`;
  rmSync(temporary, { force: true });
  createPrivateFile(temporary);
  copyFileSync(from, temporary);
  publish(temporary, to);
}
