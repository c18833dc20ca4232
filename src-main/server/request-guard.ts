/**
 * Which requests may be looked at at all. Loopback is no boundary: any web page can reach it. So: the exact Host (stops
 * DNS rebinding) and, where a browser sends one, an exact Origin (stops foreign pages). A request with the authority of a
 * cookie must also prove that a page of our own sent it: the browser adds cookies by itself, and adds to no foreign page's
 * request a token or the header that is asked for here.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

export interface Allowed {
  /** `name:port`, lower case; without the port where it is the scheme's own. */
  readonly hosts: ReadonlySet<string>;
  /** Our own: their pages have the cookie's authority. */
  readonly origins: ReadonlySet<string>;
  /** Of other sites whose pages may call with a token, and never have the cookie's authority. */
  readonly corsOrigins: ReadonlySet<string>;
}

export interface OwnAddress {
  readonly port: number;
  /** What the server listens on. */
  readonly host: string;
  readonly publicOrigin: string | null;
  readonly isTls: boolean;
  readonly corsOrigins: readonly string[];
}

/** The loopback names and the named address at this port or, with a public origin, its one name. */
export function allowedFor({ port, host, publicOrigin, isTls, corsOrigins: others }: OwnAddress): Allowed {
  const corsOrigins = new Set(others);
  if (publicOrigin !== null)
    return {
      hosts: new Set([new URL(publicOrigin).host]),
      origins: new Set([publicOrigin]),
      corsOrigins,
    };
  const scheme = isTls ? 'https' : 'http';
  const names = ['127.0.0.1', 'localhost', '[::1]', ...(isWildcard(host) ? [] : [inUrl(host)])];
  // The URL parser leaves out the scheme's own port, as browsers do in Host and Origin.
  const urls = names.map((name) => new URL(`${scheme}://${name}:${port}`));
  return {
    hosts: new Set([...urls.map((url) => url.host), ...names.map((name) => `${name.toLowerCase()}:${port}`)]),
    origins: new Set(urls.map((url) => url.origin)),
    corsOrigins,
  };
}

/** IPv6 addresses stand in brackets (RFC 3986). */
export function inUrl(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

function isWildcard(host: string): boolean {
  if (isIP(host) === 0) return host === '';
  const wildcards = new BlockList();
  wildcards.addAddress('0.0.0.0', 'ipv4');
  wildcards.addAddress('::', 'ipv6');
  return wildcards.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

export interface RequestFacts {
  readonly method: string;
  /** With the query, as it came. */
  readonly path: string;
  readonly header: (name: string) => string | undefined;
}

/** A Host or an Origin that is there twice is two names at once, and so none of ours; Node alone would take the first. */
export function factsOf(request: IncomingMessage): RequestFacts {
  const { method = '', url = '', headersDistinct } = request;
  return { method, path: url, header: (name) => headersDistinct[name]?.join(', ') };
}

const reading = new Set(['GET', 'HEAD']);

/** Paths whose answers set a cookie: a page elsewhere must not sign this browser in as somebody else. */
const cookiePaths = ['/api/v1/session', '/api/v1/shared', '/v1/session', '/v1/shared'];

/** Why the request is refused, for the log; undefined when it may pass. */
export function refusalOf(request: RequestFacts, allowed: Allowed): string | undefined {
  const { method, path, header } = request;
  if (!allowed.hosts.has((header('host') ?? '').toLowerCase())) return 'foreign host';
  const origin = header('origin');
  const isCors = origin !== undefined && allowed.corsOrigins.has(origin);
  if (origin !== undefined && !isCors && !allowed.origins.has(origin)) return 'foreign origin';
  if (path.startsWith('/api/') && !isCors && isForeignSite(request)) return 'foreign site';
  const setsCookie = cookiePaths.some((one) => path === one || path.startsWith(`${one}/`));
  if (setsCookie && !reading.has(method) && method !== 'OPTIONS') return cookieRefusalOf(request, allowed);
  return undefined;
}

/** Another port of this computer is "same-site" to a browser and may be anybody's. */
function isForeignSite({ header }: RequestFacts): boolean {
  const site = header('sec-fetch-site');
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

/** Why a request that passed has not the authority of its cookie; undefined when it has. */
export function cookieRefusalOf(request: RequestFacts, allowed: Allowed): string | undefined {
  const { method, header } = request;
  const origin = header('origin');
  if (origin !== undefined && !allowed.origins.has(origin)) return 'a cookie from a foreign origin';
  if (isForeignSite(request)) return 'a cookie from a foreign site';
  if (reading.has(method)) return undefined;
  if (origin === undefined) return 'a change without an origin';
  if (header('x-berth') !== '1') return 'a change without its header';
  return undefined;
}
