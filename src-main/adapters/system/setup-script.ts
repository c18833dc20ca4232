/** Reads what a new machine runs at its first boot. It comes with the program: where it is missing, the program is broken. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** `remoteScriptsFolder`: resources/remote, beside which resources/cloud lies. */
export function readSetupScript(remoteScriptsFolder: string): Promise<string> {
  return readFile(join(dirname(remoteScriptsFolder), 'cloud', 'setup.sh'), 'utf8');
}
