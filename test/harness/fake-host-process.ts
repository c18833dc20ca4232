/** A program of a host that is the test: says what the test says, records what it is sent. Honours pause as a stream does. */
import type { HostProcess } from '#main/control-plane/interfaces/host-connection.ts';

type End = { exitCode: number | null; error?: unknown };

export class FakeHostProcess implements HostProcess {
  readonly written: string[] = [];
  isPaused = false;
  isReleased = false;
  isInputEnded = false;
  /** Called with each thing that is written to it. */
  answer: (text: string) => void = () => {};
  readonly #held: (() => void)[] = [];
  readonly #onEnd: ((end: End) => void)[] = [];
  #onOutput: (bytes: Uint8Array) => void = () => {};
  #onErrorOutput: (bytes: Uint8Array) => void = () => {};
  #end: End | undefined;

  say(output: string | Uint8Array): void {
    const bytes = typeof output === 'string' ? Buffer.from(output) : output;
    this.#deliver(() => this.#onOutput(bytes));
  }
  /** Shares the window of the output, so it is held back with it. */
  sayError(text: string): void {
    this.#deliver(() => this.#onErrorOutput(Buffer.from(text)));
  }
  end(end: End): void {
    this.#end = end;
    for (const listener of [...this.#onEnd]) listener(end);
  }

  onOutput(listener: (bytes: Uint8Array) => void): void {
    this.#onOutput = listener;
  }
  onErrorOutput(listener: (bytes: Uint8Array) => void): void {
    this.#onErrorOutput = listener;
  }
  onEnd(listener: (end: End) => void): void {
    if (this.#end) listener(this.#end);
    else this.#onEnd.push(listener);
  }
  write(bytes: Uint8Array): boolean {
    if (this.isInputEnded) return true;
    const text = Buffer.from(bytes).toString();
    this.written.push(text);
    this.answer(text);
    return true;
  }
  onDrain(): void {}
  endInput(): void {
    this.isInputEnded = true;
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
    while (!this.isPaused && this.#held.length > 0) this.#held.shift()?.();
  }
  release(): void {
    this.isReleased = true;
  }

  #deliver(run: () => void): void {
    if (this.isReleased) return;
    if (this.isPaused) this.#held.push(run);
    else run();
  }
}
