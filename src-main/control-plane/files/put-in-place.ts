/** Moves what was made beside its place into it, as was wished where something is there already. Each step is one rename. */
import { posix } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';
import type { FileEntry } from '#contract/files.ts';
import type { FileAccess } from '../interfaces/file-access.ts';
import { fileError } from '../interfaces/file-error.ts';
import { joined } from './walk-tree.ts';

type OnConflict = 'fail' | 'replace' | 'skip' | 'both';

/** Numbers that are tried behind a name. */
const mostNumbers = 1_000;

/** Throws file.exists, file.wrong-kind. Goes on where an earlier try was cut off. */
export async function putInPlace(
  access: FileAccess,
  { path, folder, name }: { readonly path: string; readonly folder: string; readonly name: string },
  onConflict: OnConflict,
): Promise<void> {
  const target = joined(folder, name);
  if (onConflict === 'both') return await besides(access, path, folder, name);
  if (onConflict !== 'replace') return await access.rename(path, target, false);
  const [own, there] = await Promise.all([access.look(path), access.look(target)]);
  if (own === undefined) return;
  if (there === undefined) return await access.rename(path, target, false);
  requireMergeable(own, there, target);
  if (own.kind !== 'folder') return await access.rename(path, target, true);
  for (const child of await namesIn(access, path))
    await putInPlace(access, { path: joined(path, child), folder: target, name: child }, 'replace');
  await access.remove(path, 'folder');
}

/** A folder takes in a folder; anything else replaces what is no folder. */
export function requireMergeable(own: FileEntry, there: FileEntry, target: string): void {
  if ((own.kind === 'folder') === (there.kind === 'folder')) return;
  throw fileError(there.kind === 'folder' ? 'EISDIR' : 'ENOTDIR', target);
}

export async function namesIn(access: FileAccess, path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { entries } of access.list(path, new AbortController().signal))
      names.push(...entries.map(({ name }) => name));
  } catch (error) {
    if (!BerthError.is(error, 'not-found')) throw error;
  }
  return names;
}

async function besides(access: FileAccess, path: string, folder: string, name: string): Promise<void> {
  for (let number = 1; number <= mostNumbers; number++)
    try {
      return await access.rename(path, joined(folder, numbered(name, number)), false);
    } catch (error) {
      if (!BerthError.is(error, 'file.exists', 'file.wrong-kind')) throw error;
    }
  throw fileError('EEXIST', joined(folder, name));
}

/** `report.txt`, `report (2).txt`, … */
function numbered(name: string, number: number): string {
  if (number === 1) return name;
  const { name: stem, ext } = posix.parse(name);
  return `${stem} (${number})${ext}`;
}
