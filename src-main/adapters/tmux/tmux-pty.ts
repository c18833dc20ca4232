/**
 * The way to one session: its output from a reader of its record, on a stream of its own, and its input over the host's
 * one control client. Guarantees: bytes are handed on once, in order, and `place` says up to where; the end of the program
 * is told after its last byte; what is typed counts as unconfirmed until tmux has taken it.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { TerminalSize } from '#contract/terminals.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { HostProcess } from '../../control-plane/interfaces/host-connection.ts';
import type { MultiplexedPty, SessionPlace } from '../../control-plane/interfaces/multiplexer.ts';

/** Unconfirmed input, in bytes, past which more has to wait. */
const fullAboveBytes = 65_536;
const drainBelowBytes = 16_384;
/** Bytes in one command: each costs three characters. */
const keysPerCommand = 1_000;
/** Between two looks at whether the record of an ended program still grows. */
const settleMs = 60;
const maxReasonBytes = 4_096;

type End = { exitCode: number | null; error?: unknown };

export interface TmuxPtyDeps {
  readonly clock: Clock;
  readonly paneId: string;
  /** Resolves when tmux has run it. */
  readonly request: (...commands: readonly string[]) => Promise<unknown>;
  readonly resize: (size: TerminalSize) => void;
  /** Ends the session and what runs in it. */
  readonly end: () => Promise<void>;
  /** Exit code of a program that has ended; the session is taken away then. */
  readonly bury: () => Promise<number | null>;
  readonly onReleased: () => void;
}

export class TmuxPty implements MultiplexedPty {
  readonly #deps: TmuxPtyDeps;
  readonly #reader: HostProcess;
  readonly #generation: number;
  /** Up to where output came from the reader. */
  #offset: number;
  #onData: ((bytes: Uint8Array) => void) | undefined;
  #onEnd: ((end: End) => void) | undefined;
  #onDrain: () => void = () => {};
  #early: Uint8Array[] = [];
  #isPaused = false;
  #unconfirmed = 0;
  #isFull = false;
  #end: End | undefined;
  #isReleased = false;
  #isDying = false;
  #killed: Promise<void> | undefined;

