/**
 * Reads what a helper that goes on without us has written, from its beginning, and waits for its end. Guarantees that each
 * line is given once and whole, however the engine cuts its log and however often it is asked anew.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import { engineTransportError } from './docker-error.ts';
import { cancelledError, type EngineClient, pathPart } from './engine-client.ts';
import { FrameSplitter } from './multiplexed-stream.ts';

/** One line of progress is a few hundred bytes; one without an end is a program gone mad. */
const MAX_LINE_BYTES = 1024 * 1024;
const MAX_ERROR_BYTES = 4096;
/** Between a log that ended under a running helper and the next try. */
const REOPEN_PAUSE_MS = 500;

export interface HelperLogDeps {
  readonly client: EngineClient;
  readonly clock: Clock;
  /** Throws when the engine does not answer. */
  readonly isRunning: () => Promise<boolean>;
}

/** Resolves at its end with the last of its standard error. Throws connection-lost, engine.*, cancelled. */
export async function followHelperLog(
  deps: HelperLogDeps,
  id: string,
  { onLine, signal }: { onLine: (line: string) => void; signal: AbortSignal },
): Promise<string> {
  let given = 0;
  const read = async (follow: 0 | 1): Promise<string> => {
    let seen = 0;
    const lines = new LineAssembler((line) => {
      if (++seen <= given) return;
      given = seen;
      onLine(line);
    });
    let errorTail = Buffer.alloc(0);
    const splitter = new FrameSplitter((name, bytes) => {
      if (name === 'stdout') lines.push(bytes);
      else
        errorTail = Buffer.concat([errorTail, bytes.subarray(-MAX_ERROR_BYTES)]).subarray(-MAX_ERROR_BYTES);
    });
    const answer = await deps.client.stream({
      method: 'GET',
      path: `/containers/${pathPart(id)}/logs`,
      query: { follow, stdout: 1, stderr: 1 },
      subject: 'container',
      signal,
    });
    for await (const chunk of answer as AsyncIterable<Buffer>) splitter.push(chunk);
    if (follow === 0) lines.end();
    return textOfTail(errorTail);
  };
  try {
    while (await deps.isRunning()) {
      try {
        await read(1);
      } catch (error) {
        // The engine may be back already, and with it the helper; if not, asking for it says so.
        if (signal.aborted || !BerthError.is(engineTransportError(error), 'connection-lost')) throw error;
      }
      if (!(await deps.isRunning())) break;
      await pause(deps.clock, signal);
    }
    // Once more and whole: a log that is followed may end before the last lines are in it.
    return await read(0);
  } catch (error) {
    if (signal.aborted) throw cancelledError(signal.reason);
    throw engineTransportError(error);
  }
}

function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = () => {
      stop();
      reject(cancelledError(signal.reason));
    };
    const stop = clock.after(REOPEN_PAUSE_MS, () => {
      signal.removeEventListener('abort', cancel);
      resolve();
    });
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
  });
}

/** Lines of bytes, so that a character that was cut is whole again. */
export class LineAssembler {
  readonly #onLine: (line: string) => void;
  #parts: Buffer[] = [];
  #size = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      this.#keep(bytes.subarray(start, end));
      start = end + 1;
      this.#give();
    }
    if (start < bytes.length) this.#keep(bytes.subarray(start));
  }

  /** What is left without a line end is a line. */
  end(): void {
    if (this.#size > 0) this.#give();
  }

  #keep(bytes: Buffer): void {
    this.#size += bytes.length;
    if (this.#size > MAX_LINE_BYTES)
      throw new BerthError('engine.failed', 'A helper on the host wrote a line that does not end.');
    this.#parts.push(bytes);
  }

  #give(): void {
    const line = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#size = 0;
    this.#onLine(line);
  }
}

/** Without the rest of a character whose beginning was cut off. */
function textOfTail(tail: Buffer): string {
  let start = 0;
  if (tail.length === MAX_ERROR_BYTES) while (start < 4 && ((tail[start] ?? 0) & 0xc0) === 0x80) start++;
  return tail.subarray(start).toString('utf8');
}
