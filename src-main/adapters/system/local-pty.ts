/**
 * A terminal on this computer, through node-pty. Guarantees as interfaces/host-connection.ts says: a paused terminal stops
 * the program that writes to it, all bytes come before the end, `kill` ends the process group and resolves when it is gone.
 */
import { readFile } from 'node:fs/promises';
import { type IPty, spawn } from '@lydell/node-pty';
import { BerthError } from '#contract/berth-error.ts';
import type { Pty, PtyOptions } from '../../control-plane/interfaces/host-connection.ts';

/** Between SIGHUP and SIGKILL: time for an editor to save its recovery file. */
const GRACE_MS = 2_000;
const POLL_MS = 20;
/** Unread input of the program past which the writer should wait. node-pty queues without a bound of its own. */
const WRITE_BOUND_BYTES = 256 * 1024;

/** @throws terminal.open-failed */
export function openLocalPty(options: PtyOptions, env: Readonly<Record<string, string | undefined>>): Pty {
  const shell = env.SHELL || (process.platform === 'win32' ? 'powershell.exe' : '/bin/sh');
  const [program, ...args] = options.argv?.length ? (options.argv as [string, ...string[]]) : [shell, '-l'];
  try {
    const child = spawn(program, args, {
      name: options.term,
      cols: options.cols,
      rows: options.rows,
      cwd: env.HOME ?? process.cwd(),
      env: { ...env, TERM: options.term, ...options.env },
      // Bytes as they are: a character that is cut between two reads is the terminal's affair.
      encoding: null,
    });
    return new LocalPty(child);
  } catch (error) {
    throw new BerthError('terminal.open-failed', `${program} could not be started in a terminal.`, {
      cause: error,
    });
  }
}

class LocalPty implements Pty {
  readonly #child: IPty;
  #dataListener: ((bytes: Uint8Array) => void) | undefined;
  #endListener: ((end: { exitCode: number | null }) => void) | undefined;
  #end: { exitCode: number | null } | undefined;
  #isPaused = false;
  readonly #drainListeners: (() => void)[] = [];
  #writtenBytes = 0;

  constructor(child: IPty) {
    this.#child = child;
    // Nobody listens yet.
    child.pause();
    child.onData((data: string | Uint8Array) => {
      this.#dataListener?.(typeof data === 'string' ? Buffer.from(data) : data);
    });
    child.onExit(({ exitCode, signal }) => {
      this.#end = { exitCode: signal ? null : exitCode };
      this.#tellEnd();
    });
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#dataListener = listener;
    if (!this.#isPaused) this.#child.resume();
  }

  onEnd(listener: (end: { exitCode: number | null }) => void): void {
    this.#endListener = listener;
    this.#tellEnd();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#end !== undefined) return true;
    // node-pty takes bytes and gives no word of when they were read; a turn of the loop is its own pace of writing.
    this.#child.write(Buffer.from(bytes) as unknown as string);
    this.#writtenBytes += bytes.length;
    if (this.#writtenBytes < WRITE_BOUND_BYTES) return true;
    setImmediate(() => {
      this.#writtenBytes = 0;
      for (const listener of this.#drainListeners) listener();
    });
    return false;
  }

  onDrain(listener: () => void): void {
    this.#drainListeners.push(listener);
  }

  pause(): void {
    this.#isPaused = true;
    this.#child.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#dataListener !== undefined) this.#child.resume();
  }

  resize(size: { cols: number; rows: number }): void {
    if (this.#end === undefined) this.#child.resize(size.cols, size.rows);
  }

  async kill(): Promise<void> {
    if (this.#end !== undefined) return;
    this.#isPaused = false;
    this.#child.resume();
    const groups = await this.#groups();
    for (const signal of ['SIGHUP', 'SIGTERM', 'SIGCONT'] as const)
      for (const group of groups) send(group, signal);
    const isGone = () => this.#end !== undefined && groups.every((group) => !send(group, 0));
    if (await waitFor(isGone, GRACE_MS)) return;
    for (const group of groups) send(group, 'SIGKILL');
    await waitFor(isGone, GRACE_MS);
  }

  /** The group that our program leads and the one in the foreground (proc(5), tpgid). */
  async #groups(): Promise<number[]> {
    const { pid } = this.#child;
    const status = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
    const foreground = Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[5]);
    return foreground > 1 && foreground !== pid ? [pid, foreground] : [pid];
  }

  #tellEnd(): void {
    if (this.#end === undefined || this.#endListener === undefined) return;
    const listener = this.#endListener;
    this.#endListener = () => undefined;
    listener(this.#end);
  }
}

function send(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(process.platform === 'win32' ? group : -group, signal);
    return true;
  } catch {
    return false;
  }
}

function waitFor(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  return new Promise((resolve) => {
    const look = () => {
      if (condition()) resolve(true);
      else if (performance.now() >= deadlineMs) resolve(false);
      else setTimeout(look, POLL_MS);
    };
    look();
  });
}
