/**
 * Answers in JSON, and the preconditions of RFC 9110 §13: a GET has a strong entity tag of its bytes and answers 304 to
 * whoever has them; a change with If-Match is made only while the thing still looks as whoever asks saw it.
 */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { BerthError } from '#contract/berth-error.ts';
import { HttpRefusal } from './problem.ts';

export function entityTagOf(body: string): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
}

export function jsonAnswer(
  context: Context,
  value: unknown,
  status: ContentfulStatusCode = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body = JSON.stringify(value ?? null);
  const { method } = context.req;
  if (method !== 'GET' && method !== 'HEAD')
    return context.body(body, status, { ...headers, 'Content-Type': 'application/json' });
  const tag = entityTagOf(body);
  const seen = context.req.header('if-none-match');
  if (seen !== undefined && isListed(tag, seen, 'weak'))
    return context.body(null, 304, { ...headers, ETag: tag });
  return context.body(body, status, { ...headers, 'Content-Type': 'application/json', ETag: tag });
}

/**
 * @param present what a GET of the same path would answer now; undefined: it answers nothing to anybody
 * @throws HttpRefusal 412
 */
export async function checkPrecondition(
  context: Context,
  present: (() => Promise<unknown>) | undefined,
): Promise<void> {
  const wanted = context.req.header('if-match');
  if (wanted === undefined) return;
  const value = await present?.().catch((error: unknown) => {
    // RFC 9110 §13.1.1: what is not there matches nothing, not even `*`.
    if (BerthError.is(error, 'not-found')) return undefined;
    throw error;
  });
  if (value !== undefined && (wanted.trim() === '*' || isListed(entityTagOf(JSON.stringify(value)), wanted)))
    return;
  throw new HttpRefusal(412, {
    code: 'conflict',
    message: 'It is not as If-Match says. Read it again, and decide anew.',
  });
}

/** A list of entity tags (RFC 9110 §8.8.3). A weak tag matches only where the comparison is weak. */
function isListed(tag: string, list: string, comparison: 'strong' | 'weak' = 'strong'): boolean {
  if (comparison === 'weak' && list.trim() === '*') return true;
  const listed = list.match(/(W\/)?"[^"]*"/g) ?? [];
  return listed.some((one) => one === tag || (comparison === 'weak' && one === `W/${tag}`));
}
