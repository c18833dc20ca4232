/**
 * The gateway on a real loopback server, in front of real HTTP servers of a test, through a door that dials them. A browser
 * that was let in, and one that was not, in one line each.
 */
import { once } from 'node:events';
import {
  type Agent,
  type ClientRequest,
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type RequestListener,
  type RequestOptions as NodeRequestOptions,
  type Server,
} from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, type UserId } from '#contract/ids.ts';
import type { AppAdmission, AppDoor, AppTarget, AppVisitor } from '#main/control-plane/forwards/app-door.ts';
import type { Secret } from '#main/control-plane/interfaces/secret.ts';
import { loopbackBase } from '#main/server/apps/app-addresses.ts';
import { type AppGateway, createAppGateway } from '#main/server/apps/app-gateway.ts';
import { serveApps, serverOptions } from '#main/server/apps/app-listening.ts';
import { recordingLog } from '#test/transports/plane-double.ts';

export const owner = localOwnerId;
export const stranger: UserId = 'user_11111111111111111111';

/** A way to one port of this computer, with what the plane would say in its place. */
export class FakeApp {
  target: AppTarget;
  /** Thrown by each dial, while it is there. */
  problem: BerthError | undefined;
  password: Secret | null = null;
  readonly connections = new Set<Socket>();
  dials = 0;

  constructor(port: number, label: string, over: Partial<AppTarget> = {}) {
    this.target = {
      forwardId: `fwd_${label.replaceAll('-', '').padEnd(20, '0').slice(0, 20)}`,
      workspaceId: 'ws_00000000000000000000',
      workspaceName: 'api',
      ownerId: owner,
      port,
      protocol: 'http',
      hostHeader: 'kept',
      path: '/',
      login: { how: 'none' },
      isWanted: true,
      password: () => Promise.resolve(this.password),
      connect: () => this.#dial(port),
      ...over,
    };
  }

  async #dial(port: number): Promise<Duplex> {
    this.dials += 1;
    if (this.problem !== undefined) throw this.problem;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.connections.add(socket);
    socket.once('close', () => this.connections.delete(socket));
    await once(socket, 'connect');
    return new Way(socket);
  }

  /** As when the way to the host is lost. */
  cut(): void {
    for (const socket of this.connections)
      socket.destroy(new BerthError('connection-lost', 'The connection into the workspace was lost.'));
  }
}

/** As the plane's ways: a stream, and no socket of Node's; each direction ends by itself, and what breaks is an error. */
class Way extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on('data', (bytes) => {
      if (!this.push(bytes)) socket.pause();
    });
    socket.once('end', () => this.push(null));
    socket.once('error', (error) => this.destroy(error));
    socket.once('close', () => this.destroy());
  }
  override _read(): void {
    this.#socket.resume();
  }
  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done);
  }
  override _final(done: () => void): void {
    this.#socket.end(done);
  }
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}

export class FakeDoor implements AppDoor {
  readonly apps = new Map<string, FakeApp>();
  readonly #listeners = new Set<(label: string) => void>();
  carrier: Parameters<AppDoor['setCarrier']>[0] | undefined;
  readonly kept = new Map<string, AppAdmission>();
  readonly admissions = {
    find: (id: string) => this.kept.get(id),
    keep: (admission: AppAdmission) => void this.kept.set(admission.id, admission),
    drop: (id: string) => void this.kept.delete(id),
  };
  /** Whether the sessions that asked for links are as good as they were. */
  isThere = true;

  isStillThere(): boolean {
    return this.isThere;
  }
  find(label: string): AppTarget | undefined {
    return this.apps.get(label)?.target;
  }
  onChange(listener: (label: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  setCarrier(carrier: Parameters<AppDoor['setCarrier']>[0]): void {
    this.carrier = carrier;
  }
  change(label: string, over: Partial<AppTarget>): void {
    const app = this.apps.get(label);
    if (app !== undefined) app.target = { ...app.target, ...over };
    for (const listener of this.#listeners) listener(label);
  }
}

type RequestOptions = Omit<NodeRequestOptions, 'headers'> & { readonly headers?: OutgoingHttpHeaders };

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly label?: string;
  /** Default: that of the browser which was let in; empty: none. */
  readonly cookie?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
}

export interface Told {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly trailers: IncomingMessage['trailers'];
  /** The connection ended before the answer did. */
  readonly isCut: boolean;
}

export class AppWorld implements AsyncDisposable {
  readonly door = new FakeDoor();
  readonly log = recordingLog();
  readonly server: Server;
  gateway: AppGateway;
  readonly port: number;
  readonly #apps: Server[] = [];
  readonly visitor: AppVisitor = { userId: owner, access: null };
  nowMs = 1_800_000_000_000;

  private constructor(server: Server, port: number) {
    this.server = server;
    this.port = port;
    this.gateway = this.#gateway();
  }

  #gateway(): AppGateway {
    return createAppGateway({
      door: this.door,
      base: loopbackBase(this.port),
      frameOrigins: ['http://127.0.0.1:7474'],
      hiddenCookies: ['berth-7474'],
      isOwnAuthorization: (value) => value.startsWith('Bearer berth_'),
      addressOf: () => '198.51.100.7',
      log: this.log,
      nowMs: () => this.nowMs,
    });
  }

  /** As Berth ends and begins: all that was in memory is gone. */
  restart(): void {
    this.gateway.close();
    this.gateway = this.#gateway();
  }

  static async start(): Promise<AppWorld> {
    const held: { world?: AppWorld } = {};
    const server = serveApps(createServer(serverOptions), () => held.world?.gateway);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    held.world = new AppWorld(server, (server.address() as AddressInfo).port);
    return held.world;
  }

  /** An app on a port of its own. */
  async app(
    label: string,
    listener: RequestListener,
    over: Partial<AppTarget> = {},
  ): Promise<FakeApp & { server: Server }> {
    return this.behind(label, createServer({ maxHeaderSize: 128 * 1024 }, listener), over);
  }

  async behind<S extends Server>(
    label: string,
    server: S,
    over: Partial<AppTarget> = {},
  ): Promise<FakeApp & { server: S }> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#apps.push(server);
    const app = Object.assign(new FakeApp((server.address() as AddressInfo).port, label, over), { server });
    this.door.apps.set(label, app);
    return app;
  }

