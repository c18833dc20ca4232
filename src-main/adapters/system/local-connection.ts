/**
 * This computer as a host: its engine's socket, its programs, its terminals. Same promises as a connection over SSH; it
 * cannot be lost, only closed, and what is open then ends.
 */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { FilePrimitives } from '../../control-plane/interfaces/file-primitives.ts';
import type {
  EngineRoute,
  ExecOptions,
  ExecResult,
  HostConnection,
  HostProcess,
  Pty,
  PtyOptions,
} from '../../control-plane/interfaces/host-connection.ts';
import { scriptCommand } from '../../control-plane/interfaces/host-script.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import { chooseEngineSocket, type LocalEngineDeps } from './local-engine-socket.ts';
import { dialLocal } from './local-dial.ts';
import { LocalFiles } from './local-files.ts';
import { localExec } from './local-exec.ts';
import { type LocalProcess, startLocalProcess } from './local-process.ts';
import { openLocalPty } from './local-pty.ts';

export interface LocalConnectionDeps extends LocalEngineDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** resources/remote */
  readonly remoteScriptsFolder: string;
}

/** For the engine's socket to accept a connection; it is on this computer. */
const OPEN_TIMEOUT_MS = 5_000;

export class LocalConnection implements HostConnection {
  readonly kind = 'local';
  readonly learnt = { sshServer: null, hostKey: null };
  readonly #wantedSocket: string | null;
  readonly #deps: LocalConnectionDeps;
  readonly #closing = new AbortController();
  readonly #streams = new Set<Duplex>();
  readonly #terminals = new Set<Pty>();
  readonly #processes = new Set<LocalProcess>();
  #route: EngineRoute | undefined;
  #socketPath: string | undefined;

  constructor(wantedSocket: string | null, deps: LocalConnectionDeps) {
    this.#wantedSocket = wantedSocket;
    this.#deps = deps;
  }

  get engineRoute(): EngineRoute | undefined {
    return this.#route;
  }

  get engineSocketPath(): string | undefined {
    return this.#socketPath;
  }

  async exec(argv: readonly [string, ...string[]], options: ExecOptions = {}): Promise<ExecResult> {
    this.#requireOpen();
    const { signal } = this.#closing;
    return localExec(argv, {
      ...options,
      signal: options.signal ? AbortSignal.any([options.signal, signal]) : signal,
    });
  }

  async runScript(
    script: string,
    args: readonly string[] = [],
    options: ExecOptions = {},
  ): Promise<ExecResult> {
    return this.exec(await this.#commandOf(script, args), options);
  }

  async startScript(script: string, args: readonly string[], signal?: AbortSignal): Promise<HostProcess> {
    const command = await this.#commandOf(script, args);
    this.#requireOpen();
    if (signal?.aborted) throw new BerthError('cancelled', 'Starting the program was cancelled.');
    const process = startLocalProcess(command);
    this.#processes.add(process);
    process.whenEnded(() => this.#processes.delete(process));
    return process;
  }

  #commandOf(script: string, args: readonly string[]): Promise<[string, ...string[]]> {
    return scriptCommand(script, args, (file) => this.#textOf(file));
  }

  #textOf(file: string): Promise<string> {
    return readFile(join(this.#deps.remoteScriptsFolder, file), 'utf8');
  }

  async openPty(options: PtyOptions): Promise<Pty> {
    this.#requireOpen();
    if (options.signal?.aborted) throw new BerthError('cancelled', 'Opening the terminal was cancelled.');
    const terminal = openLocalPty(options, this.#deps.env);
    this.#terminals.add(terminal);
    return terminal;
  }

  async openFiles(): Promise<FilePrimitives> {
    this.#requireOpen();
    return new LocalFiles();
  }

  dial(address: string, port: number, signal?: AbortSignal): Promise<Duplex> {
    this.#requireOpen();
    return dialLocal(address, port, signal);
  }

  async openEngineStream(signal?: AbortSignal): Promise<Duplex> {
    this.#requireOpen();
    if (signal?.aborted) throw new BerthError('cancelled', 'Opening the stream was cancelled.');
    const { path, source } = await chooseEngineSocket(this.#wantedSocket, this.#deps);
    const stream = await openSocket(path, signal);
    if (this.#route === undefined) this.#deps.log.info('found the engine of this computer', { path, source });
    this.#route = 'local-socket';
    this.#socketPath = path;
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    return stream;
  }

  /** The engine's socket accepts a connection: there is nothing else between here and there. */
  async probe(timeoutMs: number): Promise<number> {
    this.#requireOpen();
    const startedAtMs = this.#deps.clock.monotonicMs();
    const { path } = await chooseEngineSocket(this.#wantedSocket, this.#deps);
    const stream = await openSocket(path, AbortSignal.timeout(timeoutMs));
    stream.destroy();
    return this.#deps.clock.monotonicMs() - startedAtMs;
  }

  onLost(): void {
    // This computer is always reachable.
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const stream of this.#streams) stream.destroy();
    for (const process of this.#processes) process.release();
    await Promise.all([...this.#terminals].map((terminal) => terminal.kill()));
    this.#terminals.clear();
  }

  #requireOpen(): void {
    if (this.#closing.signal.aborted)
      throw new BerthError('connection-lost', 'The connection to this computer was closed.');
  }
}

function openSocket(path: string, signal: AbortSignal | undefined): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const fail = (error: BerthError) => {
      socket.destroy();
      signal?.removeEventListener('abort', onAbort);
      reject(error);
    };
    const details = { socketPath: path };
    const onAbort = () =>
      fail(
        signal?.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
          ? new BerthError('timed-out', `The engine's socket ${path} does not answer.`, { details })
          : new BerthError('cancelled', 'Opening the stream was cancelled.'),
      );
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.setTimeout(OPEN_TIMEOUT_MS, () =>
      fail(
        new BerthError('timed-out', `The engine's socket ${path} does not answer. Is the engine stuck?`, {
          details,
        }),
      ),
    );
    socket.once('error', (error: NodeJS.ErrnoException) =>
      fail(
        error.code === 'EACCES' || error.code === 'EPERM'
          ? new BerthError(
              'engine.permission-denied',
              `You may not use the engine's socket ${path}. Join its group: sudo usermod -aG docker YOU.`,
              { details, cause: error },
            )
          : new BerthError('engine.unreachable', `No engine answers behind ${path}. Start it.`, {
              details,
              cause: error,
            }),
      ),
    );
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeAllListeners('error');
      signal?.removeEventListener('abort', onAbort);
      resolve(socket);
    });
  });
}
