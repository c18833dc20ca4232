/**
 * Asks the API: one request at a time leaves when its turn has come, with a time-out, a bound on the answer, no
 * redirects, and a check of what comes back. What reads is tried again for a while; what changes something is sent once.
 * Guarantees: the token is in one header, of requests to the one address, and nowhere else.
 */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { afterAwake, type Clock } from '../../control-plane/interfaces/clock.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import type { Secret } from '../../control-plane/interfaces/secret.ts';
import { cleanId, readHeaders } from './answer-headers.ts';
import { type ChangeRoute, methodOf, pathOf, type ReadRoute, type Route } from './api-routes.ts';
import { isGone, overdueError, refusalError, strangeAnswer, transportError } from './digitalocean-error.ts';
import { cancelledBy, pause } from './pause.ts';
import { RequestPace, TURN_LIMIT_MS } from './request-pace.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Milliseconds for one request with its answer; the slowest honest ones (lists of 200) take a few seconds. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** Milliseconds that a read goes on trying, and before each further try. */
const READ_PATIENCE_MS = 15_000;
const READ_AGAIN_AFTER_MS = [250, 500, 1_000, 2_000, 4_000, 8_000] as const;
/** A page of 200 Droplets has about 1 MB. */
const MAX_ANSWER_BYTES = 16 * 2 ** 20;
const MAX_PROVIDER_WORDS = 400;

const ErrorBody = z.object({
  message: z.string().optional(),
  request_id: z.string().nullish(),
  // Some calls of the newer services speak so.
  error: z.string().optional(),
  root_causes: z.array(z.string()).optional(),
});

export interface ApiWish {
  readonly parts?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface ApiClientDeps {
  readonly baseUrl: string;
  readonly token: Secret;
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch: Fetch;
}

export class ApiClient {
  readonly #deps: ApiClientDeps;
  readonly #pace: RequestPace;
  readonly #host: string;
  #clockAheadMs: number | null = null;

  constructor(deps: ApiClientDeps) {
    this.#deps = deps;
    this.#pace = new RequestPace(deps.clock);
    this.#host = new URL(deps.baseUrl).host;
  }

  get clock(): Clock {
    return this.#deps.clock;
  }
  get baseUrl(): string {
    return this.#deps.baseUrl;
  }
  get clockAheadMs(): number | null {
    return this.#clockAheadMs;
  }

  /** Throws cloud.*, cancelled. 404 is a `cloud.refused` for which `isGone` is true. */
  async read<T>(route: ReadRoute, shape: z.ZodType<T>, signal: AbortSignal, wish: ApiWish = {}): Promise<T> {
    return this.readAt(route, this.#urlOf(route, wish), shape, signal);
  }

  /** As `read`; undefined where it is not there. */
  async find<T>(
    route: ReadRoute,
    shape: z.ZodType<T>,
    signal: AbortSignal,
    wish: ApiWish = {},
  ): Promise<T | undefined> {
    return this.read(route, shape, signal, wish).catch((error: unknown) => {
      if (isGone(error)) return undefined;
      throw error;
    });
  }

  /** A page that an answer named; its address was checked by the caller. */
  async readAt<T>(route: ReadRoute, url: string, shape: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    const { clock } = this.#deps;
    const beganMs = clock.monotonicMs();
    for (let tries = 0; ; tries += 1) {
      await this.#pace.turn(signal);
      try {
        return await this.#once(route, url, shape, undefined, signal);
      } catch (error) {
        const tookMs = clock.monotonicMs() - beganMs;
        // The next turn comes when the provider has said, or is refused where that is too far away.
        if (BerthError.is(error, 'cloud.rate-limited') && tookMs < TURN_LIMIT_MS) continue;
        if (!BerthError.is(error, 'cloud.unreachable', 'cloud.failed')) throw error;
        const waitMs = READ_AGAIN_AFTER_MS[tries] ?? READ_PATIENCE_MS;
        if (tookMs + waitMs > READ_PATIENCE_MS) throw error;
        await pause(clock, waitMs, signal);
      }
    }
  }

  /** Sent once: `cloud.unreachable` and `cloud.failed` leave open whether it was done. Throws as `read`. */
  async change<T>(
    route: ChangeRoute,
    shape: z.ZodType<T>,
    signal: AbortSignal,
    wish: ApiWish = {},
  ): Promise<T> {
    await this.#pace.turn(signal);
    return this.#once(route, this.#urlOf(route, wish), shape, wish.body, signal);
  }

  /** Once, and what status it gave; for trying out what a token may do. Throws as `read`, but for 4xx and 5xx. */
  async statusOf(route: Route, signal: AbortSignal, wish: ApiWish = {}): Promise<number> {
    await this.#pace.turn(signal);
    try {
      await this.#once(route, this.#urlOf(route, wish), z.unknown(), wish.body, signal);
      return 200;
    } catch (error) {
      if (BerthError.is(error) && typeof error.details.status === 'number') return error.details.status;
      throw error;
    }
  }

  #urlOf(route: Route, { parts, query }: ApiWish): string {
    const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
    return `${this.#deps.baseUrl}${pathOf(route, parts)}${search}`;
  }