  /** An app that speaks for itself, byte by byte. */
  async wire(onConnection: (socket: Socket) => void, label = 'api-3000'): Promise<FakeApp> {
    const server = createServer();
    server.removeAllListeners('connection');
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    return await this.behind(label, server);
  }

  hostOf(label = 'api-3000'): string {
    return `${label}.localhost:${this.port}`;
  }
  originOf(label = 'api-3000'): string {
    return `http://${this.hostOf(label)}`;
  }

  ticketFor(label = 'api-3000', shownIn: 'browser' | 'frame' = 'browser', path = '/'): string {
    return new URL(this.gateway.createLink({ label, path, visitor: this.visitor, shownIn }).url).hash.slice(
      1,
    );
  }

  /** The page's post. */
  enter(label: string, ticket: string, headers: Record<string, string> = {}): Promise<Told> {
    return this.ask({
      label,
      method: 'POST',
      path: '/.berth/enter',
      cookie: '',
      body: ticket,
      headers: { origin: this.originOf(label), ...headers },
    });
  }

  /** A browser that was let in: its Cookie header. */
  async letIn(label = 'api-3000', shownIn: 'browser' | 'frame' = 'browser'): Promise<string> {
    const { headers } = await this.enter(label, this.ticketFor(label, shownIn));
    return String(headers['set-cookie']).split(';')[0] ?? '';
  }

  /** As a browser asks, whole; without a cookie given, with that of a browser which was let in. */
  async ask({
    method = 'GET',
    path = '/',
    label = 'api-3000',
    cookie,
    headers = {},
    body,
    agent,
  }: Asked): Promise<Told> {
    const sent = cookie ?? (await this.letIn(label));
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.port,
          method,
          path,
          maxHeaderSize: 128 * 1024,
          agent: agent ?? false,
          headers: { host: this.hostOf(label), ...(sent === '' ? {} : { cookie: sent }), ...headers },
        },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk: string) => (text += chunk));
          answer.on('error', () => undefined);
          answer.once('close', () => {
            const { statusCode: status = 0, trailers } = answer;
            resolve({ status, headers: answer.headers, text, trailers, isCut: !answer.complete });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** Of a browser that was let in, to be ended by whoever asks for it. */
  request(cookie: string, options: RequestOptions = {}): ClientRequest {
    const headers = { host: this.hostOf(), cookie, ...options.headers };
    return request({ host: '127.0.0.1', port: this.port, agent: false, ...options, headers });
  }

  /** The head of an answer. */
  async head(outgoing: ClientRequest): Promise<IncomingMessage> {
    const [answer] = (await once(outgoing.end(), 'response')) as [IncomingMessage];
    return answer;
  }

  /** A request whose answer has begun; the function tells how it ends. */
  async begin(cookie: string): Promise<() => Promise<boolean>> {
    const answer = await this.head(this.request(cookie));
    answer.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => answer.once('close', resolve));
    await once(answer, 'data');
    return async () => {
      await closed;
      return !answer.complete;
    };
  }

  /** Bytes as they are, and all that comes back until the end. */
  async raw(text: string, { isHalfClosed = false } = {}): Promise<string> {
    const socket = connect({ port: this.port, host: '127.0.0.1', allowHalfOpen: true });
    if (isHalfClosed) socket.end(text);
    else socket.write(text);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    socket.destroy();
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.gateway.close();
    for (const server of [this.server, ...this.#apps]) {
      server.closeAllConnections();
      server.close();
    }
  }
}
