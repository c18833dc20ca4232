/**
 * `npm run demo`: a real server for whoever has none. Brings up a throw-away host on this machine, opens Berth on it, and
 * takes everything away at the end (Ctrl+C, or when the app is closed). Arguments go to the app.
 *
 *   --host-only   the host alone, without the app
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DemoHost, startDemoHost } from './demo-host.ts';
import { ensureRequirements, type RequirementName, unsuitableMachine } from './requirements.ts';
import { stopProcess } from './stop-process.ts';

const NEEDS: readonly RequirementName[] = ['remote-host', 'images'];
const HOST_ONLY = '--host-only';
/** The app may have operations to write down and connections to close. */
const APP_GRACE_MS = 15_000;

/** Why there can be no demo here, and what there can be instead. */
function explain(reason: string): string {
  return `There can be no demo on this machine.

${reason.trim()}

The demo makes a server out of this machine: Linux namespaces, a disk in a file, an SSH server and a Docker engine of its
own. That takes root on Debian (or Ubuntu) Linux; a virtual machine or a privileged container will do.

Instead, run \`npm start\` and
  - add this computer, if it runs Docker or Podman, or
  - add any server that you reach with \`ssh\` and that has Docker.
`;
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Every time, not once: a second Ctrl+C must not end us in the middle of the clearing up.
  process.on(signal, () => interrupted.abort());
}

async function untilInterrupted(): Promise<void> {
  if (!interrupted.signal.aborted) await once(interrupted.signal, 'abort');
}

/** The app in the foreground; resolves with its exit code when it is closed or we are interrupted. */
async function runApp(demo: DemoHost, args: readonly string[]): Promise<number> {
  const entry = fileURLToPath(new URL('../../src-main/start.ts', import.meta.url));
  const flags = ['--data-dir', join(demo.folder, 'data'), '--add-host', demo.addHostPath];
  const app = spawn(process.execPath, [entry, ...flags, ...args], { stdio: 'inherit' });
  const closed = once(app, 'exit').then(([code]) => (code as number | null) ?? 0);
  await Promise.race([closed, untilInterrupted()]);
  await stopProcess(app, APP_GRACE_MS);
  return interrupted.signal.aborted ? 0 : closed;
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const unsuitable = unsuitableMachine(NEEDS);
  if (unsuitable) {
    console.error(explain(unsuitable));
    return 1;
  }
  try {
    await ensureRequirements(NEEDS);
  } catch (error) {
    console.error(explain((error as Error).message));
    return 1;
  }
  console.log('Starting a throw-away server on this machine (the first time takes about a minute) …');
  const started = await startDemoHost().catch((error: unknown) => {
    // Ctrl+C while it was starting: the host is gone already.
    if (interrupted.signal.aborted) return undefined;
    throw error;
  });
  if (!started) return 0;
  await using demo = started;
  const { host } = demo;
  console.log(`
It is up: root@${host.address}, key ${host.hostKeyFingerprint}
  images to make workspaces from: ${demo.images.join(', ')}
  from another terminal:          ssh -i ${host.clientKeyPath} root@${host.address}
Ctrl+C takes it away again, with everything in it.
`);
  if (interrupted.signal.aborted) return 0;
  let exitCode = 0;
  if (args.includes(HOST_ONLY)) {
    console.log(`Berth can be told of it:  npm start -- --add-host ${demo.addHostPath}`);
    // An abort listener alone does not keep Node running.
    const awake = setInterval(() => undefined, 60_000);
    await untilInterrupted();
    clearInterval(awake);
  } else exitCode = await runApp(demo, args);
  console.log('Taking the server away …');
  return exitCode;
}

process.exitCode = await main();
