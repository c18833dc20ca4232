/** `ssh -tt` with its input and output in our hands: what a terminal without any app around it does. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { BenchWorld } from './bench-world.ts';
import { within } from './measures.ts';

const answerTimeoutMs = 10_000;
/** Silence that counts as quiet, as for the window. */
const quietMs = 250;

export class RawTerminal {
  readonly #child: ChildProcessWithoutNullStreams;
  #onData: ((chunk: Buffer) => void) | undefined;

  constructor(world: BenchWorld, command: readonly string[]) {
    this.#child = world.start([...world.ssh, '-tt', 'bench', ...command]);
    this.#child.stdout.on('data', (chunk: Buffer) => this.#onData?.(chunk));
  }

  async shows(pattern: RegExp): Promise<void> {
    let text = '';
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onData = (chunk) => {
      text = (text + chunk.toString('latin1')).slice(-1_000);
      if (pattern.test(text)) resolve();
    };
    await within(answerTimeoutMs, `ssh -tt shows ${pattern}`, promise);
    this.#onData = undefined;
  }

  /** Milliseconds from a key to its echo. */
  async echoMs(key: string): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<void>();
    // Another key than the one before: a late byte of that one is no answer to this one.
    this.#onData = (chunk) => {
      if (chunk.includes(key)) resolve();
    };
    const begunAtMs = performance.now();
    this.#child.stdin.write(key);
    await within(answerTimeoutMs, 'ssh -tt echoes a key', promise);
    const elapsed = performance.now() - begunAtMs;
    this.#onData = undefined;
    return elapsed;
  }

  /** Milliseconds from Ctrl+C to the last byte of a flood. Whoever reads is as fast as the bytes come. */
  async interruptMs(): Promise<number> {
    const begunAtMs = performance.now();
    let lastAtMs = begunAtMs;
    const { promise, resolve } = Promise.withResolvers<void>();
    let timer: NodeJS.Timeout = setTimeout(resolve, quietMs);
    this.#onData = () => {
      lastAtMs = performance.now();
      clearTimeout(timer);
      timer = setTimeout(resolve, quietMs);
    };
    this.#child.stdin.write('\x03');
    await within(answerTimeoutMs, 'ssh -tt is quiet', promise);
    this.#onData = undefined;
    return lastAtMs - begunAtMs;
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}
