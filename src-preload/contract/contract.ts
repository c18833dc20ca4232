/**
 * How a method is declared. One value says what goes in, what comes out, who may, how it can fail and its REST route.
 * The client's types, the handlers' types, the checks and the routes all come from it; a method without a scope, an
 * error list or a route does not compile.
 *
 * - `call`  returns once.
 * - `stream` yields items until ended, with credit counted in items.
 * - `bytes` carries binary frames in both directions, with credit counted in bytes.
 */
import type { z } from 'zod';
import type { ErrorCode } from './error-codes.ts';
import type { Scope } from './scopes.ts';

/** Of a call: input is the path's names, the query (GET, DELETE) or the JSON body. */
export interface RestRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path under `/v1`, with `:name` for the input's fields, as in `/hosts/:id`. */
  readonly path: string;
  /** Where the output holds the id of what the call made, as `workspace.id`: the answer is 201 and says where it is. */
  readonly creates?: string;
  /** Input or output holds a secret: nothing of the request is kept on disk for its repetition. */
  readonly isConfidential?: true;
}

/**
 * Of a stream. `collection`: a page of what there is, and one thing of it under `path/:id`. `value`: what it is now.
 * `items`: line by line until the stream ends. Each as server-sent events, too.
 */
export interface StreamRoute {
  readonly method: 'GET';
  readonly path: string;
  readonly shape: 'collection' | 'value' | 'items';
}

/** Of a byte stream. */
export type BytesRoute =
  /** Text that goes on, as a log. */
  | { readonly method: 'GET'; readonly path: string; readonly shape: 'text' }
  /** A file. `fileName`: what it is saved as; begins with `:name` for the last segment of that field of the input. */
  | { readonly method: 'GET'; readonly path: string; readonly shape: 'download'; readonly fileName: string }
  /** The body goes in as it is; the other fields are in the query. `sizeField`: the field that is the body's length. */
  | { readonly method: 'PUT'; readonly path: string; readonly shape: 'upload'; readonly sizeField: string }
  /** A web socket: binary messages both ways. */
  | { readonly method: 'GET'; readonly path: string; readonly shape: 'duplex' };

interface MethodBase<I extends z.ZodType> {
  readonly summary: string;
  readonly scope: Scope;
  /** A further scope that certain inputs need; null: this one needs none. Without it the method is not there. */
  alsoNeeds?(input: z.output<I>): Scope | null;
  readonly input: I;
  /** Beyond `commonErrorCodes`. */
  readonly errors: readonly ErrorCode[];
}

export interface CallMethod<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType>
  extends MethodBase<I> {
  readonly kind: 'call';
  readonly output: O;
  readonly rest: RestRoute;
}
export interface StreamMethod<I extends z.ZodType = z.ZodType, T extends z.ZodType = z.ZodType>
  extends MethodBase<I> {
  readonly kind: 'stream';
  readonly item: T;
  readonly rest: StreamRoute;
}
export interface BytesMethod<I extends z.ZodType = z.ZodType> extends MethodBase<I> {
  readonly kind: 'bytes';
  readonly rest: BytesRoute;
}
export type Method = CallMethod | StreamMethod | BytesMethod;

export function call<I extends z.ZodType, O extends z.ZodType>(
  method: Omit<CallMethod<I, O>, 'kind'>,
): CallMethod<I, O> {
  return { kind: 'call', ...method };
}
export function stream<I extends z.ZodType, T extends z.ZodType>(
  method: Omit<StreamMethod<I, T>, 'kind'>,
): StreamMethod<I, T> {
  return { kind: 'stream', ...method };
}
export function bytes<I extends z.ZodType>(method: Omit<BytesMethod<I>, 'kind'>): BytesMethod<I> {
  return { kind: 'bytes', ...method };
}
