/**
 * Which requests may be looked at at all. Loopback is no boundary: any web page can reach it. So: the exact Host (stops
 * DNS rebinding), the exact Origin (stops foreign pages), and for changes a header that no simple request can carry.
 */
import type { IncomingHttpHeaders } from 'node:http';

export interface Allowed {
  /** `name:port`, lower case. */
  readonly hosts: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
}

/** The loopback names at this port or, behind a proxy, its one name. */
export function allowedFor(port: number, publicOrigin: string | null): Allowed {
  if (publicOrigin !== null)
    return { hosts: new Set([new URL(publicOrigin).host]), origins: new Set([publicOrigin]) };
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  return { hosts: new Set(hosts), origins: new Set(hosts.map((host) => `http://${host}`)) };
}

export interface RequestFacts {
  readonly method: string;
  readonly path: string;
  readonly header: (name: string) => string | undefined;
}

export function factsOf(method: string, path: string, headers: IncomingHttpHeaders): RequestFacts {
  const header = (name: string) => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  return { method, path, header };
}

const reading = new Set(['GET', 'HEAD']);

/** Why the request is refused, for the log; undefined when it may pass. */
export function refusalOf(request: RequestFacts, allowed: Allowed): string | undefined {
  const { method, path, header } = request;
  if (!allowed.hosts.has((header('host') ?? '').toLowerCase())) return 'foreign host';
  const origin = header('origin');
  if (origin !== undefined && !allowed.origins.has(origin)) return 'foreign origin';
  // Another port of this computer is "same-site" to a browser and may be anybody's.
  const site = header('sec-fetch-site');
  if (path.startsWith('/api/') && site !== undefined && site !== 'same-origin' && site !== 'none')
    return 'foreign site';
  if (reading.has(method)) return undefined;
  if (origin === undefined) return 'a change without an origin';
  if (header('x-berth') !== '1') return 'a change without its header';
  return undefined;
}

/** An upgrade is a change: without an Origin there is none. */
export function upgradeRefusalOf(request: RequestFacts, allowed: Allowed): string | undefined {
  if (request.header('origin') === undefined) return 'an upgrade without an origin';
  return refusalOf(request, allowed);
}
