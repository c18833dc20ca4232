/** A PTY whose program is the test: prints what the test says, records what was typed. Honours pause as a stream does. */
import type { Pty } from '#main/control-plane/interfaces/host-connection.ts';

export class FakePty implements Pty {
  readonly written: string[] = [];
  readonly sizes: { cols: number; rows: number }[] = [];
  isPaused = false;
  isKilled = false;
  /** False: the way to the program is full until `drain`. */
  isWritable = true;
  readonly #held: Uint8Array[] = [];
  #onData: (bytes: Uint8Array) => void = () => {};
  #onEnd: (end: { exitCode: number | null; error?: unknown }) => void = () => {};
  #onDrain: () => void = () => {};

  /** The program prints. While paused it is held, as the channel's window would. */
  print(output: string | Uint8Array): void {
    const bytes = typeof output === 'string' ? Buffer.from(output) : output;
    if (this.isPaused) this.#held.push(bytes);
    else this.#onData(bytes);
  }
  end(exitCode: number | null, error?: unknown): void {
    this.#onEnd({ exitCode, error });
  }
  drain(): void {
    this.isWritable = true;
    this.#onDrain();
  }
  get heldBytes(): number {
    return this.#held.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#onData = listener;
  }
  onEnd(listener: (end: { exitCode: number | null; error?: unknown }) => void): void {
    this.#onEnd = listener;
  }
  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }
  write(bytes: Uint8Array): boolean {
    this.written.push(Buffer.from(bytes).toString());
    return this.isWritable;
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
    while (!this.isPaused) {
      const bytes = this.#held.shift();
      if (bytes === undefined) return;
      this.#onData(bytes);
    }
  }
  resize(size: { cols: number; rows: number }): void {
    this.sizes.push(size);
  }
  kill(): Promise<void> {
    this.isKilled = true;
    this.end(null);
    return Promise.resolve();
  }
}
