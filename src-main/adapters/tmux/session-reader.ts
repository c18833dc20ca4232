/**
 * The stream that carries one session's output: terminal-reader.sh on the host, and the header that it begins with.
 * Guarantees: nothing of the output is lost between its start and whoever listens.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { HostConnection, HostProcess } from '../../control-plane/interfaces/host-connection.ts';

const openTimeoutMs = 20_000;
/** The exit status of terminal-reader.sh for a place that is not kept any more. */
const placeLostCode = 75;
const maxHeaderBytes = 1_024;
/** A greeting of the login's own (a talkative rc file) may come before, also on the same line. */
const headerLine = /berth-reader((?: \d+)*)\r?$/;

export interface OpenReader {
  readonly reader: HostProcess;
  /** What it was given to hand out first, in that order. */
  readonly parts: readonly Uint8Array[];
  onBytes(listener: (bytes: Uint8Array) => void): void;
}

/** The byte that a reader was to go on from is not kept any more. */
export class PlaceLost extends Error {}

export interface ReaderWish {
  readonly log: string;
  readonly from: number;
  /** The log before this one, then captures; all are removed once they were handed out. */
  readonly files: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/**
 * Resolves once the reader has found its place and told what it was given to tell.
 * @throws PlaceLost, terminal.open-failed, timed-out, connection-lost, host.sessions-exhausted
 */
export async function openReader(
  connection: HostConnection,
  clock: Clock,
  { log, from, files, signal }: ReaderWish,
): Promise<OpenReader> {
  const reader = await connection.startScript('terminal-reader', [log, String(from), ...files], signal);
  return await new Promise<OpenReader>((resolve, reject) => {
    const stopTimer = clock.after(openTimeoutMs, () =>
      fail(new BerthError('timed-out', 'The host does not hand out the output of this terminal.')),
    );
    const fail = (error: unknown) => {
      stopTimer();
      reader.release();
      reject(error as Error);
    };
    let onBytes: ((bytes: Uint8Array) => void) | undefined;
    const early: Uint8Array[] = [];
    const header = new ReaderHeader(
      (parts) => {
        stopTimer();
        resolve({
          reader,
          parts,
          onBytes(listener) {
            onBytes = listener;
            for (const bytes of early.splice(0)) listener(bytes);
          },
        });
      },
      (bytes) => {
        if (onBytes) onBytes(bytes);
        else early.push(bytes);
      },
    );
    reader.onOutput((bytes) => header.push(bytes));
    reader.onEnd(({ exitCode, error }) =>
      fail(
        error ??
          (exitCode === placeLostCode
            ? new PlaceLost()
            : new BerthError('terminal.open-failed', 'The output of this terminal cannot be read.')),
      ),
    );
  });
}

/**
 * Reads `berth-reader SIZE...` and the parts of those sizes off the beginning of a reader's output; everything behind them
 * goes to `rest`.
 */
export class ReaderHeader {
  readonly #done: (parts: Uint8Array[]) => void;
  readonly #rest: (bytes: Uint8Array) => void;
  #held: Buffer = Buffer.alloc(0);
  #chunks: Uint8Array[] = [];
  #missing = 0;
  #sizes: number[] | undefined;
  #isDone = false;

  constructor(done: (parts: Uint8Array[]) => void, rest: (bytes: Uint8Array) => void) {
    this.#done = done;
    this.#rest = rest;
  }

  push(bytes: Uint8Array): void {
    if (this.#isDone) {
      this.#rest(bytes);
      return;
    }
    let left = bytes;
    if (this.#sizes === undefined) {
      this.#held = Buffer.concat([this.#held, bytes]);
      const end = this.#held.indexOf(0x0a);
      if (end < 0) {
        if (this.#held.length > maxHeaderBytes) this.#held = Buffer.alloc(0);
        return;
      }
      const line = headerLine.exec(this.#held.toString('latin1', 0, end));
      if (line === null) {
        const rest = this.#held.subarray(end + 1);
        this.#held = Buffer.alloc(0);
        if (rest.length > 0) this.push(rest);
        return;
      }
      this.#sizes = line[1] === '' ? [] : (line[1] as string).trim().split(' ').map(Number);
      this.#missing = this.#sizes.reduce((sum, size) => sum + size, 0);
      left = this.#held.subarray(end + 1);
    }
    const own = left.subarray(0, this.#missing);
    if (own.length > 0) this.#chunks.push(Uint8Array.from(own));
    this.#missing -= own.length;
    if (this.#missing > 0) return;
    this.#isDone = true;
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [];
    let start = 0;
    const parts = this.#sizes.map((size) => {
      start += size;
      return all.subarray(start - size, start);
    });
    this.#done(parts);
    if (own.length < left.length) this.#rest(left.subarray(own.length));
  }
}
