/**
 * Asks the Engine API through dockerode's modem, over streams that the host's connection opens. Every call has a
 * time-out and a signal, answers are bounded, and failures are translated here once. Knows HTTP, not the endpoints.
 */
import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import Docker from 'dockerode';
import { BerthError, type ErrorDetails } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import { CallSlots } from './call-slots.ts';
import { engineAnswerError, engineTransportError, type Subject } from './docker-error.ts';
import { EngineAgent, type OpenStream } from './engine-agent.ts';
import { asRecord, asText } from './engine-json.ts';

export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Without version; parts that come from outside are encoded by the caller (`pathPart`). */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  /** A tar archive, for PUT. */
  readonly archive?: Buffer;
  readonly subject: Subject;
  readonly details?: ErrorDetails;
  /** Statuses from 400 up that are an answer, not a failure; 304 always is. */
  readonly accept?: readonly number[];
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface EngineAnswer {
  readonly status: number;
  readonly json: unknown;
}

/** A list of some hundred containers answers in milliseconds; a busy disk may need seconds for the first. */
export const CALL_TIMEOUT_MS = 30_000;
const MAX_CALLS_AT_ONCE = 32;
/** The largest honest answer (inspects, lists of thousands) is a few MiB; more is a host that floods us. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;

/** Every status is ours to judge: docker-modem would read error bodies without a bound. */
const anyStatus: Record<number, true> = {};
for (let status = 100; status < 600; status++) anyStatus[status] = true;

type Dialled = { kind: 'answer'; response: IncomingMessage } | { kind: 'upgraded'; stream: Duplex };

export class EngineClient {
  readonly #agent: EngineAgent;
  readonly #slots = new CallSlots(MAX_CALLS_AT_ONCE);
  readonly #clock: Clock;
  readonly #modem: Docker['modem'];

