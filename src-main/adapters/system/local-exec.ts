/**
 * Runs one program of this computer and gathers its output, within bounds of time and size. No shell reads the arguments.
 * Guarantees: when the time is up or the caller gives up, the whole process group is ended.
 */
import { spawn } from 'node:child_process';
import { BerthError } from '#contract/berth-error.ts';
import type { ExecOptions, ExecResult } from '../../control-plane/interfaces/host-connection.ts';

const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_MAX_OUTPUT_BYTES = 1024 * 1024;
/** Shells say this when a program does not exist (POSIX XCU 2.8.2); a remote host answers the same. */
const NOT_FOUND = 127;

/** @throws timed-out, cancelled */
export function localExec(
  argv: readonly [string, ...string[]],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const {
    timeoutMs = DEFAULT_TIMEOUT_MS,
    maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES,
    signal,
    input,
  } = options;
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled());
    // Its own group, so that what it starts ends with it.
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    });
    const outputs = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    let isTruncated = false;
    let failure: BerthError | undefined;
    const giveUp = (error: BerthError) => {
      failure ??= error;
      killGroup(child.pid);
    };
    const timer = setTimeout(
      () =>
        giveUp(
          new BerthError(
            'timed-out',
            `${program} did not finish within ${Math.round(timeoutMs / 1000)} seconds.`,
            {
              details: { timeoutMs },
            },
          ),
        ),
      timeoutMs,
    );
    const onAbort = () => giveUp(cancelled());
    signal?.addEventListener('abort', onAbort, { once: true });
    const settle = (done: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      done();
    };
    for (const name of ['stdout', 'stderr'] as const) {
      let sizeBytes = 0;
      child[name].on('data', (chunk: Buffer) => {
        const kept = chunk.subarray(0, maxOutputBytes - sizeBytes);
        if (kept.length < chunk.length) isTruncated = true;
        sizeBytes += kept.length;
        outputs[name].push(kept);
      });
    }
    child.on('error', (error: NodeJS.ErrnoException) =>
      settle(() => {
        if (error.code !== 'ENOENT' && error.code !== 'EACCES') return reject(error);
        resolve({
          stdout: '',
          stderr: `${program}: ${error.code}\n`,
          exitCode: NOT_FOUND,
          isTruncated: false,
        });
      }),
    );
    child.on('close', (exitCode) =>
      settle(() => {
        if (failure) return reject(failure);
        const text = (name: 'stdout' | 'stderr') => Buffer.concat(outputs[name]).toString('utf8');
        resolve({ stdout: text('stdout'), stderr: text('stderr'), exitCode, isTruncated });
      }),
    );
    // A program may end without reading its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

function cancelled(): BerthError {
  return new BerthError('cancelled', 'The command was cancelled.');
}
