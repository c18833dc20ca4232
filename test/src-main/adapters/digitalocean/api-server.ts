/**
 * An API that a test writes down answer by answer: for what the real one does once in a while and a double that keeps
 * state does not (odd headers, broken bodies, pages elsewhere). Remembers what it was asked.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { REQUEST_TIMEOUT_MS } from '#main/adapters/digitalocean/api-client.ts';
import { createDigitalOcean } from '#main/adapters/digitalocean/digitalocean.ts';
import type { CloudClient } from '#main/control-plane/interfaces/cloud-provider.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';

export const token = `dop_v1_${'0123456789abcdef'.repeat(4)}`;

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}
export interface Answer {
  readonly status?: number;
  /** JSON, or text as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection breaks in place of an answer. */
  readonly isLost?: true;
  /** There is never an answer. */
  readonly isSilent?: true;
}
/** For each `METHOD /path`: an answer, a row of them (the last one stays), or what makes one. */
export type Answers = Record<string, Answer | readonly Answer[] | ((asked: Asked) => Answer)>;

export class ApiServer {
  readonly asked: Asked[] = [];
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(answers: Answers): Promise<ApiServer> {
    const left = new Map<string, readonly Answer[]>();
    const server = createServer((request, response) => {
      void ApiServer.#read(request).then((asked) => {
        api.asked.push(asked);
        const key = `${asked.method} ${asked.path}`;
        const told = answers[key];
        const row = typeof told === 'function' ? [told(asked)] : (left.get(key) ?? [told ?? missing].flat());
        const [next = missing, ...rest] = row;
        if (typeof told !== 'function') left.set(key, rest.length === 0 ? row : rest);
        ApiServer.#answer(response, next);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const api = new ApiServer(server);
    onTestFinished(() => api.close());
    return api;
  }

  /** What was asked, as `METHOD /path`, in order. */
  get lines(): string[] {
    return this.asked.map(({ method, path }) => `${method} ${path}`);
  }
  bodyOf(line: string): unknown {
    return this.asked.find(({ method, path }) => `${method} ${path}` === line)?.body;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  static async #read(request: IncomingMessage): Promise<Asked> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const url = new URL(request.url ?? '/', 'http://api.example.org');
    return {
      method: request.method ?? '',
      path: decodeURIComponent(url.pathname),
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
  }

  static #answer(response: ServerResponse, { body, headers, isLost, isSilent, status = 200 }: Answer): void {
    if (isLost) return void response.destroy();
    if (isSilent) return;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body));
  }
}

const missing: Answer = { status: 404, body: { id: 'not_found', message: 'The resource was not found.' } };
export const refused = (status: number, message: string, id = 'unprocessable_entity'): Answer => ({
  status,
  body: { id, message },
});

/** Time-outs of requests wait for a test to say so: requests here take real time, and the clock does not. */
export class RequestClock extends ManualClock {
  readonly #timeouts = new Set<() => void>();

  override after(delayMs: number, run: () => void): () => void {
    if (delayMs !== REQUEST_TIMEOUT_MS) return super.after(delayMs, run);
    this.#timeouts.add(run);
    return () => void this.#timeouts.delete(run);
  }

  get requestsUnderWay(): number {
    return this.#timeouts.size;
  }
  timeOut(): void {
    for (const run of [...this.#timeouts]) run();
  }
}

export interface World {
  readonly api: ApiServer;
  readonly client: CloudClient;
  readonly clock: RequestClock;
  readonly log: MemoryLog;
  readonly signal: AbortSignal;
  /** Moves the clock over each wait of the client's own, until the promise has settled. */
  readonly settle: <T>(promise: Promise<T>) => Promise<T>;
}

/** A client of a server with these answers, on a clock that moves by hand. */
export async function talkTo(answers: Answers): Promise<World> {
  const api = await ApiServer.start(answers);
  const clock = new RequestClock();
  const log = new MemoryLog();
  const client = createDigitalOcean({ baseUrl: api.url, clock, log }).open(new Secret(token));
  return { api, client, clock, log, signal: new AbortController().signal, settle: settleOn(clock) };
}

function settleOn(clock: ManualClock): World['settle'] {
  return async (promise) => {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    promise.then(settled, settled);
    while (!isSettled) {
      if (clock.nextTimerMs !== undefined) await clock.advance(clock.nextTimerMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return promise;
  };
}

/** What a call threw. */
export async function failureOf(promise: Promise<unknown>): Promise<BerthError> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (BerthError.is(error)) return error;
  throw error;
}
