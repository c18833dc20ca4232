/**
 * Commands in a container. Output is bounded, input is closed after it was sent, and a command that is cut short (time-out,
 * cancel) is ended inside the container too: the engine itself would let it run on.
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { ExecSpec } from '../../control-plane/interfaces/container-engine.ts';
import { engineTransportError } from './docker-error.ts';
import { cancelledError, type EngineClient, pathPart } from './engine-client.ts';
import { asNumber, asRecord, asText } from './engine-json.ts';
import { FrameSplitter, type OutputStream } from './multiplexed-stream.ts';

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
}

export interface ExecDeps {
  readonly client: EngineClient;
  readonly clock: Clock;
}

/** The environment variable by which `marked-processes.sh` finds what was started. It reads up to the semicolon. */
export function markOf(id: string): Record<string, string> {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id))
    throw new BerthError('invalid-input', 'This is no id of a terminal.');
  return { BERTH_MARK: `${id};` };
}

/** Marks of commands, so that they are not taken for terminals. */
export const EXEC_MARK_PREFIX = 'exec_';

const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_MAX_OUTPUT_BYTES = 1024 * 1024;
/** Between the end of the output and the engine's record of the exit code pass some milliseconds. */
const EXIT_CODE_TRIES = 40;
const EXIT_CODE_PAUSE_MS = 50;

export async function createExec(
  client: EngineClient,
  containerId: string,
  body: Readonly<Record<string, unknown>>,
  signal?: AbortSignal,
): Promise<string> {
  const created = asRecord(
    await client.json({
      method: 'POST',
      path: `/containers/${pathPart(containerId)}/exec`,
      body,
      subject: 'exec',
      signal,
    }),
  );
  return asText(created.Id);
}

export function environmentList(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

export async function runExec(
  deps: ExecDeps,
  spec: ExecSpec,
  /** Ends what the command started; called when it is cut short. */
  endMarked: (containerId: string, id: string) => Promise<unknown>,
): Promise<ExecResult> {
  const { client } = deps;
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES, signal } = spec;
  if (signal?.aborted) throw cancelledError(signal.reason);
  const mark = `${EXEC_MARK_PREFIX}${randomBytes(12).toString('hex')}`;
  const execId = await createExec(
    client,
    spec.containerId,
    {
      AttachStdin: spec.input !== undefined,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      Cmd: spec.argv,
      Env: environmentList({ ...spec.env, ...markOf(mark) }),
      ...(spec.user === undefined ? {} : { User: spec.user }),
      ...(spec.workingFolder === undefined ? {} : { WorkingDir: spec.workingFolder }),
    },
    signal,
  );
  const stream = await startExec(client, execId, { Detach: false, Tty: false }, signal);
  const output = new BoundedOutput(maxOutputBytes);
  try {
    await withinTime(deps.clock, { timeoutMs, signal, stream }, () => readOutput(stream, output, spec.input));
  } catch (error) {
    stream.destroy();
    if (BerthError.is(error, 'timed-out', 'cancelled'))
      await endMarked(spec.containerId, mark).catch(() => undefined);
    throw error;
  }
  const exitCode = await exitCodeOf(deps, execId, signal);
  return { stdout: output.text('stdout'), stderr: output.text('stderr'), exitCode: exitCode ?? null };
}

export function startExec(
  client: EngineClient,
  execId: string,
  body: Readonly<Record<string, unknown>>,
  signal?: AbortSignal,
): Promise<Duplex> {
  return client.upgrade({
    method: 'POST',
    path: `/exec/${pathPart(execId)}/start`,
    body,
    subject: 'exec',
    signal,
  });
}

export async function isExecRunning({ client }: ExecDeps, execId: string): Promise<boolean> {
  const path = `/exec/${pathPart(execId)}/json`;
  return asRecord(await client.json({ method: 'GET', path, subject: 'exec' })).Running === true;
}

/** Undefined: it still runs (its output was cut off by a lost connection), or the engine forgot it. */
export async function exitCodeOf(
  { client, clock }: ExecDeps,
  execId: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  for (let attempt = 0; attempt < EXIT_CODE_TRIES; attempt++) {
    const facts = asRecord(
      await client.json({ method: 'GET', path: `/exec/${pathPart(execId)}/json`, subject: 'exec', signal }),
    );
    if (facts.Running === false && typeof facts.ExitCode === 'number') return asNumber(facts.ExitCode);
    await new Promise<void>((resolve) => clock.after(EXIT_CODE_PAUSE_MS, resolve));
  }
  return undefined;
}

async function readOutput(
  stream: Duplex,
  output: BoundedOutput,
  input: string | Uint8Array | undefined,
): Promise<void> {
  const splitter = new FrameSplitter((name, bytes) => output.add(name, bytes));
  const ended = new Promise<void>((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      try {
        splitter.push(chunk);
      } catch (error) {
        reject(error);
      }
    });
    stream.once('end', resolve);
    stream.once('error', (error) => reject(engineTransportError(error)));
    stream.once('close', () =>
      reject(
        new BerthError('connection-lost', 'The connection was lost while a command ran in the container.'),
      ),
    );
  });
  stream.resume();
  if (input !== undefined) stream.end(input);
  await ended;
  stream.destroy();
}

async function withinTime(
  clock: Clock,
  { timeoutMs, signal, stream }: { timeoutMs: number; signal: AbortSignal | undefined; stream: Duplex },
  run: () => Promise<void>,
): Promise<void> {
  let why: BerthError | undefined;
  const cut = (error: BerthError) => {
    why ??= error;
    stream.destroy();
  };
  const stopTimer = clock.after(timeoutMs, () =>
    cut(
      new BerthError('timed-out', `The command in the container did not end within ${timeoutMs / 1000} s.`),
    ),
  );
  const cancel = () => cut(cancelledError(signal?.reason));
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    await run();
  } catch (error) {
    throw why ?? error;
  } finally {
    stopTimer();
    signal?.removeEventListener('abort', cancel);
  }
}

class BoundedOutput {
  readonly #maxBytes: number;
  readonly #chunks: Record<OutputStream, Buffer[]> = { stdout: [], stderr: [] };
  readonly #sizes: Record<OutputStream, number> = { stdout: 0, stderr: 0 };

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(name: OutputStream, bytes: Buffer): void {
    const room = this.#maxBytes - this.#sizes[name];
    if (room <= 0) return;
    const kept = bytes.subarray(0, room);
    this.#sizes[name] += kept.length;
    this.#chunks[name].push(kept);
  }

  text(name: OutputStream): string {
    return Buffer.concat(this.#chunks[name]).toString('utf8');
  }
}
