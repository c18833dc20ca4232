/** Ends a child that we started, by its handle, and waits until it is gone: SIGTERM, then SIGKILL. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const DEFAULT_GRACE_MS = 3_000;

export async function stopProcess(child: ChildProcess, graceMs = DEFAULT_GRACE_MS): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await gone;
  clearTimeout(timer);
}

const children = new Set<ChildProcess>();

/**
 * Nothing that tests start may outlive them: when this process ends, these children are killed. (Not for SIGKILL to us:
 * servers that matter then carry `setpriv --pdeathsig`, see withParent.)
 */
export function endWithThisProcess(child: ChildProcess): void {
  if (children.size === 0) process.on('exit', killChildren);
  children.add(child);
  const forget = () => {
    children.delete(child);
    if (children.size === 0) process.off('exit', killChildren);
  };
  child.once('exit', forget);
  // One that never started.
  child.once('error', forget);
}

function killChildren(): void {
  for (const child of children) child.kill('SIGKILL');
}

/** The command, so that the kernel ends it when the thread that started it is gone (prctl(2), PR_SET_PDEATHSIG). */
export function withParent(argv: readonly string[]): [string, string[]] {
  const [program = '', ...args] = argv;
  if (process.platform !== 'linux') return [program, args];
  return ['setpriv', ['--pdeathsig', 'KILL', program, ...args]];
}