  async #once<T>(
    route: Route,
    url: string,
    shape: z.ZodType<T>,
    body: unknown,
    signal: AbortSignal,
  ): Promise<T> {
    const { clock, log } = this.#deps;
    if (signal.aborted) throw cancelledBy(signal);
    const limit = new AbortController();
    const stop = afterAwake(clock, REQUEST_TIMEOUT_MS, () => limit.abort());
    const beganMs = clock.monotonicMs();
    const sentAtMs = clock.nowMs();
    try {
      const response = await this.#send(route, url, body, AbortSignal.any([signal, limit.signal]));
      const headers = readHeaders(response.headers, clock.nowMs());
      // The header has whole seconds; on average half of one is missing from it.
      if (headers.dateMs !== null)
        this.#clockAheadMs = Math.round((sentAtMs + clock.nowMs()) / 2 - (headers.dateMs + 500));
      this.#pace.noteRemaining(headers.remaining);
      const { status } = response;
      log.debug('DigitalOcean answered', {
        route,
        status,
        tookMs: Math.round(clock.monotonicMs() - beganMs),
        requestId: headers.requestId,
      });
      const bytes = await readBody(response, headers.requestId);
      if (status === 429) throw this.#pace.stop(headers.retryAfterMs);
      if (status >= 300 && status < 400)
        throw strangeAnswer(`it points elsewhere (status ${status})`, headers.requestId);
      if (status >= 400) throw this.#refusal(route, status, bytes, headers.requestId);
      return parseAnswer(bytes, shape, headers.requestId);
    } catch (error) {
      if (signal.aborted) throw cancelledBy(signal);
      if (limit.signal.aborted) throw overdueError(this.#host, REQUEST_TIMEOUT_MS);
      throw BerthError.is(error) ? error : transportError(error, this.#host);
    } finally {
      stop();
    }
  }

  #send(route: Route, url: string, body: unknown, signal: AbortSignal): Promise<Response> {
    const { fetch, token } = this.#deps;
    return fetch(url, {
      method: methodOf(route),
      redirect: 'manual',
      signal,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${token.reveal()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  #refusal(route: Route, status: number, bytes: Buffer, headerId: string | null): BerthError {
    const body = ErrorBody.safeParse(parseJson(bytes)).data ?? {};
    const words = body.message ?? body.root_causes?.join('; ') ?? body.error ?? '';
    return refusalError({
      route,
      status,
      message: this.#printable(words),
      requestId: headerId ?? cleanId(body.request_id),
    });
  }

  /** One bounded line; an answer that repeats the token is told without it. */
  #printable(text: string): string {
    return text
      .replaceAll(this.#deps.token.reveal(), '[secret]')
      .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
      .trim()
      .slice(0, MAX_PROVIDER_WORDS);
  }
}

async function readBody(response: Response, requestId: string | null): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > MAX_ANSWER_BYTES)
      throw strangeAnswer(`it has more than ${MAX_ANSWER_BYTES / 2 ** 20} MiB`, requestId);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseAnswer<T>(bytes: Buffer, shape: z.ZodType<T>, requestId: string | null): T {
  const parsed = shape.safeParse(bytes.length === 0 ? undefined : parseJson(bytes));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  // Where it is wrong, never what stands there.
  throw strangeAnswer(`${issue?.path.join('.') || 'all of it'} is not as documented`, requestId);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
