/**
 * Which requests reach an app at all. A cookie is sent by a browser whoever wrote the page: so beside a session a request
 * needs a page of the app itself behind it, or a person who follows a link. What could be read in two ways (where one
 * request ends and the next begins, for whom it is) is refused. Pure.
 */
import type { IncomingMessage } from 'node:http';

export interface Refusal {
  readonly status: 400 | 403 | 405 | 501;
  /** For the log. */
  readonly reason: string;
}

const reading = ['GET', 'HEAD'];
const navigations = ['document', 'iframe', 'frame'];

/** Several of one name, joined: two values at once are none of those that are allowed. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  return request.headersDistinct[name]?.join(', ');
}

/** By how it is written alone, whoever sends it (RFC 9112, 3.2, 6.1 and 6.3). */
export function malformed(request: IncomingMessage): Refusal | undefined {
  const { method = '', url = '' } = request;
  if (method === 'TRACE' || method === 'CONNECT') return { status: 405, reason: 'a method of no app' };
  if (!url.startsWith('/') && !(method === 'OPTIONS' && url === '*'))
    return { status: 400, reason: 'a target that is no path' };
  const lengths = request.headersDistinct['content-length'] ?? [];
  const codings = request.headersDistinct['transfer-encoding'] ?? [];
  if (lengths.length > 1 || codings.length > 1 || (lengths.length > 0 && codings.length > 0))
    return { status: 400, reason: 'two framings' };
  if (lengths.some((length) => !/^\d{1,15}$/.test(length))) return { status: 400, reason: 'a bad length' };
  if (codings.some((coding) => coding.toLowerCase() !== 'chunked'))
    return { status: 501, reason: 'a transfer coding that nobody knows' };
  return undefined;
}

/** By whose page is behind it. @param origin the app's own */
export function foreign(request: IncomingMessage, origin: string): Refusal | undefined {
  const site = headerOf(request, 'sec-fetch-site');
  const from = headerOf(request, 'origin');
  const isOwnSite = site === 'same-origin';
  // A page of the app that hides its address from everybody sends `null` with its own forms.
  if (from !== undefined && from !== origin && !(from === 'null' && isOwnSite))
    return { status: 403, reason: 'foreign origin' };
  if (site === undefined || isOwnSite || site === 'none') return undefined;
  const isFollowed =
    reading.includes(request.method ?? '') &&
    headerOf(request, 'sec-fetch-mode') === 'navigate' &&
    navigations.includes(headerOf(request, 'sec-fetch-dest') ?? '');
  return isFollowed ? undefined : { status: 403, reason: 'foreign site' };
}

/** An upgrade is made by a page's script, and no browser asks first: the page must be the app's own. */
export function foreignUpgrade(request: IncomingMessage, origin: string): Refusal | undefined {
  if (headerOf(request, 'origin') !== origin) return { status: 403, reason: 'foreign origin' };
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (coding !== undefined || Number(length ?? 0) !== 0)
    return { status: 400, reason: 'an upgrade with a body' };
  // Requests inside of it would be seen by nobody here.
  if (/\bh2c\b/i.test(request.headers.upgrade ?? '')) return { status: 501, reason: 'an upgrade to HTTP/2' };
  return undefined;
}
