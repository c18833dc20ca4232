/**
 * What an app gets of a request's headers: all that is the browser's and the app's, nothing that is Berth's, and the truth
 * about where it came from. Frames the body exactly once. Pure.
 */
import type { AppTarget } from '../../control-plane/forwards/app-door.ts';
import { cookiesForApp, type CookieNames } from './app-cookies.ts';
import { endToEnd, type RawHeaders, valuesOf } from './header-lists.ts';

export interface RequestFacts {
  readonly method: string;
  readonly headers: RawHeaders;
  /** Of the browser. */
  readonly address: string;
}

export interface AppSide {
  readonly target: Pick<AppTarget, 'hostHeader' | 'port' | 'protocol'>;
  /** As the browser knows it. */
  readonly origin: string;
  readonly cookies: CookieNames;
  /** Whether an Authorization header is for Berth. */
  readonly isOwnAuthorization: (value: string) => boolean;
}

/** Written anew, or of a proxy that nobody here knows; and what is framed below. */
const replaced = new Set([
  'host',
  'content-length',
  'expect',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-forwarded-prefix',
  'x-real-ip',
]);
/** These have a body more often than not: without a length a server would wait for its end. */
const withBody = ['POST', 'PUT', 'PATCH'];

/** Host and origin as the app is to see them. */
export function seenBy({ target, origin }: Pick<AppSide, 'target' | 'origin'>): {
  readonly host: string;
  readonly origin: string;
} {
  if (target.hostHeader === 'kept') return { host: partsOf(origin).host, origin };
  const own = new URL(`${target.protocol === 'https' ? 'https' : 'http'}://localhost:${target.port}`);
  return { host: own.host, origin: own.origin };
}

/** An origin is a URL that is written in one way (RFC 6454, 6.2), and the names of apps have no colon. */
function partsOf(origin: string): { readonly scheme: string; readonly host: string; readonly port: string } {
  const [scheme = '', host = ''] = origin.split('://', 2);
  return { scheme, host, port: host.split(':', 2)[1] ?? (scheme === 'https' ? '443' : '80') };
}

export function requestHeaders(facts: RequestFacts, side: AppSide): string[] {
  const seen = seenBy(side);
  const outer = partsOf(side.origin);
  const result: string[] = ['Host', seen.host];
  for (const [name, value] of endToEnd(facts.headers)) {
    const kept = keptValue(name.toLowerCase(), value, { side, seenOrigin: seen.origin });
    if (kept !== undefined) result.push(name, kept);
  }
  result.push('X-Forwarded-For', facts.address, 'X-Forwarded-Host', outer.host);
  result.push('X-Forwarded-Proto', outer.scheme, 'X-Forwarded-Port', outer.port);
  result.push(...framing(facts));
  return result;
}

function keptValue(
  name: string,
  value: string,
  { side, seenOrigin }: { readonly side: AppSide; readonly seenOrigin: string },
): string | undefined {
  if (replaced.has(name)) return undefined;
  if (name === 'cookie') return cookiesForApp(value, side.cookies);
  if (name === 'authorization') return side.isOwnAuthorization(value) ? undefined : value;
  if (name === 'origin') return value === side.origin ? seenOrigin : value;
  if (name === 'referer' && value.startsWith(`${side.origin}/`))
    return seenOrigin + value.slice(side.origin.length);
  return value;
}

/** Whether a body follows, by what the sender says. */
export function hasBody(headers: RawHeaders): boolean {
  const [length = '0'] = valuesOf(headers, 'content-length');
  return valuesOf(headers, 'transfer-encoding').length > 0 || Number(length) > 0;
}

function framing({ method, headers }: RequestFacts): string[] {
  const [expectation] = valuesOf(headers, 'expect');
  const waits = expectation?.toLowerCase() === '100-continue' ? ['Expect', '100-continue'] : [];
  if (valuesOf(headers, 'transfer-encoding').length > 0)
    return [...waits, 'TE', 'trailers', 'Transfer-Encoding', 'chunked'];
  const [length] = valuesOf(headers, 'content-length');
  if (length !== undefined) return [...waits, 'Content-Length', length];
  return withBody.includes(method) ? ['Content-Length', '0'] : [];
}
