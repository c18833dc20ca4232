/**
 * The output of a helper: lines of JSON, or one such line and then raw bytes. Reads no further than it is asked: what
 * arrives meanwhile is bounded, and the helper waits.
 */
import { BerthError } from '#contract/berth-error.ts';
import { type ErrorCode, errorCodes } from '#contract/error-codes.ts';
import type { HostProcess } from '../interfaces/host-connection.ts';

/** Bytes that may wait here before the helper is held up. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** A line is one event; the longest are manifests with long notes. */
const MAX_LINE_BYTES = 1024 * 1024;
const MAX_ERROR_TEXT = 4096;

export interface HelperEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Undefined: the line is none of ours (a warning of the interpreter, say). */
export function parseEvent(line: string): HelperEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && typeof (value as HelperEvent).event === 'string'
      ? (value as HelperEvent)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The error that a `failed` event tells. Its words are ours; its code is looked up, never trusted. */
export function failureOf(event: HelperEvent): BerthError {
  // Nobody here cancelled it, or nobody here would read this: its engine was stopped, and it may be tried again.
  if (event.code === 'cancelled')
    return new BerthError('connection-lost', 'The helper on the host was stopped before its end.');
  const code =
    typeof event.code === 'string' && Object.hasOwn(errorCodes, event.code) ? event.code : 'internal';
  const message = typeof event.message === 'string' ? event.message.slice(0, 2_000) : 'The work failed.';
  const details = typeof event.details === 'object' && event.details !== null ? event.details : {};
  return new BerthError(code as ErrorCode, message, { details: details as Record<string, never> });
}

/** A helper that ended without saying how. */
export function endedEarly(exitCode: number | null, errorText: string): BerthError {
  return new BerthError(
    'internal',
    `The helper on the host ended in the middle${exitCode === null ? '' : ` (exit code ${exitCode})`}. ${errorText.trim().slice(-500)}`.trim(),
    { details: { exitCode } },
  );
}

export class HelperOutput {
  readonly process: HostProcess;
  /** Resolves with the end; never rejects. */
  readonly ended: Promise<{ exitCode: number | null; error?: unknown }>;
  readonly #chunks: Buffer[] = [];
  #waitingBytes = 0;
  #isPaused = false;
  #hasEnded = false;
  #wake: () => void = () => {};
  #errorText = '';

  constructor(process: HostProcess) {
    this.process = process;
    process.onOutput((bytes) => {
      // A copy: the carrier may use its buffer again.
      this.#chunks.push(Buffer.from(bytes));
      this.#waitingBytes += bytes.length;
      if (this.#waitingBytes > HIGH_WATER_BYTES && !this.#isPaused) {
        this.#isPaused = true;
        process.pause();
      }
      this.#wake();
    });
    process.onErrorOutput((bytes) => {
      this.#errorText = (this.#errorText + Buffer.from(bytes).toString('utf8')).slice(-MAX_ERROR_TEXT);
    });
    this.ended = new Promise((resolve) => {
      process.onEnd((end) => {
        this.#hasEnded = true;
        this.#wake();
        resolve(end);
      });
    });
  }

  get errorText(): string {
    return this.#errorText;
  }

  /** The next bytes, however many; undefined at the end. */
  async #next(): Promise<Buffer | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#waitingBytes -= chunk.length;
        if (this.#isPaused && this.#waitingBytes < HIGH_WATER_BYTES / 2) {
          this.#isPaused = false;
          this.process.resume();
        }
        return chunk;
      }
      if (this.#hasEnded) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #putBack(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.unshift(chunk);
    this.#waitingBytes += chunk.length;
  }

  /** Without its line feed; undefined at the end. */
  async line(): Promise<string | undefined> {
    const parts: Buffer[] = [];
    let size = 0;
    for (;;) {
      const chunk = await this.#next();
      if (chunk === undefined) return size === 0 ? undefined : Buffer.concat(parts).toString('utf8');
      const end = chunk.indexOf(10);
      if (end >= 0) {
        this.#putBack(chunk.subarray(end + 1));
        return Buffer.concat([...parts, chunk.subarray(0, end)]).toString('utf8');
      }
      parts.push(chunk);
      size += chunk.length;
      if (size > MAX_LINE_BYTES) throw new BerthError('internal', 'The helper sent a line without an end.');
    }
  }

  /** The next event. Throws what a `failed` one tells, or how the helper ended. */
  async event(): Promise<HelperEvent> {
    for (;;) {
      const line = await this.line();
      if (line === undefined) throw await this.#endError();
      const event = parseEvent(line);
      if (event?.event === 'failed') throw failureOf(event);
      if (event !== undefined) return event;
    }
  }

  /** Everything up to the end. Throws if the helper did not end well. */
  async *bytes(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = await this.#next();
      if (chunk === undefined) break;
      yield chunk;
    }
    const { exitCode, error } = await this.ended;
    if (error !== undefined) throw error;
    if (exitCode !== 0) throw await this.#endError();
  }

  async #endError(): Promise<unknown> {
    const { exitCode, error } = await this.ended;
    if (error !== undefined) return error;
    // While it sends bytes, a failure can only be said on standard error, as the same line.
    for (const line of this.#errorText.split('\n').toReversed()) {
      const event = parseEvent(line);
      if (event?.event === 'failed') return failureOf(event);
    }
    return endedEarly(exitCode, this.#errorText);
  }
}
