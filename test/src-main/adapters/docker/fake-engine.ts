/**
 * An engine made of answers, over in-memory streams: for what a real engine cannot be made to show here (other versions,
 * errors in the middle, registries that limit, silence). Real HTTP on both sides; only the socket is not one.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { duplexPair } from 'node:stream';
import type { ContainerEngine } from '#main/control-plane/interfaces/container-engine.ts';
import { createContainerEngineFactory } from '#main/adapters/docker/container-engine.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import type { Clock } from '#main/control-plane/interfaces/clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';

export interface AskedRequest {
  readonly method: string;
  /** Without version and query. */
  readonly path: string;
  readonly version: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}
export type Answer = (request: AskedRequest, response: ServerResponse) => unknown;

export class FakeEngine {
  readonly requests: AskedRequest[] = [];
  readonly log = new MemoryLog();
  version = { Version: '28.0.0', ApiVersion: '1.48', MinAPIVersion: '1.24' };
  /** Streams that were opened, and those that are open. */
  opened = 0;
  readonly streams = new Set<Duplex>();
  readonly #routes = new Map<string, Answer>();
  readonly #server: Server;
  readonly #clock: Clock;

  constructor(clock: Clock = createSystemClock()) {
    this.#clock = clock;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.on('GET /version', (_request, response) => json(response, 200, this.version));
    this.on('GET /containers/json', (_request, response) => json(response, 200, []));
  }

  /** `GET /path`; the newest of the same key counts. */
  on(key: string, answer: Answer): void {
    this.#routes.set(key, answer);
  }

  readonly openStream = async (): Promise<Duplex> => {
    const [ours, theirs] = duplexPair();
    this.opened++;
    this.streams.add(ours);
    ours.once('close', () => {
      this.streams.delete(ours);
      theirs.destroy();
    });
    theirs.once('close', () => ours.destroy());
    this.#server.emit('connection', theirs);
    return ours;
  };

  open(): Promise<ContainerEngine> {
    const remoteScriptsFolder = new URL('../../../../resources/remote', import.meta.url).pathname;
    return createContainerEngineFactory({ log: this.log, clock: this.#clock, remoteScriptsFolder }).open(
      this.openStream,
    );
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = new URL(request.url ?? '/', 'http://engine');
    const match = /^\/v(\d+\.\d+)(\/.*)$/.exec(url.pathname);
    const text = Buffer.concat(chunks).toString();
    const asked: AskedRequest = {
      method: request.method ?? '',
      path: match?.[2] ?? url.pathname,
      version: match?.[1] ?? '',
      query: url.searchParams,
      body: request.headers['content-type'] === 'application/json' && text !== '' ? JSON.parse(text) : text,
    };
    this.requests.push(asked);
    const answer = this.#routes.get(`${asked.method} ${asked.path}`);
    if (answer) await answer(asked, response);
    else json(response, 404, { message: 'page not found' });
  }
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** A pull's answer: 200 and these lines. */
export function lines(...values: unknown[]): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(values.map((value) => `${JSON.stringify(value)}\r\n`).join(''));
  };
}
