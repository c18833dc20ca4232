/**
 * Reads scripts whose text is put on machines: what a new one runs at its first boot, and what ends workspaces while no Berth is
 * there. They come with the program: where one is missing, the program is broken.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** `remoteScriptsFolder`: resources/remote, beside which resources/cloud lies. */
export function readSetupScript(remoteScriptsFolder: string): Promise<string> {
  return readFile(join(dirname(remoteScriptsFolder), 'cloud', 'setup.sh'), 'utf8');
}

export function readLeaseScript(remoteScriptsFolder: string): Promise<string> {
  return readFile(join(remoteScriptsFolder, 'lease.sh'), 'utf8');
}
