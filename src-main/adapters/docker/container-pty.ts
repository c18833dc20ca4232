/**
 * A shell on a terminal in a container: the engine's exec, taken over as raw bytes. Guarantees: `onEnd` once and after the
 * last byte; `pause` stops reading, so that the way fills up to the program; `kill` ends everything that the shell started,
 * in the container. Nothing is buffered here beyond the stream's own window, but for the rest of a shell that has ended.
 */
import type { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { ContainerPtySpec } from '../../control-plane/interfaces/container-engine.ts';
import type { Pty } from '../../control-plane/interfaces/host-connection.ts';
import { compareApiVersions } from './api-version.ts';
import {
  createExec,
  environmentList,
  type ExecDeps,
  exitCodeOf,
  isExecRunning,
  markOf,
  startExec,
} from './container-exec.ts';
import { printable } from './docker-error.ts';
import { cancelledError, type EngineClient, pathPart } from './engine-client.ts';

export interface PtyDeps extends ExecDeps {
  readonly apiVersion: string;
  /** `open-terminal.sh` */
  readonly openScript: string;
  /** Ends every process of this terminal; 0 when there are none or the container does not run. */
  readonly endProcesses: () => Promise<number>;
}

/** How often a paused terminal is looked at: see `#readRestOfEnded`. */
const PAUSED_CHECK_MS = 2_000;
/** What pipes, engine and sockets can hold between an ended shell and us is below one MiB. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;

type End = { exitCode: number | null; error?: unknown };

const OPEN_TIMEOUT_MS = 20_000;
/** From here on (Docker 23) the size is known before the shell starts. */
const CONSOLE_SIZE_SINCE = '1.42';
/** The first byte of `open-terminal.sh` when it found a shell. */
const READY_BYTE = 0;
/**
 * The engine holds back the first key of its detach sequence until the next one comes (Ctrl+P by default, which shells use
 * all day), and has no way to turn it off. Ctrl+^ is the control key that is missed least.
 */
export const UNLIKELY_KEYS = 'ctrl-^,ctrl-@,ctrl-^,ctrl-@';
const MAX_REASON_BYTES = 4096;
/** Between the death of the last process and the end of the stream. */
const END_TIMEOUT_MS = 3_000;

export async function openContainerPty(deps: PtyDeps, spec: ContainerPtySpec): Promise<Pty> {
  const { client } = deps;
  const size = { cols: spec.cols, rows: spec.rows };
  const hasConsoleSize = compareApiVersions(deps.apiVersion, CONSOLE_SIZE_SINCE) >= 0;
  const consoleSize = hasConsoleSize ? { ConsoleSize: [spec.rows, spec.cols] } : {};
  const env = environmentOf(spec);
  const execId = await createExec(
    client,
    spec.containerId,
    {
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: true,
      Cmd: ['/bin/sh', '-c', deps.openScript, 'berth', ...spec.shells],
      Env: environmentList(env),
      DetachKeys: UNLIKELY_KEYS,
      ...(spec.workingFolder === undefined ? {} : { WorkingDir: spec.workingFolder }),
      ...consoleSize,
    },
    spec.signal,
  );
  const stream = await startExec(client, execId, { Detach: false, Tty: true, ...consoleSize }, spec.signal);
  try {
    await shellReady(stream, deps.clock, spec);
    if (!hasConsoleSize) await resizeExec(client, execId, size).catch(() => undefined);
    if (spec.signal?.aborted) throw cancelledError(spec.signal.reason);
  } catch (error) {
    stream.destroy();
    await deps.endProcesses().catch(() => 0);
    throw error;
  }
  return new ContainerPty(deps, execId, stream);
}

/**
 * The engine's client reads the terminal's size at its start and listens for changes only a moment later: one that comes in
 * between would stay unknown until the next. So it is told of a change again when it surely listens. Not its own child,
 * which it would not wait for.
 */
const SIZE_REMINDER = `( (for pause in 1 2 4; do sleep $pause; kill -WINCH $$ || exit; done) </dev/null >/dev/null 2>&1 & )
exec "$@"`;

/** Docker's and Podman's clients take the same words but for where the engine is. */
export function containerPtyCommand(
  spec: Omit<ContainerPtySpec, 'cols' | 'rows' | 'signal'>,
  openScript: string,
  { program, socketPath }: { readonly program: string; readonly socketPath: string },
): [string, ...string[]] {
  const where = program.endsWith('/podman')
    ? ['--url', `unix://${socketPath}`]
    : ['-H', `unix://${socketPath}`];
  return [
    ...(['/bin/sh', '-c', SIZE_REMINDER, 'berth'] as const),
    program,
    ...where,
    ...['exec', '-i', '-t', `--detach-keys=${UNLIKELY_KEYS}`],
    ...environmentList(environmentOf(spec)).map((pair) => `--env=${pair}`),
    ...(spec.workingFolder === undefined ? [] : [`--workdir=${spec.workingFolder}`]),
    spec.containerId,
    ...['/bin/sh', '-c', openScript, 'berth', ...spec.shells],
  ];
}

function environmentOf(spec: Pick<ContainerPtySpec, 'env' | 'term' | 'terminalId'>): Record<string, string> {
  return {
    ...spec.env,
    TERM: spec.term,
    BERTH_TERMINAL_ID: spec.terminalId,
    ...markOf(spec.terminalId),
  };
}

/** Waits for the ready byte and takes it away; what came behind it stays in the stream. */
function shellReady(stream: Duplex, clock: Clock, { signal, shells }: ContainerPtySpec): Promise<void> {
  return new Promise((resolve, reject) => {
    let reason = Buffer.alloc(0);
    const failed = () =>
      new BerthError(
        'terminal.open-failed',
        `No shell could be started in the container. ${printable(reason.toString('utf8')) || 'It ended at once.'}`,
        { details: { shells: [...shells] } },
      );
    const finish = (settle: () => void) => {
      stopTimer();
      signal?.removeEventListener('abort', cancel);
      stream.off('data', take).off('end', ended).off('close', closed);
      settle();
    };
    const take = (chunk: Buffer) => {
      if (reason.length === 0 && chunk[0] === READY_BYTE) {
        stream.pause();
        finish(resolve);
        if (chunk.length > 1) stream.unshift(chunk.subarray(1));
        return;
      }
      reason = Buffer.concat([reason, chunk]).subarray(0, MAX_REASON_BYTES);
    };
    const ended = () => finish(() => reject(failed()));
    const closed = () =>
      finish(() =>
        reject(
          reason.length > 0
            ? failed()
            : new BerthError('connection-lost', 'The connection was lost while the terminal was opened.'),
        ),
      );
    const cancel = () => finish(() => reject(cancelledError(signal?.reason)));
    const stopTimer = clock.after(OPEN_TIMEOUT_MS, () =>
      finish(() =>
        reject(new BerthError('timed-out', `No shell answered within ${OPEN_TIMEOUT_MS / 1000} s.`)),
      ),
    );
    if (signal?.aborted) {
      cancel();
      return;
    }
    signal?.addEventListener('abort', cancel, { once: true });
    stream.on('data', take).once('end', ended).once('close', closed);
    stream.resume();
  });
}

async function resizeExec(
  client: EngineClient,
  execId: string,
  { cols, rows }: { cols: number; rows: number },
): Promise<void> {
  const query = { h: rows, w: cols };
  await client.call({ method: 'POST', path: `/exec/${pathPart(execId)}/resize`, query, subject: 'exec' });
}

class ContainerPty implements Pty {
  readonly #deps: PtyDeps;
  readonly #execId: string;
  readonly #stream: Duplex;
  readonly #endListeners: ((end: End) => void)[] = [];
  readonly #dataListeners: ((bytes: Uint8Array) => void)[] = [];
  #isPaused = false;
  /** The last output of a shell that ended while its reader was paused. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isHolding = false;
  #whenDelivered: (() => void) | undefined;
  #stopPausedCheck: (() => void) | undefined;
  #streamError: unknown;
  #isEnding = false;
  #end: End | undefined;
  #killed: Promise<void> | undefined;
  /** The newest size that was asked for while another was on its way. */
  #nextSize: { cols: number; rows: number } | undefined;
  #isResizing = false;

  constructor(deps: PtyDeps, execId: string, stream: Duplex) {
    this.#deps = deps;
    this.#execId = execId;
    this.#stream = stream;
    stream.on('error', (error) => {
      this.#streamError ??= error;
    });
    // `end` comes after the last byte was read; `close` alone means that the connection went away.
    stream.once('end', () => this.#finish());
    stream.once('close', () => this.#finish());
    if (stream.destroyed) queueMicrotask(() => this.#finish());
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    if (this.#dataListeners.push(listener) === 1)
      this.#stream.on('data', (bytes: Buffer) => this.#take(bytes));
    if (!this.#isPaused) this.#stream.resume();
  }

  #take(bytes: Buffer): void {
    if (this.#isHolding && this.#isPaused) {
      this.#heldBytes += bytes.length;
      if (this.#heldBytes <= MAX_HELD_BYTES) this.#held.push(bytes);
      return;
    }
    for (const listener of this.#dataListeners) listener(bytes);
  }

  onEnd(listener: (end: End) => void): void {
    if (this.#end) listener(this.#end);
    else this.#endListeners.push(listener);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#stream.destroyed || this.#stream.writableEnded) return true;
    return this.#stream.write(bytes);
  }

  onDrain(listener: () => void): void {
    this.#stream.on('drain', listener);
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#killed || this.#isHolding) return;
    this.#stream.pause();
    this.#stopPausedCheck ??= this.#deps.clock.after(PAUSED_CHECK_MS, () => void this.#readRestOfEnded());
  }

  resume(): void {
    this.#isPaused = false;
    this.#stopPausedCheck?.();
    this.#stopPausedCheck = undefined;
    while (this.#held.length > 0 && !this.#isPaused) this.#take(this.#held.shift()!);
    if (this.#isPaused) return;
    this.#whenDelivered?.();
    if (this.#dataListeners.length > 0 && !this.#killed) this.#stream.resume();
  }

  /**
   * Docker 20.10 handles the exits of a container's execs one after the other, each when its output was taken: a paused
   * terminal whose shell has ended would hold up every other command in its container. So its rest is taken, and held.
   */
  async #readRestOfEnded(): Promise<void> {
    this.#stopPausedCheck = undefined;
    if (!this.#isPaused || this.#isEnding) return;
    const isRunning = await isExecRunning(this.#deps, this.#execId).catch(() => true);
    if (!this.#isPaused || this.#isEnding || this.#killed) return;
    if (isRunning) {
      this.#stopPausedCheck = this.#deps.clock.after(PAUSED_CHECK_MS, () => void this.#readRestOfEnded());
      return;
    }
    this.#isHolding = true;
    if (this.#dataListeners.length > 0) this.#stream.resume();
  }

  resize(size: { cols: number; rows: number }): void {
    this.#nextSize = size;
    if (!this.#isResizing) void this.#sendSizes();
  }

  kill(): Promise<void> {
    this.#killed ??= this.#kill();
    return this.#killed;
  }

  /** One at a time and only the newest: while a window is dragged, sizes come faster than a far host answers. */
  async #sendSizes(): Promise<void> {
    this.#isResizing = true;
    try {
      while (this.#nextSize && !this.#end) {
        const size = this.#nextSize;
        this.#nextSize = undefined;
        await resizeExec(this.#deps.client, this.#execId, size);
      }
    } catch {
      // The shell ended, or the connection did: both are told by onEnd.
    } finally {
      this.#isResizing = false;
    }
  }

  async #kill(): Promise<void> {
    // Output that nobody takes would keep the engine from seeing the end of this exec, and (Docker 20.10 handles a
    // container's exits one after the other) of every other one in the container, the one that kills included.
    this.#stopPausedCheck?.();
    if (this.#isPaused || this.#dataListeners.length === 0) {
      this.#dataListeners.length = 0;
      this.#held = [];
      this.#whenDelivered?.();
      this.#stream.resume();
    }
    try {
      await this.#deps.endProcesses();
      await this.#streamEnded();
    } finally {
      this.#stream.destroy();
    }
  }

  /** The rest of the output may still be on its way. */
  #streamEnded(): Promise<void> {
    const stream = this.#stream;
    if (stream.readableEnded || stream.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        stopTimer();
        stream.off('end', done).off('close', done);
        resolve();
      };
      const stopTimer = this.#deps.clock.after(END_TIMEOUT_MS, done);
      stream.on('end', done).on('close', done);
    });
  }

  #finish(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#stopPausedCheck?.();
    void this.#findEnd().then(async (end) => {
      if (this.#held.length > 0) await new Promise<void>((resolve) => (this.#whenDelivered = resolve));
      this.#end = end;
      this.#stream.destroy();
      for (const listener of this.#endListeners.splice(0)) listener(end);
    });
  }

  async #findEnd(): Promise<End> {
    try {
      const exitCode = await exitCodeOf(this.#deps, this.#execId);
      if (exitCode !== undefined) return { exitCode };
    } catch (error) {
      // A container that was removed takes its execs along: the shell is gone, its code unknown.
      if (this.#killed || BerthError.is(error, 'not-found')) return { exitCode: null };
      return { exitCode: null, error };
    }
    if (this.#killed) return { exitCode: null };
    const cause = this.#streamError === undefined ? {} : { cause: this.#streamError };
    return {
      exitCode: null,
      error: new BerthError('connection-lost', 'The connection to the terminal was lost.', cause),
    };
  }
}
