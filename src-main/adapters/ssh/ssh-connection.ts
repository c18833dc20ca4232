/**
 * A host over SSH: one connection that carries everything, and further ones of the same login when its sessions run out.
 * Guarantees: what is opened belongs to it and ends with it; a connection that does not answer its probe is dead, and
 * `onLost` says so once.
 */
import { readFile } from 'node:fs/promises';
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
import { dialTcp } from './tcp-dial.ts';
import { EnginePath } from './engine-route.ts';
import type { RemoteProcess } from './remote-command.ts';
import { remoteExec } from './remote-exec.ts';
import { startRemoteProcess } from './remote-process.ts';
import { openRemotePty } from './remote-pty.ts';
import { SessionPool } from './session-pool.ts';
import { openSftpFiles } from './sftp-files.ts';
import type { SshLink } from './ssh-link.ts';

export interface SshConnectionDeps {
  readonly primary: SshLink;
  readonly learnt: HostConnection['learnt'];
  /** One more connection of the same login, without asking anyone. */
  readonly openLink: (signal: AbortSignal) => Promise<SshLink>;
  /** Closes the jump hosts' connections. */
  readonly closeJumps: () => void;
  readonly engineSocket: string | null;
  readonly user: string;
  readonly remoteScriptsFolder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Ending a process waits two seconds before SIGKILL (end-process.sh). */
const END_PROCESS_TIMEOUT_MS = 8_000;
/** Linux takes 128 KiB for one argument (MAX_ARG_STRLEN); a script is one. */
const MAX_SCRIPT_BYTES = 120 * 1024;

export class SshConnection implements HostConnection {
  readonly kind = 'ssh';
  readonly learnt: HostConnection['learnt'];
  readonly #deps: SshConnectionDeps;
  readonly #pool: SessionPool;
  readonly #engine: EnginePath;
  #isClosed = false;

  constructor(deps: SshConnectionDeps) {
    const { primary, clock, log, openLink } = deps;
    this.#deps = deps;
    this.learnt = deps.learnt;
    this.#pool = new SessionPool({ primary, openLink, clock, log });
    this.#engine = new EnginePath({
      primary,
      pool: this.#pool,
      socketPath: deps.engineSocket,
      user: deps.user,
      runScript: (script, args, options) => this.runScript(script, args, options),
    });
    primary.onLost(() => this.#pool.close());
    primary.onLost(() => deps.closeJumps());
  }

  get engineRoute(): EngineRoute | undefined {
    return this.#engine.route;
  }

  get engineSocketPath(): string | undefined {
    return this.#engine.socketPath;
  }

  /** How many SSH connections this login has at the moment. */
  get connectionCount(): number {
    return this.#pool.size;
  }

  exec(argv: readonly [string, ...string[]], options: ExecOptions = {}): Promise<ExecResult> {
    return remoteExec(argv, options, this.#remote());
  }

  /**
   * The script is an argument of `sh -c`, not its input: so standard input stays free for what the script reads, and no
   * command of the script can swallow the rest of it. Scripts hold no secrets, and arguments show in ps.
   */
  async runScript(
    script: string,
    args: readonly string[] = [],
    options: ExecOptions = {},
  ): Promise<ExecResult> {
    return this.exec(await this.#commandOf(script, args), options);
  }

  async startScript(script: string, args: readonly string[], signal?: AbortSignal): Promise<HostProcess> {
    return startRemoteProcess(await this.#commandOf(script, args), this.#remote(), signal);
  }

  #commandOf(script: string, args: readonly string[]): Promise<[string, ...string[]]> {
    return scriptCommand(script, args, (file) => this.#textOf(file));
  }

  async #textOf(file: string): Promise<string> {
    const text = await readFile(join(this.#deps.remoteScriptsFolder, file), 'utf8');
    if (Buffer.byteLength(text) > MAX_SCRIPT_BYTES)
      throw new BerthError('internal', `${file} is too long to send.`);
    return text;
  }

  openPty(options: PtyOptions): Promise<Pty> {
    return openRemotePty(options, this.#remote());
  }

  openFiles(signal?: AbortSignal): Promise<FilePrimitives> {
    return openSftpFiles({ pool: this.#pool, exec: (argv, options) => this.exec(argv, options) }, signal);
  }

  dial(address: string, port: number, signal?: AbortSignal): Promise<Duplex> {
    return dialTcp(this.#deps.primary, address, port, signal);
  }

  openEngineStream(signal?: AbortSignal): Promise<Duplex> {
    return this.#engine.open(signal);
  }

  async probe(timeoutMs: number): Promise<number> {
    const [primary, ...others] = this.#pool.links;
    // A further connection that does not answer dies by its own probe; what it carried hears of it.
    for (const link of others) link.probe(timeoutMs).catch(() => undefined);
    return (primary as SshLink).probe(timeoutMs);
  }

  onLost(listener: (error: unknown) => void): void {
    this.#deps.primary.onLost(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pool.close();
    this.#deps.closeJumps();
  }

  #remote() {
    return { pool: this.#pool, clock: this.#deps.clock, endProcess: this.#endProcess };
  }

  readonly #endProcess = async (process: RemoteProcess): Promise<void> => {
    if (!this.#deps.primary.isAlive || this.#isClosed) return;
    try {
      await this.runScript('end-process', [process.pid, process.startTime], {
        timeoutMs: END_PROCESS_TIMEOUT_MS,
      });
    } catch (error) {
      this.#deps.log.warn('a process of the host could not be ended', { pid: process.pid, cause: error });
    }
  };
}
