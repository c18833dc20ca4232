/**
 * Failures as problem documents (RFC 9457). `type` leads to the code's line in the documentation, `instance` is the id of
 * the request, and `error` is what a connection would carry, for clients that speak both. A failure that is HTTP's own
 * (no such method, too large, …) has a status of its own and the nearest code of the contract.
 */
import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { BerthError, ErrorShape } from '#contract/berth-error.ts';
import { type ErrorCode, errorCodes } from '#contract/error-codes.ts';
import { notFound } from '../../control-plane/dispatcher.ts';

export const problemType = 'application/problem+json';
export const requestIdHeader = 'X-Request-Id';

export const Problem = z.object({
  /** Relative to the server, as RFC 9457 §3.1.1 allows. */
  type: z.string().regex(/^\/api\/docs#code-[a-z.-]+$/),
  title: z.string(),
  status: z.number().int().min(400).max(599),
  detail: z.string(),
  /** `urn:uuid:` and what the header X-Request-Id says; the log has it, too. */
  instance: z.string().regex(/^urn:uuid:[0-9a-f-]{36}$/),
  code: ErrorShape.shape.code,
  /** For invalid input: what is wrong with which field; an empty field is the whole. */
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  error: ErrorShape,
});
export type Problem = z.infer<typeof Problem>;

/** A refusal that is HTTP's own. `error` is what it is in the words of the contract. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly status: ContentfulStatusCode;
  readonly error: BerthError;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: ContentfulStatusCode,
    error: { code: ErrorCode; message: string },
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(error.message);
    this.status = status;
    this.error = new BerthError(error.code, error.message);
    this.headers = headers;
  }
}

/** For a response before anything else is known of its request. */
export function newRequestId(): string {
  return randomUUID();
}

/** The id that the carrier gave the request; where there is no carrier (in a test), one is given now. */
export function requestIdOf(context: Context): string {
  const { outgoing } = (context.env ?? {}) as Partial<HttpBindings>;
  const given = outgoing?.getHeader(requestIdHeader);
  if (typeof given === 'string') return given;
  const id = context.res.headers.get(requestIdHeader) ?? newRequestId();
  context.header(requestIdHeader, id);
  return id;
}

export function problemOf(shown: BerthError, status: number, requestId: string): Problem {
  const error = shown.toShape();
  const { fields } = shown.details;
  return {
    type: `/api/docs#code-${error.code}`,
    title: errorCodes[error.code].title,
    status,
    detail: error.message,
    instance: `urn:uuid:${requestId}`,
    code: error.code,
    ...(Array.isArray(fields) ? { errors: fields.map(fieldOf) } : {}),
    error,
  };
}

/** Lines are `field: rule`, and the rule alone where it is about the whole (see the dispatcher's invalidInput). */
function fieldOf(line: string): { field: string; message: string } {
  const end = line.indexOf(': ');
  return end < 0 ? { field: '', message: line } : { field: line.slice(0, end), message: line.slice(end + 2) };
}

/** What an error is to whoever asked: what is not Berth's own is not shown. */
export function shownError(error: unknown): { error: BerthError; status: ContentfulStatusCode } {
  if (error instanceof HttpRefusal) return { error: error.error, status: error.status };
  const shown = BerthError.is(error)
    ? error
    : new BerthError('internal', 'Something went wrong inside Berth.');
  return { error: shown, status: errorCodes[shown.code].status as unknown as ContentfulStatusCode };
}

export function errorAnswer(context: Context, error: unknown): Response {
  const shown = shownError(error);
  const problem = problemOf(shown.error, shown.status, requestIdOf(context));
  const headers = error instanceof HttpRefusal ? error.headers : {};
  return context.body(JSON.stringify(problem), shown.status, { ...headers, 'Content-Type': problemType });
}

/** What an unknown path answers, to the byte (but for the request's id) what a thing that is not there answers. */
export function notFoundAnswer(context: Context): Response {
  return errorAnswer(context, notFound());
}
