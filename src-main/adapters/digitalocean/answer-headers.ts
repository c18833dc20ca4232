/** What the headers of an answer say about limits, time and the request itself. */

/** The last second that a JavaScript date can say (ECMA-262, 21.4.1.1). */
const MAX_SECONDS = 8.64e12;

export interface AnswerHeaders {
  readonly requestId: string | null;
  /** Milliseconds since 1970 by the provider's clock, to the second. */
  readonly dateMs: number | null;
  readonly remaining: number | null;
  /** Milliseconds from now, for 429: `retry-after` (RFC 9110, 10.2.3), or when the oldest counted request expires. */
  readonly retryAfterMs: number | null;
}

export function readHeaders(headers: Headers, nowMs: number): AnswerHeaders {
  const dateMs = parseDate(headers.get('date'));
  const providerNowMs = dateMs ?? nowMs;
  const resetMs = (parseWhole(headers.get('ratelimit-reset')) ?? Number.NaN) * 1000;
  const told = parseRetryAfter(headers.get('retry-after'), providerNowMs);
  const remaining = parseWhole(headers.get('ratelimit-remaining'));
  // The reset is when the oldest request expires: with some left it says nothing about a burst.
  const reset = remaining === 0 && resetMs > providerNowMs ? resetMs - providerNowMs : null;
  return {
    requestId: cleanId(headers.get('x-request-id')),
    dateMs,
    remaining,
    retryAfterMs: told ?? reset,
  };
}

/** Ids of requests are for people who ask the provider's support; what is no id is left out. */
export function cleanId(text: unknown): string | null {
  return typeof text === 'string' && /^[\w.:-]{1,100}$/.test(text) ? text : null;
}

function parseRetryAfter(text: string | null, nowMs: number): number | null {
  const seconds = parseWhole(text);
  if (seconds !== null) return seconds * 1000;
  const atMs = parseDate(text);
  return atMs === null ? null : Math.max(0, atMs - nowMs);
}

function parseWhole(text: string | null): number | null {
  if (text === null || !/^\s*\d{1,13}\s*$/.test(text)) return null;
  const number = Number(text);
  return number <= MAX_SECONDS ? number : null;
}

/** IMF-fixdate alone (RFC 9110, 5.6.7): `Date.parse` takes much that is no date. */
function parseDate(text: string | null): number | null {
  const isDate =
    text !== null && /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text);
  const ms = isDate ? Date.parse(text) : Number.NaN;
  return Number.isFinite(ms) ? ms : null;
}
