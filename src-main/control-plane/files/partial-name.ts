/**
 * Names of files that are being written, beside what they become, as file-agent.py makes them too. Two files of one folder
 * never have the same, even with one key: a copy has one for all. Pure.
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';

/** Bytes. With what is put around it, a name that is longer could pass NAME_MAX (255). */
const longestName = 200;
const form = /^\.(?:.*\.)?berth-([0-9a-z]{20})$/s;
const editMark = 'edit';
/** Milliseconds: what broke off and nobody came back for in a week; for an edit nobody ever does. */
const uploadKeptMs = 7 * 86_400_000;
const editKeptMs = 3_600_000;

export function partialName(name: string, uploadKey: string): string {
  const ending = `berth-${uploadKey}`;
  if (Buffer.byteLength(name) <= longestName) return `.${name}.${ending}`;
  return `.${createHash('sha256').update(name).digest('hex').slice(0, 16)}.${ending}`;
}

export function partialPath(path: string, uploadKey: string): string {
  const trimmed = path.replace(/\/+$/, '');
  return posix.join(posix.dirname(trimmed), partialName(posix.basename(trimmed), uploadKey));
}

/** Of an edit. `random`: 8 bytes. */
export function editKey(random: Uint8Array): string {
  return `${editMark}${Buffer.from(random).toString('hex')}`;
}

/** Whether it is one that was given up so long ago. */
export function isAbandoned(name: string, ageMs: number): boolean {
  const key = form.exec(name)?.[1];
  return key !== undefined && ageMs > (key.startsWith(editMark) ? editKeptMs : uploadKeptMs);
}
