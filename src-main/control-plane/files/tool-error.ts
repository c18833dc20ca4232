/** What rm, find, chmod and cp say on standard error, in the words of the C locale (strerror(3)). Pure. */
import type { BerthError } from '#contract/berth-error.ts';
import { fileError } from '../interfaces/file-error.ts';

const words: readonly (readonly [RegExp, string])[] = [
  [/: Permission denied/, 'EACCES'],
  [/: Operation not permitted/, 'EPERM'],
  [/: No space left on device/, 'ENOSPC'],
  [/: Disk quota exceeded/, 'EDQUOT'],
  [/: Read-only file system/, 'EROFS'],
  [/: Device or resource busy/, 'EBUSY'],
  [/: No such file or directory/, 'ENOENT'],
  [/: File exists/, 'EEXIST'],
  [/: Not a directory/, 'ENOTDIR'],
];

export function toolError(said: string, path: string): BerthError {
  const found = words.find(([pattern]) => pattern.test(said));
  return fileError(found?.[1] ?? 'EIO', path, new Error(said.slice(0, 2_000)));
}
