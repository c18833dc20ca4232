/** Names of files that are being written, beside what they become. As in file-agent.py. Pure. */
import { posix } from 'node:path';

/** Bytes. With what is put around it, a name that is longer could pass NAME_MAX (255). */
const longestName = 200;
const form = /^\.(?:.*\.)?berth-[0-9a-z]{20}$/s;

export function partialName(name: string, uploadKey: string): string {
  const ending = `berth-${uploadKey}`;
  return Buffer.byteLength(name) > longestName ? `.${ending}` : `.${name}.${ending}`;
}

export function partialPath(path: string, uploadKey: string): string {
  const trimmed = path.replace(/\/+$/, '');
  return posix.join(posix.dirname(trimmed), partialName(posix.basename(trimmed), uploadKey));
}

export function isPartialName(name: string): boolean {
  return form.test(name);
}
