/**
 * A command in a container with its streams in our hands: the engine's exec, taken over as raw bytes. Guarantees: output
 * is read at the reader's pace and every byte comes before the end; `kill` ends everything that it started, in the
 * container, for the engine itself would let it run on.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { SendableSignal } from '#contract/framed-bytes.ts';
import type { TerminalSize } from '#contract/terminals.ts';
import type {
  ContainerProcess,
  ContainerProcessSpec,
  ProcessMark,
} from '../../control-plane/interfaces/container-process.ts';
import {
  createExec,
  EXEC_MARK_PREFIX,
  environmentList,
  type ExecDeps,
  exitCodeOf,
  markOf,
  startExec,
} from './container-exec.ts';
import { UNLIKELY_KEYS } from './container-pty.ts';
import { pathPart } from './engine-client.ts';
import { FrameSplitter, type OutputStream } from './multiplexed-stream.ts';

export interface ProcessDeps extends ExecDeps {
  /** Runs `marked-processes.sh` in the container, as the mark's user. */
  readonly markedProcesses: (mark: ProcessMark, args: readonly string[]) => Promise<unknown>;
}

type Output = { readonly name: OutputStream; readonly bytes: Uint8Array };

/** Of the marks of one installation's commands. */
export function commandMarkPrefix(tag: string): string {
  return `${EXEC_MARK_PREFIX}${tag}_`;
}

/** A command like `tar` may not have begun when its first signal comes: the mark is then not to be found yet. */
const SIGNAL_TRIES = 3;
/** The same of a size, which engines before Docker 23 take only of what has begun. */
const RESIZE_TRIES = 20;
const RESIZE_PAUSE_MS = 25;

export async function startContainerProcess(
  deps: ProcessDeps,
  spec: ContainerProcessSpec,
): Promise<ContainerProcess> {
  const { client } = deps;
  const { containerId, size, user } = spec;
  const hasTerminal = size !== undefined;
  const mark = `${commandMarkPrefix(spec.tag)}${randomBytes(12).toString('hex')}`;
  const console = hasTerminal ? { ConsoleSize: [size.rows, size.cols] } : {};
  const execId = await createExec(
    client,
    containerId,
    {
      AttachStdin: spec.hasInput,
      AttachStdout: true,
      AttachStderr: true,
      Tty: hasTerminal,
      Cmd: spec.argv,
      Env: environmentList({ ...spec.env, ...markOf(mark) }),
      DetachKeys: UNLIKELY_KEYS,
      ...(user === undefined ? {} : { User: user }),
      ...(spec.workingFolder === undefined ? {} : { WorkingDir: spec.workingFolder }),
      ...console,
    },
    spec.signal,
  );
  const stream = await startExec(
    client,
    execId,
    { Detach: false, Tty: hasTerminal, ...console },
    spec.signal,
  );
  const process = new ExecProcess(deps, { execId, stream, mark: { containerId, mark, user }, hasTerminal });
  // Engines before Docker 23 take no size at the start.
  if (size !== undefined) process.resize(size);
  return process;
}

class ExecProcess implements ContainerProcess {
  readonly mark: ProcessMark;
  readonly #deps: ProcessDeps;
  readonly #execId: string;
  readonly #stream: Duplex;
  readonly #hasTerminal: boolean;
  #error: unknown;
  #nextSize: TerminalSize | undefined;
  #isResizing = false;

  constructor(
    deps: ProcessDeps,
    given: { execId: string; stream: Duplex; mark: ProcessMark; hasTerminal: boolean },
  ) {
    this.#deps = deps;
    this.#execId = given.execId;
    this.#stream = given.stream;
    this.mark = given.mark;
    this.#hasTerminal = given.hasTerminal;
    given.stream.on('error', (error) => {
      this.#error ??= error;
    });
  }

  get output(): AsyncIterable<Output> {
    return this.#read();
  }

  async *#read(): AsyncGenerator<Output> {
    const waiting: Output[] = [];
    const splitter = new FrameSplitter((name, bytes) => waiting.push({ name, bytes }));
    try {
      for await (const chunk of this.#stream.iterator({ destroyOnReturn: false })) {
        const bytes = chunk as Buffer;
        if (this.#hasTerminal) {
          yield { name: 'stdout', bytes };
          continue;
        }
        splitter.push(bytes);
        yield* waiting.splice(0);
      }
    } catch (error) {
      if (BerthError.is(error)) throw error;
      throw this.#lost(error);
    }
    // A stream that was cut ends without its end.
    if (!this.#stream.readableEnded) throw this.#lost(this.#error);
  }

  #lost(cause: unknown): BerthError {
    return new BerthError(
      'connection-lost',
      'The connection was lost while a command ran in the workspace.',
      cause === undefined ? {} : { cause },
    );
  }

  async write(bytes: Uint8Array): Promise<void> {
    const stream = this.#stream;
    if (stream.destroyed || stream.writableEnded) return;
    // The bytes are the caller's again when this resolves.
    if (stream.write(Buffer.from(bytes))) return;
    const gone = new AbortController();
    const stop = () => gone.abort();
    stream.once('close', stop);
    await once(stream, 'drain', { signal: gone.signal }).catch(() => undefined);
    stream.off('close', stop);
  }

  endInput(): void {
    if (!this.#stream.destroyed && !this.#stream.writableEnded) this.#stream.end();
  }

  resize(size: TerminalSize): void {
    this.#nextSize = size;
    if (!this.#isResizing) void this.#sendSizes();
  }

  async #sendSizes(): Promise<void> {
    this.#isResizing = true;
    let tries = 0;
    while (this.#nextSize !== undefined && !this.#stream.destroyed && tries < RESIZE_TRIES) {
      const size = this.#nextSize;
      this.#nextSize = undefined;
      const path = `/exec/${pathPart(this.#execId)}/resize`;
      const query = { h: size.rows, w: size.cols };
      try {
        await this.#deps.client.call({ method: 'POST', path, query, subject: 'exec' });
        tries = 0;
      } catch {
        // It has not begun, or it ended, or the connection did; the last two are told by the output.
        tries += 1;
        this.#nextSize ??= size;
        await new Promise<void>((resolve) => this.#deps.clock.after(RESIZE_PAUSE_MS, resolve));
      }
    }
    this.#isResizing = false;
  }

  async sendSignal(name: SendableSignal): Promise<void> {
    for (let attempt = 0; attempt < SIGNAL_TRIES && !this.#stream.readableEnded; attempt += 1)
      if (String(await this.#deps.markedProcesses(this.mark, ['signal', name, this.mark.mark])) !== '0\n')
        return;
  }

  async exitCode(): Promise<number | null> {
    return (await exitCodeOf(this.#deps, this.#execId)) ?? null;
  }

  async kill(): Promise<void> {
    // Output that nobody takes would keep the engine from seeing the end of this one, and of others in the container.
    this.#stream.resume();
    try {
      await this.#deps.markedProcesses(this.mark, ['end', this.mark.mark]);
    } finally {
      this.#stream.destroy();
    }
  }
}
