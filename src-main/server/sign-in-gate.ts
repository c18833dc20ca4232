/**
 * What every route has that somebody unknown may post to: a small body, read quickly, checked against a schema, and counted
 * by the client's address before any work is done for it.
 */
import type { Context } from 'hono';
import type { z } from 'zod';
import { plainRule } from '#contract/plain-rules.ts';
import type { RequestOrigin } from '../control-plane/account-door.ts';
import { invalidInput } from '../control-plane/dispatcher.ts';
import { type ClientAddress, incomingOf, networkOf, requestOrigin } from './client-address.ts';
import type { LimitName, RateLimits } from './rate-limits.ts';
import { readFields, readForm } from './read-body.ts';
import type { ApiEnvironment } from './rest-routes.ts';

/** Bytes: an address, a password and a token, and room. */
export const maxSignInBytes = 16 * 1024;
/** Milliseconds for such a body, which is one packet. */
export const signInTimeoutMs = 10_000;

export interface SignInGateOptions {
  readonly limits: RateLimits;
  readonly clientAddress: ClientAddress;
  readonly timeoutMs?: number;
}

export interface SignInGate {
  /** @throws BerthError too-many */
  count(context: Context<ApiEnvironment>, limit: LimitName): Promise<void>;
  /** The checked fields of a form or a JSON object. @throws BerthError invalid-input; HttpRefusal 408, 413, 415 */
  read<T extends z.ZodType>(context: Context<ApiEnvironment>, schema: T): Promise<z.output<T>>;
  /** The fields of a form, unchecked. @throws as `read` */
  readForm(context: Context<ApiEnvironment>): Promise<Record<string, string>>;
  originOf(context: Context<ApiEnvironment>): RequestOrigin;
}

export function createSignInGate({ limits, clientAddress, timeoutMs }: SignInGateOptions): SignInGate {
  const limitMs = timeoutMs ?? signInTimeoutMs;
  return {
    count: (context, limit) =>
      limits.spend(limit, networkOf(clientAddress(incomingOf(context))), (name, value) =>
        context.header(name, value),
      ),
    async read(context, schema) {
      const parsed = schema.safeParse(await readFields(context.req, maxSignInBytes, limitMs), {
        error: plainRule,
      });
      if (!parsed.success) throw invalidInput(parsed.error);
      return parsed.data;
    },
    readForm: (context) => readForm(context.req, maxSignInBytes, limitMs),
    originOf: (context) => requestOrigin(incomingOf(context), clientAddress),
  };
}
