/**
 * A slot is what one throw-away host needs of this machine: a subnet 10.78.N.0/24 and a folder. Owns who has which, and
 * sweeps what dead processes left. The claim is the kernel's (exclusive.ts), so two workers can never share a slot.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Claim, tryClaim } from './exclusive.ts';
import { runChecked } from './run-process.ts';
import { serversFolder } from './servers-folder.ts';

/** The namespaces' side; its header lists the verbs. */
export const hostScript = fileURLToPath(new URL('remote-host.sh', import.meta.url));

/** 10.78.1.0 to 10.78.19.0 are left to others; tests of the slots themselves begin at 220, where nobody else does. */
const DEFAULT_FIRST_SLOT = 20;
const SLOTS = 200;
const HIGHEST_SLOT = 254;

export interface HostSlot {
  readonly number: number;
  readonly directory: string;
  /** Runs a verb of remote-host.sh on this slot; resolves with its stdout. */
  script(verb: string, ...args: string[]): Promise<string>;
  /** Nothing of the slot is left afterwards. */
  destroy(): Promise<void>;
}

function script(number: number, directory: string, verb: string, ...args: string[]): Promise<string> {
  return runChecked(['bash', hostScript, verb, directory, String(number), ...args]);
}

function directoryOf(number: number): string {
  return join(serversFolder('hosts'), String(number));
}

async function destroyRemains(number: number): Promise<void> {
  await script(number, directoryOf(number), 'destroy');
}

/** Another program's network may use the same addresses: such a slot is left alone. */
function subnetTaken(number: number): boolean {
  const prefix = `10.78.${number}.`;
  return Object.entries(networkInterfaces()).some(
    ([name, addresses]) =>
      name !== `berth${number}` && (addresses ?? []).some(({ address }) => address.startsWith(prefix)),
  );
}

/**
 * When this process ends, in whatever way, the pipe closes and the keeper destroys the slot. It has a session of its
 * own, so that Ctrl+C in the terminal does not reach it.
 */
function startKeeper(number: number, directory: string, token: string): () => void {
  const keeper = spawn('bash', [hostScript, 'keep', directory, String(number), token], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  keeper.unref();
  (keeper.stdin as Socket).unref();
  return () => keeper.stdin.destroy();
}

/** Destroys every slot whose process is gone (the keeper was killed too, or the machine lost power). */
export async function sweepStaleHosts(): Promise<number[]> {
  const swept: number[] = [];
  for (const entry of await readdir(serversFolder('hosts'), { withFileTypes: true })) {
    const number = Number(entry.name);
    if (!entry.isDirectory() || !Number.isInteger(number)) continue;
    const claim = await tryClaim(`host-${number}`);
    if (!claim) continue;
    try {
      await destroyRemains(number);
      swept.push(number);
    } finally {
      await claim.release();
    }
  }
  return swept;
}

async function claimFreeSlot(): Promise<{ number: number; claim: Claim }> {
  const first = Number(process.env.BERTH_TEST_FIRST_SLOT) || DEFAULT_FIRST_SLOT;
  const last = Math.min(first + SLOTS - 1, HIGHEST_SLOT);
  for (let number = first; number <= last; number++) {
    if (subnetTaken(number)) continue;
    const claim = await tryClaim(`host-${number}`);
    if (claim) return { number, claim };
  }
  throw new Error(`every slot from ${first} to ${last} is in use: are hosts not stopped?`);
}

/** A clean slot of our own, with an empty folder (mode 0700) that remote-host.sh fills. */
export async function claimSlot(): Promise<HostSlot> {
  await sweepStaleHosts();
  const { number, claim } = await claimFreeSlot();
  const directory = directoryOf(number);
  try {
    await destroyRemains(number);
    await mkdir(directory, { mode: 0o700 });
    const token = randomUUID();
    await writeFile(join(directory, 'token'), token);
    const endKeeper = startKeeper(number, directory, token);
    return {
      number,
      directory,
      script: (verb, ...args) => script(number, directory, verb, ...args),
      async destroy() {
        await script(number, directory, 'destroy');
        endKeeper();
        await claim.release();
      },
    };
  } catch (error) {
    await claim.release();
    throw error;
  }
}
