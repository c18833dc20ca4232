/**
 * A double of DigitalOcean's API on loopback, for tests: it keeps state, takes its time, and holds both sides to the
 * published OpenAPI document (openapi.json). How to use it:
 *
 *     const double = await startDigitalOceanDouble();               // droplets are state alone, and quick
 *     const token = double.addToken();                               // or addToken(['account:read', …])
 *     …let the client work against `double.baseUrl`…
 *     expect(double.violations).toEqual([]);                         // nothing was asked or answered against the document
 *     await double.close();                                          // throws where the double itself was at fault
 *
 * Time passes with each request (`speeds`: so many looks, so many milliseconds): a droplet is `new` for two requests, has
 * its address one later, actions take two, a deleted droplet lingers for two. `faults` makes things go wrong (faults.ts);
 * `account.plant…` puts things there that nobody asked for; `requests` is what was asked, in order.
 *
 * `machines: 'real'`: each droplet is a throw-away host with sshd, engine and cloud-init (real-hardware.ts), reachable at
 * the address that the API tells; `hostOf(id)` gets hold of it. Needs root. Nothing is left after close(), nor after the
 * test process ends in whatever way.
 *
 * A request that breaks the document is recorded, and answered 500 with what is wrong. Destroying by tag
 * (`DELETE /v2/droplets?tag_name=`) is such a request, though the document has it: it would destroy whatever else carries
 * the tag. Each limit of the API counts; more requests in a minute than 250 are answered 429 (`limits` changes that).
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { RemoteHost } from '../remote-host.ts';
import { Account } from './account.ts';
import {
  type ApiDocument,
  type ApiOperation,
  type Json,
  type JsonObject,
  loadApiDocument,
} from './api-document.ts';
import { ApiError } from './api-error.ts';
import { Destructions } from './destruction.ts';
import { DropletLife } from './droplet-life.ts';
import { Faults } from './faults.ts';
import { type Hardware, noHardware } from './hardware.ts';
import { defaultSpeeds, Pace, type Speeds } from './pace.ts';
import { documentedLimits, RateLimit, type RateLimits } from './rate-limit.ts';
import { type RealHardware, realHardware } from './real-hardware.ts';
import type { RouteAnswer, Routes } from './route.ts';
import { accountRoutes } from './routes-account.ts';
import { dropletRoutes } from './routes-droplets.ts';
import { storageRoutes } from './routes-storage.ts';

export interface DoubleOptions {
  /** Default `none`. */
  readonly machines?: 'none' | 'real';
  readonly speeds?: Partial<Speeds>;
  readonly limits?: Partial<RateLimits>;
  /** Of each account. Default 25. */
  readonly dropletLimit?: number;
}

export interface Violation {
  /** `double`: its own answer broke the document. */
  readonly by: 'client' | 'double';
  readonly operation: string;
  readonly message: string;
}

export interface SeenRequest {
  readonly operation: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body: Json | undefined;
  /** `lost`: it was never told. */
  readonly status: number | 'lost';
  readonly requestId: string;
}

export interface DigitalOceanDouble extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, to be used in the place of https://api.digitalocean.com. */
  readonly baseUrl: string;
  readonly faults: Faults;
  /** The one that tokens belong to unless they name another. */
  readonly account: Account;
  readonly violations: readonly Violation[];
  readonly requests: readonly SeenRequest[];
  /** Another account, made when first named. */
  accountNamed(name: string): Account;
  /** A token that may do all, or these scopes alone. */
  addToken(scopes?: readonly string[] | 'all', account?: string): string;
  /** Refused from now on, or after so many more of its requests. */
  revokeToken(token: string, afterRequests?: number): void;
  /** Every scope that the document names. */
  readonly allScopes: ReadonlySet<string>;
  /**
   * How often an operation (`POST /v2/droplets`) was asked, or answered with this status. A client that finds out what its
   * token may do asks for much that it does not want.
   */
  countOf(operation: string, status?: number): number;
  /** The machine behind a droplet, with `machines: 'real'`. */
  hostOf(dropletId: number | string): RemoteHost;
  /** Ends `sshRefusedMs: Infinity`. */
  letSshAnswer(dropletId: number | string): Promise<void>;
  close(): Promise<void>;
}

interface Token {
  readonly scopes: ReadonlySet<string>;
  readonly account: Account;
  readonly rate: RateLimit;
  requestsLeft: number;
}

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly body: Json | undefined;
  readonly isBodyBroken: boolean;
}

interface Given extends RouteAnswer {
  readonly headers?: Record<string, string>;
  readonly isLost?: boolean;
}

const FIRST_ID = 547_300_000;