  constructor(deps: { openStream: OpenStream; clock: Clock; apiVersion?: string; agent?: EngineAgent }) {
    this.#clock = deps.clock;
    this.#agent = deps.agent ?? new EngineAgent(deps.openStream);
    const docker = new Docker({
      // All that the modem would else take from DOCKER_HOST, DOCKER_CERT_PATH and DOCKER_CLIENT_TIMEOUT.
      protocol: 'http',
      host: 'engine',
      port: 80,
      ...(deps.apiVersion === undefined ? {} : { version: `v${deps.apiVersion}` }),
    });
    this.#modem = docker.modem;
    // The agent is no part of dockerode's types; the others it may have taken from the environment.
    const ours = {
      agent: this.#agent,
      timeout: undefined,
      pathPrefix: '/',
      key: undefined,
      cert: undefined,
      ca: undefined,
    };
    Object.assign(this.#modem, ours);
  }

  /** The same streams under a version, once it is negotiated. */
  withVersion(apiVersion: string): EngineClient {
    return new EngineClient({
      openStream: () => Promise.reject(new Error('the agent opens streams')),
      clock: this.#clock,
      apiVersion,
      agent: this.#agent,
    });
  }

  /** One call, one answer. A read that met a stream which had just died is asked once more. */
  async call(request: EngineRequest): Promise<EngineAnswer> {
    try {
      return await this.#callOnce(request);
    } catch (error) {
      const isStale =
        request.method === 'GET' &&
        BerthError.is(error, 'connection-lost') &&
        error.cause !== undefined &&
        request.signal?.aborted !== true;
      if (!isStale) throw error;
      return await this.#callOnce(request);
    }
  }

  async json(request: EngineRequest): Promise<unknown> {
    return (await this.call(request)).json;
  }

  async #callOnce(request: EngineRequest): Promise<EngineAnswer> {
    return this.#within(request, (signal) =>
      this.#slots.run(signal, async () => {
        const response = await this.#answer(request, signal);
        const bytes = await readBounded(response, MAX_ANSWER_BYTES);
        return { status: response.statusCode ?? 0, json: parseJson(bytes, request) };
      }),
    );
  }

  /**
   * A long answer, read by the caller. The time-out is for its beginning; the signal ends it at any time (the stream then
   * errors). The caller must read or destroy it.
   */
  async stream(request: EngineRequest): Promise<IncomingMessage> {
    const following = new AbortController();
    const follow = () => following.abort(request.signal?.reason);
    if (request.signal?.aborted) follow();
    else request.signal?.addEventListener('abort', follow, { once: true });
    const forget = () => request.signal?.removeEventListener('abort', follow);
    try {
      const response = await this.#within({ ...request, signal: following.signal }, (signal) => {
        const stop = () => following.abort(signal.reason);
        signal.addEventListener('abort', stop, { once: true });
        return this.#answer(request, following.signal).finally(() =>
          signal.removeEventListener('abort', stop),
        );
      });
      response.once('close', forget);
      return response;
    } catch (error) {
      forget();
      throw error;
    }
  }

  /** Takes the connection over (HTTP 101): raw bytes both ways. Paused; the caller owns it and its errors. */
  async upgrade(request: EngineRequest): Promise<Duplex> {
    return this.#within(request, async (signal) => {
      const dialled = await this.#dial(request, signal, true);
      if (dialled.kind === 'answer') {
        await this.#refuseFailures(request, dialled.response);
        dialled.response.destroy();
        throw new BerthError(
          'engine.failed',
          'The engine does not hand over the connection for a terminal or command.',
        );
      }
      const { stream } = dialled;
      stream.pause();
      // Between here and the owner's own listener an error must not become an uncaught exception.
      stream.on('error', () => undefined);
      if (signal.aborted) {
        stream.destroy();
        signal.throwIfAborted();
      }
      return stream;
    });
  }

  close(): void {
    this.#agent.close();
  }

  async #answer(request: EngineRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const dialled = await this.#dial(request, signal, false);
    if (dialled.kind === 'upgraded') {
      dialled.stream.destroy();
      throw new BerthError('engine.failed', 'The engine handed over a connection that nobody asked for.');
    }
    await this.#refuseFailures(request, dialled.response);
    return dialled.response;
  }

  async #refuseFailures(request: EngineRequest, response: IncomingMessage): Promise<void> {
    const status = response.statusCode ?? 0;
    if ((status >= 200 && status < 300) || status === 304 || status === 101) return;
    if (request.accept?.includes(status)) return;
    const bytes = await readBounded(response, MAX_ERROR_BYTES).catch(() => Buffer.alloc(0));
    throw engineAnswerError(request.subject, status, errorText(bytes), request.details);
  }

  #dial(request: EngineRequest, signal: AbortSignal, isUpgrade: boolean): Promise<Dialled> {
    const { method, path, query, body, archive } = request;
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      this.#modem.dial(
        {
          method,
          path: query ? `${path}?` : path,
          // The body goes to POST alone; an empty one is not sent.
          options: { _query: query ?? {}, _body: body ?? {} },
          ...(archive ? { file: archive } : {}),
          isStream: true,
          hijack: isUpgrade,
          statusCodes: anyStatus,
          abortSignal: signal,
        },
        (error: Error | null, result: unknown) => {
          if (error) reject(error);
          else if (isIncomingMessage(result)) resolve({ kind: 'answer', response: result });
          else if (result instanceof Duplex) resolve({ kind: 'upgraded', stream: result });
          else reject(new Error('the modem gave neither an answer nor a stream'));
        },
      );
    });
  }

  /** Runs with a signal that is the caller's and the time-out's; says which of them ended it. */
  async #within<T>(request: EngineRequest, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal: outer, timeoutMs = CALL_TIMEOUT_MS } = request;
    const controller = new AbortController();
    const cancelled = () => controller.abort(outer?.reason);
    if (outer?.aborted) throw cancelledError(outer.reason);
    outer?.addEventListener('abort', cancelled, { once: true });
    let isLate = false;
    const stopTimer = this.#clock.after(timeoutMs, () => {
      isLate = true;
      controller.abort();
    });
    try {
      return await run(controller.signal);
    } catch (error) {
      if (isLate)
        throw new BerthError(
          'timed-out',
          `The container engine did not answer within ${timeoutMs / 1000} s.`,
          {
            cause: error,
          },
        );
      if (outer?.aborted) throw cancelledError(outer.reason);
      throw engineTransportError(error);
    } finally {
      stopTimer();
      outer?.removeEventListener('abort', cancelled);
    }
  }
}

export function cancelledError(cause?: unknown): BerthError {
  return new BerthError('cancelled', 'It was cancelled.', cause === undefined ? {} : { cause });
}

/** A name or id as one part of a path. What cannot be one does not exist on any engine: not-found. */
export function pathPart(name: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.:-]{0,254}$/.test(name))
    throw new BerthError('not-found', 'The engine can have nothing of this name.');
  return encodeURIComponent(name);
}

function isIncomingMessage(value: unknown): value is IncomingMessage {
  return typeof value === 'object' && value !== null && 'statusCode' in value && 'headers' in value;
}

async function readBounded(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes)
      throw new BerthError(
        'engine.failed',
        `The engine answered with more than ${maxBytes / 1024 / 1024} MiB.`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `OK` (of /_ping) and an empty body are answers too. */
function parseJson(bytes: Buffer, request: EngineRequest): unknown {
  const text = bytes.toString('utf8').trim();
  if (text === '' || text === 'OK') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BerthError('engine.failed', `The engine answered ${request.path} with what is not JSON.`, {
      cause,
    });
  }
}

/** `{"message": …}` of Docker, `{"cause", "message"}` of Podman, or the bare text of a proxy. */
function errorText(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  try {
    const { message, error } = asRecord(JSON.parse(text));
    return asText(message) || asText(error) || text;
  } catch {
    return text;
  }
}
