/**
 * How a method is declared. One value says what goes in, what comes out, who may, how it can fail and, if it has one,
 * its REST route. The client's types, the handlers' types, the checks and the routes all come from it; a method
 * without a scope or an error list does not compile.
 *
 * - `call`  returns once.
 * - `stream` yields items until ended, with credit counted in items.
 * - `bytes` carries binary frames in both directions, with credit counted in bytes.
 */
import type { z } from 'zod';
import type { ErrorCode } from './error-codes.ts';
import type { Scope } from './scopes.ts';

export interface RestRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path under `/api/v1`, with `:name` for the input's fields, as in `/hosts/:id`. */
  readonly path: string;
}

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
  readonly rest?: RestRoute;
}
export interface StreamMethod<I extends z.ZodType = z.ZodType, T extends z.ZodType = z.ZodType>
  extends MethodBase<I> {
  readonly kind: 'stream';
  readonly item: T;
}
export interface BytesMethod<I extends z.ZodType = z.ZodType> extends MethodBase<I> {
  readonly kind: 'bytes';
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
