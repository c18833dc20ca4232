/**
 * A program of this computer that runs for long, with its streams. Same promises as one over SSH: nothing is read ahead,
 * every byte is delivered before the end is told, and letting go of it closes its input.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { HostProcess } from '../../control-plane/interfaces/host-connection.ts';

export function startLocalProcess([program, ...args]: readonly [string, ...string[]]): LocalProcess {
  return new LocalProcess(spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true }));
}

type End = { exitCode: number | null; error?: unknown };

export class LocalProcess implements HostProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #endListeners: ((end: End) => void)[] = [];
  #end: End | undefined;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);
    child.once('error', (error) => this.#finish({ exitCode: null, error }));
    child.once('close', (exitCode) => this.#finish({ exitCode }));
  }

  onOutput(listener: (bytes: Uint8Array) => void): void {
    this.#child.stdout.on('data', listener);
  }
  onErrorOutput(listener: (bytes: Uint8Array) => void): void {
    this.#child.stderr.on('data', listener);
  }
  onEnd(listener: (end: End) => void): void {
    this.whenEnded(listener);
  }
  whenEnded(listener: (end: End) => void): void {
    if (this.#end) listener(this.#end);
    else this.#endListeners.push(listener);
  }
  write(bytes: Uint8Array): boolean {
    return this.#end || !this.#child.stdin.writable ? true : this.#child.stdin.write(bytes);
  }
  onDrain(listener: () => void): void {
    this.#child.stdin.on('drain', listener);
  }
  endInput(): void {
    this.#child.stdin.end();
  }
  pause(): void {
    this.#child.stdout.pause();
  }
  resume(): void {
    this.#child.stdout.resume();
  }
  release(): void {
    this.#child.stdout.removeAllListeners('data');
    this.#child.stdin.end();
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }

  #finish(end: End): void {
    if (this.#end) return;
    this.#end = end;
    for (const listener of this.#endListeners.splice(0)) listener(end);
  }
}
