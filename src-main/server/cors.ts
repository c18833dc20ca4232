/**
 * Pages of other sites that the configuration names (Fetch Standard, CORS protocol): by exact origin, never `*`, and never
 * with credentials, so that a cookie means nothing to them: they call with a token.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const requestHeaders =
  'Authorization, Content-Type, Accept, Range, If-Match, If-None-Match, Idempotency-Key, X-Berth, X-API-Key';
const responseHeaders =
  'Content-Disposition, Content-Range, ETag, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate';
/** Seconds for which a browser may remember the answer of a preflight. */
const maxAgeS = 600;

/** Writes the headers for a named origin. @returns whether it was a preflight, and is answered */
export function answerCors(
  request: IncomingMessage,
  response: ServerResponse,
  corsOrigins: ReadonlySet<string>,
): boolean {
  // Also for others: an answer that depends on the origin must not be kept for another one.
  if (corsOrigins.size > 0) response.setHeader('Vary', 'Origin');
  const { origin } = request.headers;
  if (origin === undefined || !corsOrigins.has(origin)) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', responseHeaders);
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined)
    return false;
  response.writeHead(204, {
    'Access-Control-Allow-Methods': methods,
    'Access-Control-Allow-Headers': requestHeaders,
    'Access-Control-Max-Age': maxAgeS,
  });
  response.end();
  return true;
}
