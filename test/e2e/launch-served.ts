/** Starts the built `berth serve` as a process of its own, and ends it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { buildIfStale, projectRoot } from '#main/build-if-stale.ts';
import { withExclusive } from '#test/servers/exclusive.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

export interface Served {
  readonly origin: string;
  /** The first link that it printed. */
  readonly link: string;
  /** All that it printed so far. */
  readonly output: () => string;
  /** Sends a signal and resolves with the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** As a release has it, and half the work of starting from the sources. Needs ensureBuilt(). */
export const program = join(projectRoot, 'out', 'main', 'headless.js');

export async function ensureBuilt(): Promise<void> {
  const code = await withExclusive('build', () => buildIfStale({ isQuiet: true }));
  if (code !== 0) throw new Error(`the build ended with ${code}`);
}

function start(args: readonly string[]): ChildProcess {
  // A display would open a browser of the person who runs the tests.
  const { DISPLAY: _, WAYLAND_DISPLAY: __, ...env } = process.env;
  return spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
}

/** Runs a command to its end. */
export async function berth(...args: string[]): Promise<CommandResult> {
  const child = start(args);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

export async function launchServed(...args: string[]): Promise<Served> {
  await ensureBuilt();
  const child = start(['serve', ...args]);
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  let output = '';
  child.stdout?.on('data', (chunk) => (output += String(chunk)));
  child.stderr?.on('data', (chunk) => (output += String(chunk)));
  const link = await waitUntil(
    () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${output}`);
      return /\bhttp:\S+\/sign-in#\S+/.exec(output)?.[0];
    },
    { what: 'berth serve prints its link' },
  );
  return {
    origin: new URL(link).origin,
    link,
    output: () => output,
    end: (signal = 'SIGTERM') => {
      child.kill(signal);
      return exited;
    },
  };
}
