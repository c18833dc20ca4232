/**
 * What the commands `backup`, `restore` and `migrate` do to a data folder and its database. Guarantees: a backup appears
 * under its name whole or not at all; a restore takes a backup of what is there first, and replaces all of it; one that was cut off is finished at the next start.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BerthError } from '#contract/berth-error.ts';
import { type Clock, instantOf } from '../../control-plane/interfaces/clock.ts';
import { type Backup, readBackedUpFiles, readBackup, writeBackup } from './backup-file.ts';
import type { BufferedRecordStore } from './buffered-record-store.ts';
import { publish, syncFolder, syncPath } from './durable-files.ts';
import { migrations } from './migrations.ts';

export interface CopiedFolder {
  readonly store: BufferedRecordStore;
  readonly folder: string;
  /** Of this Berth. */
  readonly version: string;
  readonly clock: Clock;
}

const schema = migrations.at(-1)?.version ?? 0;

export async function backUp({ store, folder, version, clock }: CopiedFolder): Promise<Readable> {
  const [dump, files] = [await store.dump(), await readBackedUpFiles(folder)];
  return writeBackup({ schema, version, createdAt: instantOf(clock), dump, files });
}

/** Writes `content` to `path`, which must not be there yet. Throws what the file system says. */
export async function writeNewFile(path: string, content: Readable): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await pipeline(content, createWriteStream(temporary, { flags: 'wx', mode: 0o600 }));
    if (existsSync(path))
      throw new BerthError('conflict', `${path} is there already. Name another file, or move it away.`);
    publish(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Reads it wholly, and so checks it. Throws invalid-input. */
export function openBackup(path: string): Promise<Backup> {
  return readBackup(createReadStream(path));
}

/** @returns where the backup of what was there before is. */
export async function restore(backup: Backup, target: CopiedFolder): Promise<string> {
  const { folder, clock } = target;
  if (backup.schema > schema)
    throw new BerthError(
      'store.newer-version',
      `The backup was made by a newer Berth (${backup.version}). Install that one to restore it.`,
    );
  const backups = join(folder, 'backups');
  await mkdir(backups, { recursive: true, mode: 0o700 });
  const instant = instantOf(clock).replaceAll(/[-:.]/g, '');
  const before = join(backups, `before-restore-${instant}-${randomBytes(3).toString('hex')}.berth-backup`);
  await writeNewFile(before, await backUp(target));
  // From here on it is finished, now or at the next start: files and records of two times would not fit together.
  await rm(pendingIn(folder), { force: true });
  await writeNewFile(pendingIn(folder), writeBackup(backup));
  await finishRestore(target);
  return before;
}

/** Does what a restore that was cut off left to do. Before anything reads the folder's files or the records. */
export async function finishRestore({
  store,
  folder,
}: Pick<CopiedFolder, 'store' | 'folder'>): Promise<void> {
  const pending = pendingIn(folder);
  if (store.isReadOnly || !existsSync(pending)) return;
  const backup = await openBackup(pending);
  for (const [name, bytes] of backup.files) await replaceFile(join(folder, name), bytes);
  syncFolder(folder);
  await store.load(backup.dump);
  await rm(pending);
  syncFolder(folder);
}

/** The backup that a restore puts back, for as long as that takes. */
function pendingIn(folder: string): string {
  return join(folder, 'restore.pending');
}

async function replaceFile(path: string, bytes: Buffer): Promise<void> {
  const temporary = `${path}.restored`;
  await writeFile(temporary, bytes, { mode: 0o600 });
  syncPath(temporary);
  await rename(temporary, path);
}
