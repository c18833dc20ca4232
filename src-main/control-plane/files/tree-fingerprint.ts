/**
 * Whether a tree is the same as before, or as another: by names, kinds and sizes, and where asked by versions. Independent
 * of the order in which folders are read; one sum, however large the tree.
 */
import { createHash } from 'node:crypto';
import { type TreeFrom, walkTree } from './walk-tree.ts';

interface TreeFingerprints {
  /** The same only if no file was changed. */
  readonly versions: string;
  /** The same for a whole copy. */
  readonly sizes: string;
}

const modulus = 1n << 256n;

export async function fingerprintsOf(from: TreeFrom, signal: AbortSignal): Promise<TreeFingerprints> {
  let versions = 0n;
  let sizes = 0n;
  for await (const { name, entry } of walkTree(from, signal)) {
    // A copy leaves out what is no file, folder or link.
    if (entry.kind === 'other') continue;
    const size = entry.kind === 'file' ? entry.sizeBytes : (entry.target ?? '');
    const what = `${name}\0${entry.kind}\0${size}`;
    sizes = (sizes + sumOf(what)) % modulus;
    versions = (versions + sumOf(entry.kind === 'file' ? `${what}\0${entry.version}` : what)) % modulus;
  }
  return { versions: versions.toString(16), sizes: sizes.toString(16) };
}

function sumOf(text: string): bigint {
  return BigInt(`0x${createHash('sha256').update(text).digest('hex')}`);
}