export async function startDigitalOceanDouble(options: DoubleOptions = {}): Promise<DigitalOceanDouble> {
  const troubles: unknown[] = [];
  const real = options.machines === 'real' ? await realHardware() : undefined;
  const double = new Double(options, real, (error) => troubles.push(error));
  await double.listen();
  const close = async () => {
    await double.end();
    const own = double.violations
      .filter(({ by }) => by === 'double')
      .map(({ message }) => new Error(message));
    if (own.length + troubles.length > 0)
      throw new AggregateError(
        [...own, ...troubles],
        `the double was at fault: ${[...own, ...troubles].join('; ')}`,
      );
  };
  return Object.assign(double, { close, [Symbol.asyncDispose]: close });
}

class Double {
  readonly faults = new Faults();
  readonly violations: Violation[] = [];
  readonly requests: SeenRequest[] = [];
  readonly allScopes: ReadonlySet<string>;
  baseUrl = '';

  readonly #document: ApiDocument;
  readonly #accounts = new Map<string, Account>();
  readonly #tokens = new Map<string, Token>();
  readonly #routes: Routes;
  readonly #pace: Pace;
  readonly #hardware: Hardware;
  readonly #real: RealHardware | undefined;
  readonly #limits: RateLimits;
  readonly #dropletLimit: number;
  readonly #server: Server;
  #lastId = FIRST_ID;

