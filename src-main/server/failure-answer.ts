/** What a failed request answers: the error's shape and status, and the headers that its status asks for (RFC 9110). */
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { BerthError } from '#contract/berth-error.ts';
import type { Log } from '../control-plane/interfaces/log.ts';
import { incomingOf } from './client-address.ts';
import { bearerOf } from './identify.ts';
import { errorAnswer, HttpRefusal, requestIdOf } from './rest/problem.ts';

export function failureAnswer(error: unknown, context: Context, log: Log): Response {
  if (error instanceof HTTPException) return error.getResponse();
  if (!BerthError.is(error) && !(error instanceof HttpRefusal))
    log.error('A request failed', {
      method: context.req.method,
      request: requestIdOf(context),
      cause: error,
    });
  else if (BerthError.is(error, 'account.provider-failed'))
    log.warn('An identity provider did not answer', { cause: error });
  const answer = errorAnswer(context, error);
  if (answer.status === 401) {
    // RFC 6750, 3: a challenge says more only to who tried.
    const isTried = bearerOf(incomingOf(context)) !== undefined;
    answer.headers.set(
      'WWW-Authenticate',
      isTried ? 'Bearer realm="Berth", error="invalid_token"' : 'Bearer realm="Berth"',
    );
  }
  return answer;
}
