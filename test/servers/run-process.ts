/**
 * Runs one program to its end. Arguments are an array: no shell ever reads them.
 * Owns nothing that outlives the call. Must not be used for programs that stay (servers have their own files).
 */
import { spawn } from 'node:child_process';
import { endWithThisProcess } from './stop-process.ts';

export interface ProcessResult {
  readonly stdout: string;
  readonly stderr: string;
  /** 128 + signal number when a signal ended it, as a shell would say. */
  readonly exitCode: number;
}

export interface ProcessOptions {
  /** Written to stdin, which is then closed. */
  readonly input?: string | Buffer;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Past this the program is killed and the promise rejects. Default 120 s. */
  readonly timeoutMs?: number;
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** Resolves whatever the exit code; rejects when the program cannot be started or takes too long. */
export function runProcess(argv: readonly string[], options: ProcessOptions = {}): Promise<ProcessResult> {
  const { input, env, cwd, timeoutMs = 120_000 } = options;
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: env ?? process.env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    endWithThisProcess(child);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${argv.join(' ')}: no end after ${timeoutMs} ms`));
    }, timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const exitCode = code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0);
      resolve({
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
        exitCode,
      });
    });
    // A program that ends without reading its input closes the pipe: its exit code tells more than EPIPE.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** As runProcess, but an exit code other than 0 rejects with the program's own words. Resolves with stdout. */
export async function runChecked(argv: readonly string[], options: ProcessOptions = {}): Promise<string> {
  const { stdout, stderr, exitCode } = await runProcess(argv, options);
  if (exitCode !== 0)
    throw new Error(`${argv.join(' ')}: exit code ${exitCode}\n${stderr.trim() || stdout.trim()}`);
  return stdout;
}
