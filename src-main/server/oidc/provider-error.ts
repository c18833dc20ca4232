/** What the libraries say about a provider, in our codes: it did not answer, or its answer was not good. */
import { errors } from 'jose';
import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';
import { BerthError } from '#contract/berth-error.ts';

/** Errors of the set of keys, not of a token: nobody can say now whether the token is good. */
const keySetErrors = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC']);

/** A token was judged, and it is not good. */
export function isBadToken(error: unknown): boolean {
  return error instanceof errors.JOSEError && !keySetErrors.has(error.code);
}

/** Codes of openid-client that speak of no answer, or of none that could be read. */
const failed = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
  'OAUTH_INVALID_SERVER_METADATA',
  'OAUTH_MISSING_SERVER_METADATA',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
]);

/** @param name as on the button */
export function providerError(error: unknown, name: string): BerthError {
  if (BerthError.is(error)) return error;
  const isRefusal =
    isBadToken(error) ||
    error instanceof ResponseBodyError ||
    error instanceof AuthorizationResponseError ||
    (error instanceof ClientError && !failed.has(error.code ?? ''));
  return isRefusal ? providerRefused(name, error) : providerFailed(name, error);
}

export function providerFailed(name: string, cause?: unknown): BerthError {
  return new BerthError(
    'account.provider-failed',
    `${name} does not answer as it should. Try again in a minute; if that does not help, tell whoever runs this Berth.`,
    { cause },
  );
}

export function providerRefused(name: string, cause?: unknown): BerthError {
  return new BerthError('account.provider-refused', `The answer of ${name} was refused. Sign in once more.`, {
    cause,
  });
}
