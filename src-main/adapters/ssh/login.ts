/**
 * One hop: dials, checks the host key, signs in, and hands over a live ssh2 client. Guarantees: the key is checked before
 * anything is said of ourselves; every phase has a time-out that stands still while a person is asked; an abort ends it at
 * once; one attempt fails with exactly one error. If the server hangs up while a person is still typing, the answer is kept
 * and the hop is dialled again. Must never turn agent forwarding on. Long because the phases of one attempt share its
 * timers, its abort and its one error.
 */
import { lookup } from 'node:dns';
import { connect as connectSocket, isIP, type LookupFunction, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, { type Client, type ConnectConfig } from 'ssh2';
import type { ConnectStep } from '#contract/hosts.ts';
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type {
  Ask,
  ConnectOptions,
  HostKeyQuestion,
  KeyboardInteractiveQuestion,
  PassphraseQuestion,
  PasswordQuestion,
} from '../../control-plane/interfaces/host-connector.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import { Authentication } from './authentication.ts';
import type { HandshakeLimiter, HandshakePermit } from './handshake-limiter.ts';
import type { HostKeyCheck, PinnedHostKeys } from './host-key-check.ts';
import type { LoginMemory } from './identities.ts';
import { fingerprintOfKey, keyTypeOf } from './known-hosts.ts';
import { type AuthFailure, gatherWrites, onAuthFailure, prepareKeys } from './ssh2-internals.ts';
import { cancelled, detailsOf, type ErrorSubject, firstLine, noAnswer, toBerthError } from './ssh-error.ts';
import type { Hop } from './target.ts';

export interface LoginDeps {
  readonly hostKeys: HostKeyCheck;
  readonly limiter: HandshakeLimiter;
  readonly clock: Clock;
  readonly log: Log;
  readonly homeFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface LoginRequest {
  readonly hop: Hop;
  /** The hop before, whose connection carries this one. */
  readonly via: { readonly client: Client; readonly name: string } | undefined;
  readonly memory: LoginMemory;
  readonly signal: AbortSignal;
  readonly ask: Ask;
  readonly secretOf: ConnectOptions['secretOf'];
  readonly onStep: (step: ConnectStep) => void;
  /** Undefined: files of known hosts, and the person, decide. */
  readonly pinned: PinnedHostKeys | undefined;
}

export interface Login {
  readonly client: Client;
  /** What carries it: a socket, or a channel of the hop before. */
  readonly transport: Duplex;
  /** `OpenSSH_9.2p1 Debian-2+deb12u3`; null where the server does not say. */
  readonly server: string | null;
  readonly hostKey: { readonly type: string; readonly fingerprint: string };
}

/** Until the TCP connection stands. A packet and four repetitions fit (1 + 2 + 4 + … s). */
const DIAL_TIMEOUT_MS = 10_000;
/** From the connection to the server's first line, and again to the end of the key exchange. */
const HANDSHAKE_TIMEOUT_MS = 15_000;
/** For the answer to one attempt to sign in; PAM modules that ask a directory take seconds, and failures are delayed. */
const AUTH_TIMEOUT_MS = 30_000;
/** Servers hang up when a person types for longer than LoginGraceTime (120 s); then the hop is dialled again. */
const MAX_REDIALS = 3;

/** ssh2's defaults without SHA-1 and ChaCha20; GCM is not open to Terrapin (CVE-2023-48795), NIST curves come last. */
const algorithms = {
  kex: {
    remove: ['ecdh-sha2-nistp256', 'ecdh-sha2-nistp384', 'ecdh-sha2-nistp521'],
    append: ['ecdh-sha2-nistp256', 'ecdh-sha2-nistp384', 'ecdh-sha2-nistp521'],
  },
  cipher: { remove: ['chacha20-poly1305@openssh.com'] },
  hmac: { remove: ['hmac-sha1', 'hmac-sha1-etm@openssh.com'] },
};
const HOST_KEY_ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const;

type AnyQuestion = HostKeyQuestion | PasswordQuestion | PassphraseQuestion | KeyboardInteractiveQuestion;

/** The server hung up while a person was answering; the answer is in the memory. */
class AnsweredTooLate extends Error {}

/** @throws host.*, credential.*, question.expired, timed-out, cancelled, connection-lost; `details.hop` names the hop */
export async function logIn(request: LoginRequest, deps: LoginDeps): Promise<Login> {
  for (let redials = 0; ; redials++) {
    const permit = await deps.limiter.acquire(`${request.hop.address}:${request.hop.port}`, request.signal);
    try {
      return await new Attempt(request, deps, permit).run();
    } catch (error) {
      if (!(error instanceof AnsweredTooLate)) throw withHop(error, request.hop);
      if (redials >= MAX_REDIALS)
        throw noAnswer(request.hop.name, 'wait for the answer to its question', AUTH_TIMEOUT_MS);
    } finally {
      permit.release();
    }
  }
}

/** Names the hop in the details, and in the message where it is one on the way: else a person looks at the wrong server. */
function withHop(error: unknown, hop: Hop): unknown {
  if (!BerthError.is(error) || error.code === 'cancelled') return error;
  if (hop.isTarget && error.details.hop !== undefined) return error;
  const message = hop.isTarget ? error.message : `On the way, at the jump host ${hop.name}: ${error.message}`;
  const details = { hop: hop.name, ...error.details, ...(hop.isTarget ? {} : { jumpHost: hop.name }) };
  return new BerthError(error.code, message, { details, cause: error });
}

class Attempt {
  readonly #request: LoginRequest;
  readonly #deps: LoginDeps;
  readonly #permit: HandshakePermit;
  readonly #subject: ErrorSubject;
  readonly #client: Client = new ssh2.Client();
  #transport: Duplex | undefined;
  #settle: { resolve: (login: Login) => void; reject: (error: unknown) => void } | undefined;
  #stopTimer: (() => void) | undefined;
  #deadline: { timeoutMs: number; error: () => BerthError } | undefined;
  #openQuestions = 0;
  #lostMeanwhile: unknown;
  /** The first bytes that arrived: they tell what answers where SSH was expected. */
  #head = Buffer.alloc(0);
  #server: string | null = null;
  #hostKey: Buffer | undefined;

  constructor(request: LoginRequest, deps: LoginDeps, permit: HandshakePermit) {
    this.#request = request;
    this.#deps = deps;
    this.#permit = permit;
    const { name, address, port } = request.hop;
    this.#subject = { hop: name, address, port };
  }

  run(): Promise<Login> {
    const { signal } = this.#request;
    const onAbort = () => this.#fail(cancelled());
    return new Promise<Login>((resolve, reject) => {
      this.#settle = { resolve, reject };
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#start().catch((error: unknown) => this.#fail(toBerthError(error, this.#subject)));
    }).finally(() => {
      this.#stopTimer?.();
      signal.removeEventListener('abort', onAbort);
    });
  }

  async #start(): Promise<void> {
    const { hop, onStep, pinned } = this.#request;
    const knownTypes = pinned?.keyTypes ?? (await this.#deps.hostKeys.knownTypes(hop));
    onStep('resolving');
    this.#arm(DIAL_TIMEOUT_MS, () =>
      toBerthError(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }), this.#subject),
    );
    const transport = await this.#dial();
    if (this.#settle === undefined) {
      transport.destroy();
      return;
    }
    this.#transport = transport;
    this.#arm(HANDSHAKE_TIMEOUT_MS, () => this.#silence());
    this.#handshake(transport, knownTypes);
  }

  #dial(): Promise<Duplex> {
    const { hop, via, onStep } = this.#request;
    if (via === undefined) {
      if (isIP(hop.address) !== 0) onStep('dialling');
      return new Promise((resolve, reject) => {
        const resolveName: LookupFunction = (name, options, callback) =>
          lookup(name, options, (error, ...found) => {
            if (!error) onStep('dialling');
            callback(error, ...(found as [string, number]));
          });
        const socket: Socket = connectSocket({
          host: hop.address,
          port: hop.port,
          lookup: resolveName,
          family: hop.config.addressFamily ?? 0,
        });
        this.#transport = socket;
        socket.setNoDelay(true);
        socket.once('error', reject);
        socket.once('connect', () => {
          socket.off('error', reject);
          // Nothing may be read before ssh2 listens.
          socket.pause();
          resolve(socket);
        });
      });
    }
    onStep('dialling');
    return new Promise((resolve, reject) => {
      via.client.forwardOut('127.0.0.1', 0, hop.address, hop.port, (error, channel) => {
        if (!error) return resolve(channel);
        reject(
          new BerthError(
            'host.unreachable',
            `The jump host ${via.name} could not reach ${hop.address} on port ${hop.port} (${firstLine(error.message.replace(/^\(SSH\) Channel open failure:\s*/, ''))}). Check the address as seen from the jump host, and that it allows TCP forwarding.`,
            { details: detailsOf(this.#subject), cause: error },
          ),
        );
      });
    });
  }

  #handshake(transport: Duplex, knownTypes: readonly string[]): void {
    const { hop, onStep } = this.#request;
    const client = this.#client;
    const authentication = new Authentication(
      {
        hop,
        homeFolder: this.#deps.homeFolder,
        env: this.#deps.env,
        secretOf: this.#request.secretOf,
        ask: this.#ask,
        memory: this.#request.memory,
      },
      (error) => this.#fail(error),
    );
    let heard: AuthFailure | undefined;
    let isStarted = false;

    client.on('error', (error: Error & { level?: string }) => {
      // ssh2 goes on by itself after these: one key could not be used.
      if (error.level === 'agent' || (error.level === 'client-authentication' && /sign/i.test(error.message)))
        return;
      if (error.level === 'client-authentication') this.#lost(authentication.failure(this.#subject));
      else this.#lost(this.#explain(error, authentication));
    });
    client.on('close', () => this.#lost(this.#closed(authentication)));
    client.on('handshake', () => {
      prepareKeys(client);
      if (this.#server === null) this.#server = this.#serverIdent();
      onStep('authenticating');
      this.#arm(AUTH_TIMEOUT_MS, () => noAnswer(hop.name, 'answer the sign-in', AUTH_TIMEOUT_MS));
    });
    client.on('change password', () =>
      this.#fail(
        new BerthError(
          'host.auth-failed',
          `The password of ${hop.user} on ${hop.address} has expired. Change it there (ssh ${hop.user}@${hop.address}), then connect again.`,
          { details: detailsOf(this.#subject, { tried: authentication.tried }) },
        ),
      ),
    );
    client.on('ready', () => this.#succeed());

    if (transport instanceof Socket) gatherWrites(transport);
    const config: ConnectConfig = {
      sock: transport as Socket,
      username: hop.user,
      // Berth's own timers stand still while a person is asked; ssh2's would not.
      readyTimeout: 0,
      keepaliveInterval: 0,
      agentForward: false,
      algorithms: {
        ...algorithms,
        serverHostKey: [...preferred(knownTypes)],
      } as unknown as NonNullable<ConnectConfig['algorithms']>,
      hostVerifier: (key: Buffer, verify: (isTrusted: boolean) => void): void => {
        this.#verify(key).then(
          () => {
            if (!transport.destroyed) verify(true);
          },
          (error: unknown) => {
            // ssh2 would call our own refusal a failed handshake: what we say counts, and first. It is never told yes,
            // and has nothing left to talk to, also when the keys of a connection that stands are renewed.
            this.#fail(error);
            client.destroy();
            transport.destroy();
          },
        );
      },
      authHandler: (_methods, _isPartial, next) => {
        const failure =
          heard ?? (isStarted ? { methodsLeft: authentication.methodsLeft, isPartial: false } : undefined);
        heard = undefined;
        isStarted = true;
        this.#arm(AUTH_TIMEOUT_MS, () => noAnswer(hop.name, 'answer the sign-in', AUTH_TIMEOUT_MS));
        void authentication.next(failure).then((step) => {
          if (this.#lostMeanwhile !== undefined) return this.#fail(new AnsweredTooLate());
          if (step !== false) next(step);
          else this.#fail(authentication.failure(this.#subject));
        });
      },
    };
    // Before ssh2 resumes it, and without making it flow: the head is only looked at.
    transport.prependListener('data', (chunk: Buffer) => {
      if (this.#head.length < 512) this.#head = Buffer.concat([this.#head, chunk.subarray(0, 512)]);
    });
    transport.pause();
    client.connect(config);
    onAuthFailure(client, (failure) => {
      heard = failure;
    });
  }

  async #verify(key: Buffer): Promise<void> {
    const { hop, onStep, pinned } = this.#request;
    // Also called when the keys of the connection are renewed: only the same key is the same server.
    if (this.#hostKey !== undefined) {
      if (this.#hostKey.equals(key)) return;
      throw new BerthError('host.key-changed', `${hop.name} showed another host key in mid-connection.`, {
        details: detailsOf(this.#subject, {
          was: fingerprintOfKey(this.#hostKey),
          is: fingerprintOfKey(key),
        }),
      });
    }
    onStep('verifying-key');
    const shown = Buffer.from(key);
    await this.#deps.hostKeys.verify(hop, shown, { ask: this.#ask, pinned });
    this.#hostKey = shown;
    if (this.#lostMeanwhile !== undefined) throw new AnsweredTooLate();
    this.#arm(HANDSHAKE_TIMEOUT_MS, () => noAnswer(hop.name, 'finish the handshake', HANDSHAKE_TIMEOUT_MS));
  }

  /** Asks the person: the timer stands still, and the place among the handshakes is free for others. */
  readonly #ask: Ask = async (question: AnyQuestion): Promise<never> => {
    this.#openQuestions++;
    this.#stopTimer?.();
    this.#permit.release();
    try {
      const answer: unknown = await this.#request.ask(question as never);
      // A host key is written down first (see #verify); the others are in the memory one turn from now.
      if (this.#lostMeanwhile !== undefined && question.kind !== 'host-key')
        setImmediate(() => this.#fail(answer === undefined ? this.#lostMeanwhile : new AnsweredTooLate()));
      return answer as never;
    } finally {
      this.#openQuestions--;
      if (this.#deadline) this.#arm(this.#deadline.timeoutMs, this.#deadline.error);
    }
  };

  #arm(timeoutMs: number, error: () => BerthError): void {
    this.#stopTimer?.();
    this.#deadline = { timeoutMs, error };
    if (this.#settle === undefined || this.#openQuestions > 0) return;
    this.#stopTimer = this.#deps.clock.after(timeoutMs, () => this.#fail(error()));
  }

  #succeed(): void {
    const settle = this.#settle;
    const transport = this.#transport;
    const key = this.#hostKey;
    if (settle === undefined || transport === undefined) return;
    if (key === undefined) {
      this.#fail(new Error('Signed in without a checked host key.'));
      return;
    }
    this.#settle = undefined;
    settle.resolve({
      client: this.#client,
      transport,
      server: this.#server,
      hostKey: { type: keyTypeOf(key) ?? 'unknown', fingerprint: fingerprintOfKey(key) },
    });
  }

  /** The connection is gone. While a person is being asked that is not yet the end. */
  #lost(error: unknown): void {
    if (this.#openQuestions > 0) this.#lostMeanwhile ??= error;
    else this.#fail(error);
  }

  #fail(error: unknown): void {
    const settle = this.#settle;
    if (settle === undefined) return;
    this.#settle = undefined;
    this.#stopTimer?.();
    settle.reject(this.#lostMeanwhile !== undefined && !BerthError.is(error) ? new AnsweredTooLate() : error);
    this.#client.destroy();
    this.#transport?.destroy();
  }

  /** An error of ssh2, with what the first bytes say about who answered. */
  #explain(error: Error, authentication: Authentication): BerthError {
    const stranger = this.#stranger(error);
    if (stranger) return stranger;
    const translated = toBerthError(error, this.#subject);
    if (translated.code === 'host.auth-failed') {
      const failure = authentication.failure(this.#subject);
      return new BerthError(
        'host.auth-failed',
        `${translated.message} Tried: ${authentication.tried.join(', ')}.`,
        {
          details: failure.details,
          cause: error,
        },
      );
    }
    return translated;
  }

  #closed(authentication: Authentication): BerthError {
    if (authentication.tried.length > 0) return authentication.failure(this.#subject);
    return this.#stranger(undefined) ?? toBerthError(new Error('Connection lost'), this.#subject);
  }

  #silence(): BerthError {
    if (this.#head.length > 0)
      return noAnswer(this.#subject.hop, 'finish the handshake', HANDSHAKE_TIMEOUT_MS);
    return new BerthError(
      'host.not-ssh',
      `${this.#subject.address} accepts connections on port ${this.#subject.port} and says nothing. Check the port: an SSH server greets first.`,
      { details: detailsOf(this.#subject) },
    );
  }

  /** Undefined: it spoke SSH. */
  #stranger(cause: Error | undefined): BerthError | undefined {
    const head = this.#head.toString('latin1');
    if (/(^|\n)SSH-(2\.0|1\.99)-/.test(head) || this.#hostKey !== undefined) return undefined;
    const { address, port } = this.#subject;
    const details = detailsOf(this.#subject, head === '' ? {} : { greeting: firstLine(head, 80) });
    if (/^(Exceeded MaxStartups|Not allowed at this time)/.test(head))
      return new BerthError(
        'host.unreachable',
        `${address} has too many connections that are signing in. Berth tries again.`,
        {
          details,
          cause,
        },
      );
    if (head === '') {
      if (cause && (cause as { code?: unknown }).code !== undefined) return undefined;
      return new BerthError(
        'host.unreachable',
        `${address} closed the connection on port ${port} before saying anything. It may be starting, overloaded or not an SSH server: try again, and check the port.`,
        { details, cause },
      );
    }
    const what = /^HTTP\//.test(head) ? 'a web server' : 'something that is not an SSH server';
    return new BerthError('host.not-ssh', `At ${address}, port ${port}, answers ${what}. Check the port.`, {
      details,
      cause,
    });
  }

  #serverIdent(): string | null {
    const line = /(?:^|\n)SSH-(?:2\.0|1\.99)-([^\r\n]*)/.exec(this.#head.toString('latin1'))?.[1];
    return line === undefined ? null : firstLine(line);
  }
}

/** Known types first, so that a known ed25519 key is not asked for as RSA. */
function preferred(knownTypes: readonly string[]): readonly string[] {
  const isKnown = (algorithm: string) =>
    knownTypes.includes(algorithm) || (algorithm.startsWith('rsa-sha2-') && knownTypes.includes('ssh-rsa'));
  return [
    ...HOST_KEY_ALGORITHMS.filter(isKnown),
    ...HOST_KEY_ALGORITHMS.filter((algorithm) => !isKnown(algorithm)),
  ];
}
