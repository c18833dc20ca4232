/**
 * The one folder where test servers keep what must outlive a process: built images, and the hosts' folders, which the next
 * process must find to sweep them. It belongs to the current user alone: what another user planted there is not used.
 */
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function serversFolder(...below: string[]): string {
  const uid = process.getuid?.() ?? 0;
  const root = join(tmpdir(), uid === 0 ? 'berth-servers' : `berth-servers-${uid}`);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const owner = lstatSync(root);
  if (!owner.isDirectory() || owner.uid !== uid || (owner.mode & 0o022) !== 0)
    throw new Error(`${root} is not a folder that only you can write to; remove it`);
  const folder = join(root, ...below);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
