/**
 * One request to an app and its answer back, both as they come: nothing is kept longer than the slower side needs, so that
 * gigabytes take no memory. Guarantees: a body that was cut on one side never looks whole on the other (RFC 9112, 8); when
 * the browser goes, so does the app's work for it.
 */
import { type ClientRequest, request as ask } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AppAgent, connectionOptions } from './app-connections.ts';
import { withCookies } from './app-cookies.ts';
import { type FormLogin, loginHeaders } from './app-login.ts';
import { pairsOf, valuesOf } from './header-lists.ts';
import { hasBody, requestHeaders } from './request-headers.ts';
import { cookiesFor, responseHeaders } from './response-headers.ts';
import type { Visit } from './visit.ts';

/** What an app may say before its body. Bytes. */
const maxAppHeaderBytes = 128 * 1024;
/** For the rest of a body that nobody wants, so that its sender can read the answer. Milliseconds. */
const restMs = 2_000;

export interface RelayParts {
  readonly agent: AppAgent;
  readonly formLogin: FormLogin;
}

/**
 * Resolves when the answer has begun. Throws before any of it is out: what the plane's `connect` throws, or an error of
 * Node's where the app spoke no HTTP.
 */
export async function relayRequest(
  visit: Visit,
  request: IncomingMessage,
  response: ServerResponse,
  parts: RelayParts,
): Promise<void> {
  const { target, side, shown, address } = visit;
  const { method = 'GET', url: path = '/', rawHeaders } = request;
  const gone = goneSignal(response);
  const headers = requestHeaders({ method, headers: rawHeaders, address }, side);
  headers.push(...(await loginHeaders(target, headers)));
  const wish: Wish = { visit, method, path, headers, request, response, gone, agent: parts.agent };
  const isWhole = !hasBody(rawHeaders);
  const answer = isWhole && isReading(method) ? await sendAgain(wish) : await send(wish);
  const isPage = isWhole && method === 'GET' && asksForPage(request);
  if (!isPage || !parts.formLogin.asks(target, path, answer, side.origin)) {
    pass(answer, wish, responseHeaders(answer.rawHeaders, side, shown));
    return;
  }
  const setCookies = await parts.formLogin.post(target, headers, gone).catch((error: unknown) => {
    answer.destroy();
    throw error;
  });
  if (setCookies === undefined) {
    pass(answer, wish, responseHeaders(answer.rawHeaders, side, shown));
    return;
  }
  answer.destroy();
  const cookie = withCookies(valuesOf(headers, 'cookie').join('; ') || undefined, setCookies);
  const others = pairsOf(headers).filter(([name]) => name.toLowerCase() !== 'cookie');
  const again = await send({
    ...wish,
    headers: [...others.flat(), ...(cookie === undefined ? [] : ['Cookie', cookie])],
  });
  if (parts.formLogin.asks(target, path, again, side.origin)) parts.formLogin.pause(target);
  pass(again, wish, [
    ...responseHeaders(again.rawHeaders, side, shown),
    ...cookiesFor(setCookies, side, shown),
  ]);
}

interface Wish {
  readonly visit: Visit;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly gone: AbortSignal;
  readonly agent: AppAgent;
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** As a browser that goes somewhere; not a script's request. */
export function asksForPage({ headers }: IncomingMessage): boolean {
  const isNavigation = (headers['sec-fetch-mode'] ?? 'navigate') === 'navigate';
  return isNavigation && /\btext\/html\b/i.test(headers.accept ?? '');
}

/** Aborts when the browser goes before it has the whole answer. */
function goneSignal(response: ServerResponse): AbortSignal {
  const abort = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) abort.abort();
  });
  return abort.signal;
}

/** An idle connection may end in the moment in which it is used: then nothing was done, and it is asked once more. */
async function sendAgain(wish: Wish): Promise<IncomingMessage> {
  const first: { outgoing?: ClientRequest } = {};
  try {
    return await send(wish, (outgoing) => (first.outgoing = outgoing));
  } catch (error) {
    const wasReset = ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');
    if (first.outgoing?.reusedSocket !== true || !wasReset || wish.gone.aborted) throw error;
    return await send(wish);
  }
}

function send(wish: Wish, onBegun?: (outgoing: ClientRequest) => void): Promise<IncomingMessage> {
  const { visit, method, path, headers, request, response, gone, agent } = wish;
  return new Promise((resolve, reject) => {
    const outgoing = ask({
      ...connectionOptions(visit.target),
      agent,
      method,
      path,
      headers: [...headers],
      maxHeaderSize: maxAppHeaderBytes,
      signal: gone,
    });
    onBegun?.(outgoing);
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    // What follows an answer is told by the answer itself.
    outgoing.on('error', () => undefined);
    if (!hasBody(request.rawHeaders)) {
      outgoing.end();
      return;
    }
    outgoing.once('continue', () => response.writeContinue());
    outgoing.flushHeaders();
    sendBody(request, outgoing);
  });
}

/** Ends the app's request only where the browser's has ended. */
function sendBody(request: IncomingMessage, outgoing: ClientRequest): void {
  request.pipe(outgoing, { end: false });
  request.once('end', () => {
    if (!request.complete || outgoing.destroyed) return;
    if (request.rawTrailers.length > 0) outgoing.addTrailers(pairsOf(request.rawTrailers));
    outgoing.end();
  });
  outgoing.once('close', () => {
    if (request.complete) return;
    // The app wants no more of it, or is gone: what still comes is thrown away until the answer is out.
    request.unpipe(outgoing);
    request.resume();
  });
}

function pass(answer: IncomingMessage, { request, response }: Wish, headers: string[]): void {
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', headers);
  } catch (error) {
    // A header that cannot be sent on: the app's fault.
    answer.destroy();
    throw error;
  }
  // With the first of the body in one packet, where that is there already; else at once, as for a stream of events.
  const flushing = setImmediate(() => response.flushHeaders());
  answer.pipe(response, { end: false });
  answer.once('data', () => clearImmediate(flushing));
  answer.once('end', () => {
    clearImmediate(flushing);
    if (answer.rawTrailers.length > 0) response.addTrailers(pairsOf(answer.rawTrailers));
    response.end();
  });
  answer.on('error', () => response.destroy());
  answer.once('close', () => {
    if (!answer.complete) response.destroy();
  });
  response.once('finish', () => {
    if (request.complete) return;
    setTimeout(() => {
      if (!request.complete) request.socket.destroy();
    }, restMs).unref();
  });
}
