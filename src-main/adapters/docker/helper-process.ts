/**
 * A helper whose input and output are in our hands: the engine's attach, taken over as raw bytes. Guarantees: nothing is
 * buffered here beyond the stream's own window and what of one read was left when the reader paused; every byte is
 * delivered before the end is told; the end is told once.
 */
import type { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { HostProcess } from '../../control-plane/interfaces/host-connection.ts';
import { FrameSplitter, type OutputStream } from './multiplexed-stream.ts';

type End = { exitCode: number | null; error?: unknown };
type Listener = (bytes: Uint8Array) => void;

export interface HelperProcessDeps {
  readonly stream: Duplex;
  /** Settles when the container has ended; rejects when the way to the engine did. */
  readonly exitCode: Promise<number | null>;
  /** Removes the container whatever it does. Never rejects. */
  readonly remove: () => void;
  readonly clock: Clock;
}

/** How long a program whose streams are gone has to end; it does at once if that is why they went. */
const CUT_PATIENCE_MS = 3_000;

export class HelperProcess implements HostProcess {
  readonly #deps: HelperProcessDeps;
  readonly #splitter = new FrameSplitter((name, bytes) => this.#take(name, bytes));
  readonly #listeners: Record<OutputStream, Listener[]> = { stdout: [], stderr: [] };
  readonly #endListeners: ((end: End) => void)[] = [];
  /** The rest of one read, kept while the reader is paused. */
  readonly #held: { name: OutputStream; bytes: Buffer }[] = [];
  #whenDelivered: (() => void) | undefined;
  #isPaused = false;
  #isReading = false;
  #isReleased = false;
  #isEnding = false;
  #hasEnded = false;
  #error: unknown;
  #end: End | undefined;

  constructor(deps: HelperProcessDeps) {
    this.#deps = deps;
    const { stream } = deps;
    deps.exitCode.catch(() => undefined);
    stream.on('error', (error) => {
      this.#error ??= error;
    });
    stream.once('end', () => {
      this.#hasEnded = true;
      this.#finish();
    });
    stream.once('close', () => this.#finish());
    if (stream.destroyed) queueMicrotask(() => this.#finish());
  }

  onOutput(listener: Listener): void {
    this.#listen('stdout', listener);
  }

  onErrorOutput(listener: Listener): void {
    this.#listen('stderr', listener);
  }

  onEnd(listener: (end: End) => void): void {
    if (this.#end) listener(this.#end);
    else this.#endListeners.push(listener);
  }

  write(bytes: Uint8Array): boolean {
    const { stream } = this.#deps;
    return stream.destroyed || stream.writableEnded ? true : stream.write(bytes);
  }

  onDrain(listener: () => void): void {
    this.#deps.stream.on('drain', listener);
  }

  endInput(): void {
    const { stream } = this.#deps;
    if (!stream.destroyed && !stream.writableEnded) stream.end();
  }

  pause(): void {
    this.#isPaused = true;
    this.#deps.stream.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#deliverHeld();
    if (!this.#isPaused && this.#isReading) this.#deps.stream.resume();
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#listeners.stdout.length = 0;
    this.#listeners.stderr.length = 0;
    this.#held.length = 0;
    this.#whenDelivered?.();
    this.endInput();
    this.#deps.stream.destroy();
    if (!this.#end) this.#deps.remove();
  }

  #listen(name: OutputStream, listener: Listener): void {
    this.#listeners[name].push(listener);
    if (this.#isReading) return;
    this.#isReading = true;
    this.#deps.stream.on('data', (chunk: Buffer) => this.#read(chunk));
    if (!this.#isPaused) this.#deps.stream.resume();
  }

  #read(chunk: Buffer): void {
    try {
      this.#splitter.push(chunk);
    } catch (error) {
      this.#error ??= error;
      this.#deps.stream.destroy();
    }
  }

  #take(name: OutputStream, bytes: Buffer): void {
    if (this.#isReleased) return;
    if (this.#isPaused || this.#held.length > 0) this.#held.push({ name, bytes });
    else for (const listener of this.#listeners[name]) listener(bytes);
  }

  #deliverHeld(): void {
    while (!this.#isPaused && this.#held.length > 0) {
      const { name, bytes } = this.#held.shift()!;
      for (const listener of this.#listeners[name]) listener(bytes);
    }
    if (this.#held.length === 0) this.#whenDelivered?.();
  }

  #finish(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    void this.#findEnd().then(async (end) => {
      if (this.#held.length > 0) await new Promise<void>((resolve) => (this.#whenDelivered = resolve));
      this.#end = end;
      this.#deps.stream.destroy();
      for (const listener of this.#endListeners.splice(0)) listener(end);
    });
  }

  async #findEnd(): Promise<End> {
    if (this.#isReleased) return { exitCode: null };
    if (!this.#hasEnded) return await this.#findCut();
    try {
      return { exitCode: await this.#deps.exitCode };
    } catch (error) {
      return this.#isReleased ? { exitCode: null } : { exitCode: null, error: this.#lost(error) };
    }
  }

  /**
   * The stream went before its last byte was read. It may be that the program ended with an error while it was written to;
   * that error is then what matters. A success of which the output is not whole is none.
   */
  async #findCut(): Promise<End> {
    let stop = () => {};
    const patience = new Promise<null>((resolve) => {
      stop = this.#deps.clock.after(CUT_PATIENCE_MS, () => resolve(null));
    });
    const exitCode = await Promise.race([this.#deps.exitCode.catch(() => null), patience]).finally(stop);
    if (this.#isReleased) return { exitCode: null };
    if (exitCode !== null && exitCode !== 0) return { exitCode };
    // Its input is closed, so it ends by itself; where the engine can be reached, at once.
    this.#deps.remove();
    return { exitCode: null, error: this.#lost() };
  }

  #lost(cause: unknown = this.#error): unknown {
    if (BerthError.is(cause)) return cause;
    return new BerthError(
      'connection-lost',
      'The connection to a helper on the host was lost.',
      cause === undefined ? {} : { cause },
    );
  }
}