  constructor(deps: TmuxPtyDeps, reader: HostProcess, place: SessionPlace) {
    this.#deps = deps;
    this.#reader = reader;
    this.#generation = place.generation;
    this.#offset = place.offset;
    this.#pings = new Pings(reader, deps.clock);
    reader.onEnd(({ error }) => {
      this.#pings.failAll();
      if (this.#isDying && error === undefined) return;
      this.cut(error ?? new BerthError('connection-lost', 'The stream of this terminal broke off.'));
    });
  }
  readonly #pings: Pings;

  get place(): SessionPlace {
    const heldBytes = this.#early.reduce((sum, { length }) => sum + length, 0);
    return { generation: this.#generation, offset: this.#offset - heldBytes };
  }
  get unconfirmedBytes(): number {
    return this.#unconfirmed;
  }
  get isPaused(): boolean {
    return this.#isPaused;
  }
  get isOver(): boolean {
    return this.#end !== undefined || this.#isReleased;
  }

  /** Output of the session, behind the reader's header. */
  take(bytes: Uint8Array): void {
    this.#offset += bytes.length;
    if (this.#onData === undefined || (this.#isPaused && this.#early.length > 0)) this.#early.push(bytes);
    else this.#onData(bytes);
  }

  /**
   * Takes the zero byte away by which a program says that it has started.
   * @throws terminal.open-failed with what the program wrote instead; timed-out, cancelled
   */
  ready(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      let said = Buffer.alloc(0);
      const settle = (done: () => void) => {
        stopTimer();
        signal?.removeEventListener('abort', onAbort);
        this.#onData = undefined;
        this.#onEnd = undefined;
        done();
      };
      const fail = (error: BerthError) => settle(() => reject(error));
      const onAbort = () => fail(new BerthError('cancelled', 'Opening the terminal was cancelled.'));
      const stopTimer = this.#deps.clock.after(timeoutMs, () =>
        fail(new BerthError('timed-out', `No shell answered within ${timeoutMs / 1000} s.`)),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      this.onEnd(({ error }) =>
        fail(
          BerthError.is(error)
            ? error
            : new BerthError(
                'terminal.open-failed',
                `No shell could be started. ${printable(said) || 'It ended at once.'}`,
              ),
        ),
      );
      this.onData((bytes) => {
        if (said.length === 0 && bytes[0] === 0)
          settle(() => {
            if (bytes.length > 1) this.#early.unshift(bytes.subarray(1));
            resolve();
          });
        else said = Buffer.concat([said, bytes]).subarray(0, maxReasonBytes);
      });
      if (signal?.aborted) onAbort();
    });
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#onData = listener;
    this.#flushEarly();
  }
  onEnd(listener: (end: End) => void): void {
    this.#onEnd = listener;
    if (this.#end) listener(this.#end);
  }
  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  write(bytes: Uint8Array): boolean {
    if (this.isOver) return true;
    for (let index = 0; index < bytes.length; index += keysPerCommand) {
      const piece = bytes.subarray(index, index + keysPerCommand);
      let keys = '';
      for (const byte of piece) keys += byte < 16 ? ` 0${byte.toString(16)}` : ` ${byte.toString(16)}`;
      this.#unconfirmed += piece.length;
      const { paneId } = this.#deps;
      // A mode that another login of the session left on would take the keys; one that asks for words in a prompt (jump to
      // a letter, search) would even hold up every command behind them.
      this.#deps.request(`copy-mode -q -t ${paneId}`, `send-keys -t ${paneId} -H${keys}`).then(
        () => {
          this.#unconfirmed -= piece.length;
          if (!this.#isFull || this.#unconfirmed > drainBelowBytes) return;
          this.#isFull = false;
          this.#onDrain();
        },
        // The way is cut, or the session is gone: both are told by the end.
        () => undefined,
      );
    }
    // Until it has drained: whoever was told to wait is told then.
    this.#isFull ||= this.#unconfirmed > fullAboveBytes;
    return !this.#isFull;
  }

  pause(): void {
    this.#isPaused = true;
    this.#reader.pause();
  }
  resume(): void {
    this.#isPaused = false;
    this.#flushEarly();
    if (!this.#isPaused) this.#reader.resume();
  }
  resize(size: TerminalSize): void {
    if (!this.isOver) this.#deps.resize(size);
  }

  async measure(timeoutMs: number): Promise<{ streamMs: number; behindBytes: number }> {
    const startedAtMs = this.#deps.clock.monotonicMs();
    const size = await this.#pings.ask(timeoutMs);
    return {
      streamMs: this.#deps.clock.monotonicMs() - startedAtMs,
      behindBytes: Math.max(0, size - this.place.offset),
    };
  }

  /** The stream does not answer, or the control client is gone. The session may run on. */
  cut(error: unknown): void {
    if (this.isOver) return;
    this.#end = { exitCode: null, error };
    this.#reader.release();
    this.#deps.onReleased();
    this.#onEnd?.(this.#end);
  }

  release(): void {
    if (this.isOver) return;
    this.#isReleased = true;
    this.#reader.release();
    this.#deps.onReleased();
  }

  kill(): Promise<void> {
    this.#killed ??= this.#kill();
    return this.#killed;
  }

  /** The program has ended: the rest of its output first, then its exit code. */
  async died(): Promise<void> {
    if (this.#isDying || this.isOver) return;
    this.#isDying = true;
    try {
      await this.#readRest();
      const exitCode = await this.#deps.bury();
      this.#finish({ exitCode });
    } catch (error) {
      this.cut(error);
    }
  }

  /** Somebody ended the session itself: there is no exit code, and perhaps no last words. */
  gone(): void {
    if (!this.#isDying) this.#finish({ exitCode: null });
  }

  async #kill(): Promise<void> {
    if (this.isOver) return;
    this.#isDying = true;
    this.#isPaused = false;
    this.#onData = () => {};
    this.#reader.resume();
    try {
      await this.#deps.end();
    } finally {
      this.#finish({ exitCode: null });
    }
  }

  /** Until the record has not grown for a moment and every byte of it has been handed on. */
  async #readRest(): Promise<void> {
    let settledSize = -1;
    for (;;) {
      // No time-out while a reader is paused: the answer comes behind what waits.
      const size = await this.#pings.ask(this.#isPaused ? undefined : 15_000).catch((error: unknown) => {
        if (this.#isPaused && !this.isOver) return -1;
        throw error;
      });
      if (this.isOver) return;
      const hasAll = size === this.#offset && this.#early.length === 0;
      if (hasAll && size === settledSize) return;
      settledSize = hasAll ? size : -1;
      await new Promise<void>((resolve) => this.#deps.clock.after(settleMs, resolve));
    }
  }

  #finish(end: End): void {
    if (this.isOver) return;
    this.#end = end;
    this.#pings.failAll();
    this.#reader.release();
    this.#deps.onReleased();
    this.#onEnd?.(end);
  }

  #flushEarly(): void {
    while (this.#early.length > 0 && !this.#isPaused && this.#onData !== undefined)
      this.#onData(this.#early.shift() as Uint8Array);
  }
}

/** What a program said, on one line and without control characters. */
function printable(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  return text
    .replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, '')
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim()
    .slice(0, 400);
}

/** Words sent into the reader, which come back with the size of the record behind them. */
class Pings {
  readonly #reader: HostProcess;
  readonly #clock: Clock;
  readonly #waiting = new Map<
    string,
    { resolve: (size: number) => void; reject: (error: unknown) => void }
  >();
  #count = 0;
  #line = '';

  constructor(reader: HostProcess, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
    reader.onErrorOutput((bytes) => this.#push(Buffer.from(bytes).toString('latin1')));
  }

  ask(timeoutMs: number | undefined): Promise<number> {
    this.#count += 1;
    const token = `p${this.#count}`;
    return new Promise((resolve, reject) => {
      const stopTimer =
        timeoutMs === undefined
          ? () => {}
          : this.#clock.after(timeoutMs, () => {
              this.#waiting.delete(token);
              reject(new BerthError('timed-out', 'The stream of this terminal does not answer.'));
            });
      const settle = (run: () => void) => {
        stopTimer();
        run();
      };
      this.#waiting.set(token, {
        resolve: (size) => settle(() => resolve(size)),
        reject: (error) => settle(() => reject(error as Error)),
      });
      this.#reader.write(Buffer.from(`${token}\n`));
    });
  }

  failAll(): void {
    const error = new BerthError('connection-lost', 'The stream of this terminal broke off.');
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #push(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = (lines.pop() ?? '').slice(-256);
    for (const line of lines) {
      const [token = '', size = ''] = line.split(' ');
      const one = this.#waiting.get(token);
      if (!one || !/^\d+$/.test(size)) continue;
      this.#waiting.delete(token);
      one.resolve(Number(size));
    }
  }
}
