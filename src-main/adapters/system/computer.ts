/** What the plane is told of the computer that it runs on, read once at the start. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { resolve } from 'node:path';

export interface Computer {
  readonly platform: NodeJS.Platform;
  readonly homeFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function thisComputer(): Computer {
  return { platform: process.platform, homeFolder: homedir(), env: process.env };
}

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const TAG_CHARACTERS = 6;

/**
 * Names this Berth among those that may share a host: made of the machine and the data folder, so it is the same after
 * a lost database and another on a second computer. 30 bits of a hash: nothing can be read back from it.
 */
export function installationTag(dataFolder: string, machine: string = machineId()): string {
  const hash = createHash('sha256')
    .update(`berth-installation\0${machine}\0${resolve(dataFolder)}`)
    .digest();
  let tag = '';
  for (const byte of hash.subarray(0, TAG_CHARACTERS)) tag += alphabet[byte & 31];
  return tag;
}

/** machine-id(5) where there is one; the host name otherwise. */
function machineId(): string {
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    try {
      const id = readFileSync(path, 'utf8').trim();
      if (id !== '') return id;
    } catch {
      // Not Linux, or a container without one.
    }
  }
  return hostname();
}
