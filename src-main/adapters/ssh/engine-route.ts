/**
 * The way to the container engine of a host: a stream that sshd forwards to the engine's socket (costs no session), or,
 * where it forwards none, a helper program on the host that does (`docker system dial-stdio`; costs one session a stream).
 * Guarantees: the helper is used only after it has really answered where forwarding did not, and the error names what is
 * wrong on the host: no socket, no permission, no forwarding, or nobody behind the socket.
 */
import type { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { BerthError } from '#contract/berth-error.ts';
import type { EngineRoute, ExecOptions, ExecResult } from '../../control-plane/interfaces/host-connection.ts';
import { ChannelStream } from './channel-stream.ts';
import { commandLine } from './quote.ts';
import type { SessionPool } from './session-pool.ts';
import { firstLine, noAnswer } from './ssh-error.ts';
import type { SshLink } from './ssh-link.ts';

export interface EngineRouteDeps {
  readonly primary: SshLink;
  readonly pool: SessionPool;
  /** As the definition says; null looks for the usual ones. */
  readonly socketPath: string | null;
  readonly user: string;
  readonly runScript: (script: string, args: readonly string[], options: ExecOptions) => Promise<ExecResult>;
}

interface Findings {
  readonly user: string;
  readonly usable: readonly string[];
  readonly denied: readonly { path: string; group: string }[];
  readonly programs: readonly string[];
}

interface Way {
  readonly route: EngineRoute;
  readonly socketPath: string;
  readonly helper?: readonly [string, ...string[]];
}

/** For the engine behind a helper to answer once; dial-stdio needs a moment to start. */
const PING_TIMEOUT_MS = 10_000;

export class EnginePath {
  readonly #deps: EngineRouteDeps;
  #way: Way | undefined;
  #finding: Promise<Way> | undefined;

  constructor(deps: EngineRouteDeps) {
    this.#deps = deps;
  }

  get route(): EngineRoute | undefined {
    return this.#way?.route;
  }

  get socketPath(): string | undefined {
    return this.#way?.socketPath;
  }

  /** @throws engine.unreachable, engine.permission-denied, engine.forwarding-denied, timed-out, connection-lost, cancelled */
  async open(signal?: AbortSignal): Promise<Duplex> {
    const way = this.#way ?? (await this.#find());
    try {
      return await this.#openBy(way, signal);
    } catch (error) {
      if (BerthError.is(error)) throw error;
      // It worked before: the engine restarts, moved, or our rights changed. Say which, and look anew next time.
      this.#way = undefined;
      throw this.#explain(await this.#look(), way.socketPath, error);
    }
  }

  /** One search, however many streams wait for it. */
  #find(): Promise<Way> {
    this.#finding ??= this.#search().finally(() => {
      this.#finding = undefined;
    });
    return this.#finding;
  }

  async #search(): Promise<Way> {
    const findings = await this.#look();
    const [socketPath] = findings.usable;
    if (socketPath === undefined) throw this.#explain(findings, this.#deps.socketPath, undefined);
    const direct: Way = { route: 'stream-forward', socketPath };
    try {
      const stream = await this.#openBy(direct, undefined);
      stream.destroy();
      this.#way = direct;
      return direct;
    } catch (error) {
      if (BerthError.is(error)) throw error;
      return this.#searchHelper(findings, socketPath, error);
    }
  }

  /** Forwarding was refused, or nobody listens: only trying another way tells which. */
  async #searchHelper(findings: Findings, socketPath: string, refusal: unknown): Promise<Way> {
    const helper = helperFor(findings.programs, socketPath);
    if (helper === undefined)
      throw new BerthError(
        'engine.forwarding-denied',
        `The server forwards no streams to ${socketPath}, and has no docker command that could stand in. Set AllowStreamLocalForwarding yes in its sshd_config, or install the docker CLI there. It may also be that no engine runs: systemctl status docker.`,
        { details: { ...this.#facts(), socketPath }, cause: refusal },
      );
    const way: Way = { route: 'dial-stdio', socketPath, helper };
    let stream: Duplex;
    try {
      stream = await this.#openBy(way, undefined);
      await ping(stream, this.#deps.primary.subject.hop);
    } catch (error) {
      if (BerthError.is(error, 'engine.unreachable')) throw this.#explain(findings, socketPath, error);
      throw error;
    }
    this.#way = way;
    return way;
  }

  async #look(): Promise<Findings> {
    const { socketPath, runScript } = this.#deps;
    const result = await runScript('engine-socket', socketPath === null ? [] : [socketPath], {});
    const findings = {
      user: this.#deps.user,
      usable: [] as string[],
      denied: [] as { path: string; group: string }[],
    };
    const programs: string[] = [];
    for (const line of result.stdout.split('\n')) {
      const [fact, value = '', state, group = ''] = line.split('\t');
      if (fact === 'user') findings.user = value;
      else if (fact === 'program') programs.push(value);
      else if (fact === 'socket' && state === 'usable') findings.usable.push(value);
      else if (fact === 'socket') findings.denied.push({ path: value, group });
    }
    return { ...findings, programs };
  }

  async #openBy(way: Way, signal: AbortSignal | undefined): Promise<Duplex> {
    const { primary, pool } = this.#deps;
    if (way.helper === undefined) {
      const channel = await primary.open(
        (callback) => primary.client.openssh_forwardOutStreamLocal(way.socketPath, callback as never),
        signal,
      );
      return new ChannelStream(channel, primary);
    }
    const line = commandLine(way.helper);
    const { channel, link } = await pool.open((client, callback) => client.exec(line, callback), signal);
    return new ChannelStream(channel, link, this.#helperEnd(channel, link, way));
  }

  /** A helper that ends with an error says so on stderr. */
  #helperEnd(channel: ClientChannel, link: SshLink, way: Way): () => Error | undefined {
    let complaint = '';
    channel.stderr.on('data', (chunk: Buffer) => {
      if (complaint.length < 2000) complaint += chunk.toString('utf8');
    });
    return () => {
      if (link.exitCodeOf(channel) === 0) return undefined;
      return new BerthError(
        'engine.unreachable',
        `The engine at ${way.socketPath} could not be reached through ${way.helper?.[0] ?? 'a helper'}: ${firstLine(complaint) || 'it ended'}.`,
        { details: { ...this.#facts(), socketPath: way.socketPath } },
      );
    };
  }

  #facts(): { hop: string; user: string } {
    return { hop: this.#deps.primary.subject.hop, user: this.#deps.user };
  }

  #explain(findings: Findings, socketPath: string | null, cause: unknown): BerthError {
    const { user, usable, denied, programs } = findings;
    const [forbidden] = denied;
    if (usable.length === 0 && forbidden !== undefined) {
      const { path, group } = forbidden;
      const fix = `sudo usermod -aG ${group === 'root' || group === '' ? 'docker' : group} ${user}`;
      return new BerthError(
        'engine.permission-denied',
        `${user} may not use the engine's socket ${path}. Run this on the host, then connect again: ${fix}`,
        { details: { ...this.#facts(), user, socketPath: path, group, fix }, cause },
      );
    }
    const where = usable[0] ?? socketPath;
    // The program without a socket: an engine that is stopped, not one that is missing.
    const isStopped = usable.length > 0 || (socketPath === null && programs.includes('docker'));
    const fix = isStopped ? 'sudo systemctl start docker' : undefined;
    const message =
      usable.length > 0
        ? `No engine answers behind ${where}. Start it on the host: ${fix}`
        : fix !== undefined
          ? `Docker is installed on the host, and its engine does not run. Start it there: ${fix}`
          : socketPath === null
            ? 'No container engine was found on the host. Install Docker there, or name the socket of the engine in the settings of the host.'
            : `There is no engine socket at ${socketPath}. Start the engine, or correct the path in the settings of the host.`;
    return new BerthError('engine.unreachable', message, {
      details: {
        ...this.#facts(),
        user,
        ...(where === null ? {} : { socketPath: where }),
        ...(fix === undefined ? {} : { fix }),
      },
      cause,
    });
  }
}

function helperFor(programs: readonly string[], socketPath: string): [string, ...string[]] | undefined {
  const url = `unix://${socketPath}`;
  if (programs.includes('docker')) return ['docker', '--host', url, 'system', 'dial-stdio'];
  if (programs.includes('podman')) return ['podman', '--url', url, 'system', 'dial-stdio'];
  if (programs.includes('socat')) return ['socat', '-', `UNIX-CONNECT:${socketPath}`];
  return undefined;
}

/** One `GET /_ping`, by hand: whether an engine is at the other end, before anything relies on it. */
function ping(stream: Duplex, hop: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const timer = setTimeout(
      () => stream.destroy(noAnswer(hop, 'let the engine answer', PING_TIMEOUT_MS)),
      PING_TIMEOUT_MS,
    );
    timer.unref();
    stream.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      if (!answer.includes('\r\n')) return;
      clearTimeout(timer);
      stream.removeAllListeners('close');
      if (answer.startsWith('HTTP/1.1 ')) resolve();
      else
        reject(
          new BerthError('engine.unreachable', 'What answers at the socket is no container engine.', {
            details: { hop },
          }),
        );
      stream.destroy();
    });
    stream.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    stream.on('close', () => {
      clearTimeout(timer);
      reject(new BerthError('engine.unreachable', 'The engine closed the stream.', { details: { hop } }));
    });
    stream.write('GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n');
  });
}
