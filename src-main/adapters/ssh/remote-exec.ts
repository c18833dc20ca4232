/**
 * Runs one program on the host and gathers its output, within bounds of time and size. Guarantees: when the time is up or
 * the caller gives up, the program is ended on the host too, not just forgotten.
 */
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { ExecOptions, ExecResult } from '../../control-plane/interfaces/host-connection.ts';
import { AnnouncementFilter, announcedCommand, type RemoteProcess } from './remote-command.ts';
import type { SessionPool } from './session-pool.ts';
import { cancelled, noAnswer } from './ssh-error.ts';
import { discard } from './ssh-link.ts';

const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_MAX_OUTPUT_BYTES = 1024 * 1024;

export interface RemoteExecDeps {
  readonly pool: SessionPool;
  readonly clock: Clock;
  /** Ends a process group of the host; never rejects. */
  readonly endProcess: (process: RemoteProcess) => Promise<void>;
}

/** @throws timed-out, cancelled, connection-lost, host.sessions-exhausted */
export async function remoteExec(
  argv: readonly [string, ...string[]],
  options: ExecOptions,
  deps: RemoteExecDeps,
): Promise<ExecResult> {
  const {
    timeoutMs = DEFAULT_TIMEOUT_MS,
    maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES,
    signal,
    input,
  } = options;
  const command = announcedCommand(argv, 'stderr');
  const { channel, link } = await deps.pool.open(
    (client, callback) => client.exec(command.line, callback),
    signal,
  );
  const filter = new AnnouncementFilter(command.nonce);
  const stdout = new BoundedOutput(maxOutputBytes);
  const stderr = new BoundedOutput(maxOutputBytes);
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const settle = (done: () => void) => {
      if (isSettled) return;
      isSettled = true;
      stopTimer();
      stopListening();
      signal?.removeEventListener('abort', onAbort);
      done();
    };
    const giveUp = (error: unknown) =>
      settle(() => {
        discard(channel);
        const ended = filter.process ? deps.endProcess(filter.process) : Promise.resolve();
        void ended.then(() => reject(error));
      });
    const onAbort = () => giveUp(cancelled());
    const stopTimer = deps.clock.after(timeoutMs, () =>
      giveUp(noAnswer(link.subject.hop, `finish ${argv[0]}`, timeoutMs)),
    );
    const stopListening = link.onLost((error) => settle(() => reject(error)));
    signal?.addEventListener('abort', onAbort, { once: true });
    channel.on('error', () => undefined);
    channel.on('data', (chunk: Buffer) => stdout.push(chunk));
    channel.stderr.on('data', (chunk: Buffer) => stderr.push(filter.push(chunk)));
    channel.on('close', () => {
      // ssh2 closes the channels just before it tells that the connection is gone.
      setImmediate(() =>
        settle(() => {
          const exitCode = link.exitCodeOf(channel);
          if (exitCode === null && !link.isAlive) return reject(link.endError());
          stderr.push(filter.flush());
          resolve({
            stdout: stdout.text(),
            stderr: stderr.text(),
            exitCode,
            isTruncated: stdout.isTruncated || stderr.isTruncated,
          });
        }),
      );
    });
    // A program may end without reading its input.
    channel.end(typeof input === 'string' ? Buffer.from(input) : input);
  });
}

/** Keeps the beginning; what comes after is dropped, not buffered. */
export class BoundedOutput {
  isTruncated = false;
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #sizeBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    const room = this.#maxBytes - this.#sizeBytes;
    const kept = chunk.subarray(0, room);
    if (kept.length < chunk.length) this.isTruncated = true;
    if (kept.length === 0) return;
    // A copy: a slice would keep the whole packet alive.
    this.#chunks.push(Buffer.from(kept));
    this.#sizeBytes += kept.length;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
