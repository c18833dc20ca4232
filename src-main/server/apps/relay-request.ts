/**
 * One request to an app and its answer back, both as they come: nothing is kept longer than the slower side needs, so that
 * gigabytes take no memory. Guarantees: a body that was cut on one side never looks whole on the other (RFC 9112, 8); when
 * the browser goes, so does the app's work for it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppAnswer } from './app-answer.ts';
import { type AppLines, dial } from './app-connections.ts';
import { withCookies } from './app-cookies.ts';
import type { AppLine } from './app-line.ts';
import { type FormLogin, loginHeaders } from './app-login.ts';
import { breakOff } from './break-off.ts';
import { pairsOf, valuesOf } from './header-lists.ts';
import { hasBody, requestHeaders } from './request-headers.ts';
import { cookiesFor, responseHeaders } from './response-headers.ts';
import { askOnce, needsConnectionOfItsOwn } from './single-exchange.ts';
import type { Visit } from './visit.ts';

/** For the rest of a body that nobody wants, so that its sender can read the answer. Milliseconds. */
const restMs = 2_000;

export interface RelayParts {
  readonly lines: AppLines;
  readonly formLogin: FormLogin;
}

/**
 * Resolves when the answer has begun. Throws before any of it is out: what the plane's `connect` throws, or an Error where
 * the app spoke no HTTP.
 */
export async function relayRequest(
  visit: Visit,
  request: IncomingMessage,
  response: ServerResponse,
  parts: RelayParts,
): Promise<void> {
  const { target, side, shown, address } = visit;
  const { method = 'GET', url: path = '/', rawHeaders } = request;
  const leaving = new Leaving(response);
  const headers = requestHeaders({ method, headers: rawHeaders, address }, side);
  if (target.login.how !== 'none') headers.push(...(await loginHeaders(target, headers)));
  const isWhole = !hasBody(rawHeaders);
  const wish: Wish = {
    visit,
    method,
    path,
    headers,
    isWhole,
    request,
    response,
    leaving,
    lines: parts.lines,
  };
  const answer = await send(wish);
  const isPage = isWhole && method === 'GET' && asksForPage(request);
  if (!isPage || !parts.formLogin.asks(target, path, answer, side.origin)) {
    pass(answer, wish, responseHeaders(answer.headers, side, shown));
    return;
  }
  const setCookies = await parts.formLogin.post(visit, headers, leaving.signal).catch((error: unknown) => {
    answer.destroy();
    throw error;
  });
  if (setCookies === undefined) {
    pass(answer, wish, responseHeaders(answer.headers, side, shown));
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
  pass(again, wish, [...responseHeaders(again.headers, side, shown), ...cookiesFor(setCookies, side, shown)]);
}

interface Wish {
  readonly visit: Visit;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  /** No body follows. */
  readonly isWhole: boolean;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly leaving: Leaving;
  readonly lines: AppLines;
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** As a browser that goes somewhere; not a script's request. */
export function asksForPage({ headers }: IncomingMessage): boolean {
  const isNavigation = (headers['sec-fetch-mode'] ?? 'navigate') === 'navigate';
  return isNavigation && /\btext\/html\b/i.test(headers.accept ?? '');
}

/** The browser goes before it has the whole answer. */
class Leaving {
  #isGone = false;
  #line: { destroy(): void } | undefined;
  #abort: AbortController | undefined;

  constructor(response: ServerResponse) {
    response.once('close', () => {
      if (response.writableFinished) return;
      this.#isGone = true;
      this.#line?.destroy();
      this.#abort?.abort();
    });
  }

  get isGone(): boolean {
    return this.#isGone;
  }
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#isGone) this.#abort.abort();
    return this.#abort.signal;
  }

  /** It ends with the browser, then. Until it is replaced. */
  holds<L extends { destroy(): void }>(line: L): L {
    this.#line = line;
    if (this.#isGone) line.destroy();
    return line;
  }
}

/**
 * An idle connection may end in the moment in which it is used. Where nothing came back and asking twice is as asking once,
 * it is asked once more (RFC 9110, 9.2.2; RFC 9112, 9.3.1).
 */
async function send(wish: Wish): Promise<AppAnswer> {
  const { visit, method, headers, isWhole, leaving, lines } = wish;
  if (needsConnectionOfItsOwn(headers)) return await sendAlone(wish);
  const kept = lines.kept(visit.target, visit.session);
  if (kept !== undefined)
    try {
      return await askOver(leaving.holds(kept), wish);
    } catch (error) {
      const mayRepeat = isWhole && isReading(method) && kept.isUntouched && !leaving.isGone;
      if (!mayRepeat) throw error;
    }
  return await askOver(leaving.holds(await lines.open(visit.target, visit.session, leaving.signal)), wish);
}

function askOver(line: AppLine, { method, path, headers, isWhole, request }: Wish): Promise<AppAnswer> {
  return line.ask({ method, path, headers, body: isWhole ? undefined : request });
}

async function sendAlone({ visit, leaving, isWhole, request, response, ...wish }: Wish): Promise<AppAnswer> {
  const connection = leaving.holds(await dial(visit.target, leaving.signal));
  const onContinue = () => response.writeContinue();
  return await askOnce(connection, { ...wish, body: isWhole ? undefined : request, onContinue });
}

function pass(answer: AppAnswer, { request, response }: Wish, headers: string[]): void {
  try {
    response.writeHead(answer.status, answer.reason, headers);
  } catch (error) {
    // A header that cannot be sent on: the app's fault.
    answer.destroy();
    throw error;
  }
  answer.readTo({
    take: (bytes) => response.write(bytes),
    onRoom: (listener) => void response.once('drain', listener),
    end(trailers) {
      if (trailers.length > 0) response.addTrailers(pairsOf(trailers));
      response.end();
    },
    cut() {
      // To HTTP/1.0, where the connection's end is the body's, nothing less than a reset says so.
      if (request.httpVersionMinor === 0 && response.socket !== null) breakOff(response.socket);
      response.destroy();
    },
  });
  // With the first of the body in one packet, where that is about to come; else at once, as for a stream of events.
  if (!response.writableEnded && response.writableLength === 0) setImmediate(() => response.flushHeaders());
  if (request.complete) return;
  response.once('finish', () => {
    if (request.complete) return;
    setTimeout(() => {
      if (!request.complete) request.socket.destroy();
    }, restMs).unref();
  });
}