  constructor(options: DoubleOptions, real: RealHardware | undefined, onTrouble: (error: unknown) => void) {
    this.#document = loadApiDocument();
    this.#real = real;
    this.#hardware = real ?? noHardware();
    this.#limits = { ...documentedLimits, ...options.limits };
    this.#dropletLimit = options.dropletLimit ?? 25;
    this.#pace = new Pace(onTrouble);
    const speeds = { ...defaultSpeeds, ...options.speeds };
    const life = { hardware: this.#hardware, pace: this.#pace, speeds, faults: this.faults };
    const droplets = new DropletLife(life);
    const parts = { ...life, life: droplets, destructions: new Destructions(droplets, life) };
    this.#routes = { ...accountRoutes(parts), ...dropletRoutes(parts), ...storageRoutes(parts) };
    this.allScopes = this.#document.scopes;
    this.#server = createServer((request, response) => {
      // The last resort: whatever is thrown here is a mistake of the double.
      this.#serve(request, response).catch((error: unknown) => {
        onTrouble(error);
        response.destroy();
      });
    });
  }

  get account(): Account {
    return this.accountNamed('main');
  }

  accountNamed(name: string): Account {
    const known = this.#accounts.get(name);
    if (known) return known;
    const nextId = () => ++this.#lastId;
    const now = () => new Date(Date.now() + this.faults.clockSkewMs);
    const account = new Account({ name, dropletLimit: this.#dropletLimit, now, nextId });
    this.#accounts.set(name, account);
    return account;
  }

  addToken(scopes: readonly string[] | 'all' = 'all', account = 'main'): string {
    const token = `dop_v1_${randomBytes(32).toString('hex')}`;
    this.#tokens.set(token, {
      scopes: scopes === 'all' ? this.allScopes : new Set(scopes),
      account: this.accountNamed(account),
      rate: new RateLimit(this.#limits),
      requestsLeft: Number.POSITIVE_INFINITY,
    });
    return token;
  }

  revokeToken(token: string, afterRequests = 0): void {
    const known = this.#tokens.get(token);
    if (!known) throw new Error('the double has no such token');
    known.requestsLeft = afterRequests;
  }

  countOf(operation: string, status?: number): number {
    const isMeant = (request: SeenRequest) => status === undefined || request.status === status;
    return this.requests.filter((one) => one.operation === operation && isMeant(one)).length;
  }

  hostOf(dropletId: number | string): RemoteHost {
    if (!this.#real) throw new Error('the droplets of this double have no machines');
    return this.#real.hostOf(Number(dropletId));
  }

  async letSshAnswer(dropletId: number | string): Promise<void> {
    await this.#real?.letSshAnswer(Number(dropletId));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    this.baseUrl = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async end(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    await this.#hardware.close();
  }

  // --- one request ------------------------------------------------------------------------------------------------

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await readRequest(request, this.baseUrl);
    const found = this.#document.find(asked.method, asked.url.pathname);
    const requestId = randomUUID();
    const operation = found?.operation.key ?? `${asked.method} ${asked.url.pathname}`;
    const given = await this.#answer(request, asked, found, requestId);
    this.requests.push({
      ...{ operation, method: asked.method, body: asked.body, requestId },
      path: `${asked.url.pathname}${asked.url.search}`,
      status: given.isLost ? 'lost' : given.status,
    });
    if (given.isLost) {
      request.socket.destroy();
      return;
    }
    response.sendDate = false;
    const text = given.body === undefined ? undefined : JSON.stringify(given.body);
    response.writeHead(given.status, {
      date: new Date(Date.now() + this.faults.clockSkewMs).toUTCString(),
      'x-request-id': requestId,
      ...(text === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      ...given.headers,
    });
    response.end(text);
  }

  async #answer(
    request: IncomingMessage,
    asked: Asked,
    found: { operation: ApiOperation; params: JsonObject } | undefined,
    requestId: string,
  ): Promise<Given> {
    const { method, url } = asked;
    if (!found)
      return this.#violated(`${method} ${url.pathname}`, ['the document has no such operation'], requestId);
    const { operation, params } = found;
    const judged = { params, query: url.searchParams, headers: request.headers, body: asked.body };
    const wrong = asked.isBodyBroken
      ? ['the body is not JSON']
      : this.#document.requestFaults(operation, judged);
    if (operation.key === 'DELETE /v2/droplets')
      wrong.push('it destroys every droplet with the tag, whoever made it');
    if (wrong.length > 0) return this.#violated(operation.key, wrong, requestId);

    const fault = this.faults.takeHttp(operation.key, asked.body);
    if (fault?.kind === 'lose-request') return { status: 0, isLost: true };
    if (fault?.kind === 'answer') {
      const { status, id, message, headers = {} } = fault;
      return { status, headers, body: { id, message, request_id: requestId } };
    }
    const given = this.#checked(operation, this.#carryOut(request, asked, operation, params, requestId));
    if (fault?.kind === 'delay') await delay(fault.ms);
    return fault?.kind === 'lose-reply' ? { ...given, isLost: true } : given;
  }

  #carryOut(
    request: IncomingMessage,
    asked: Asked,
    operation: ApiOperation,
    params: JsonObject,
    requestId: string,
  ): Given {
    const no = (status: number, id: string, message: string, headers = {}): Given => ({
      ...{ status, headers },
      body: { id, message, request_id: requestId },
    });
    const token = this.#tokens.get(/^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    if (!token || token.requestsLeft <= 0) return no(401, 'unauthorized', 'Unable to authenticate you');
    token.requestsLeft--;
    const { headers, isOver } = token.rate.count(operation.key, Date.now());
    if (isOver) return no(429, 'too_many_requests', 'API Rate limit exceeded.', headers);
    const needed = [...operation.scopes, ...this.#document.scopesOfBody(operation, asked.body)];
    const missing = needed.find((scope) => !token.scopes.has(scope));
    if (missing !== undefined)
      return no(403, 'forbidden', `You are missing the required permission ${missing}.`, headers);
    this.#pace.look();
    const route = this.#routes[operation.key];
    if (!route) {
      const message = 'the double does not do this yet';
      this.violations.push({ by: 'double', operation: operation.key, message });
      return no(500, 'server_error', message, headers);
    }
    try {
      const answer = route({
        account: token.account,
        scopes: token.scopes,
        params: params as Record<string, string>,
        query: asked.url.searchParams,
        body: (asked.body ?? {}) as JsonObject,
        linksBase: this.faults.linksBase ?? this.baseUrl,
        pathname: asked.url.pathname,
      });
      if (answer.body === undefined) return { ...answer, headers };
      const body = this.#document.withoutUnseen(operation, answer.status, answer.body, token.scopes);
      return { status: answer.status, headers, body };
    } catch (error) {
      if (error instanceof ApiError) return no(error.status, error.id, error.message, headers);
      throw error;
    }
  }

  /** An answer that breaks the document is the double's mistake: it must not teach a client anything. */
  #checked(operation: ApiOperation, given: Given): Given {
    const wrong = this.#document.responseFaults(operation, given.status, given.body);
    if (wrong.length === 0) return given;
    const message = `the answer ${given.status} breaks the document: ${wrong.join('; ')}`;
    this.violations.push({ by: 'double', operation: operation.key, message });
    return { status: 500, body: { id: 'double', message } };
  }

  #violated(operation: string, wrong: readonly string[], requestId: string): Given {
    const message = wrong.join('; ');
    this.violations.push({ by: 'client', operation, message });
    return {
      status: 500,
      body: { id: 'violation', message: `This breaks the API's document: ${message}`, request_id: requestId },
    };
  }
}

async function readRequest(request: IncomingMessage, baseUrl: string): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const asked = { method: request.method ?? 'GET', url: new URL(request.url ?? '/', baseUrl) };
  if (text === '') return { ...asked, body: undefined, isBodyBroken: false };
  try {
    return { ...asked, body: JSON.parse(text) as Json, isBodyBroken: false };
  } catch {
    return { ...asked, body: undefined, isBodyBroken: true };
  }
}
