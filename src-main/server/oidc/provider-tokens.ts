/**
 * Access tokens of identity providers, as programs send them to the API. Guarantees: issuer, audience and signature
 * algorithm are those of the configuration; an ID token, a refresh token or one bound to somebody's key is refused; a token
 * is judged once and remembered until it ends. Whether its person may still come in is asked each time, of the accounts.
 */
import { createHash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { UserId } from '#contract/ids.ts';
import type { AccountDoor, RequestOrigin } from '../../control-plane/account-door.ts';
import { clockToleranceS } from '../access-tokens.ts';
import { type Claims, identityOf } from './identity-claims.ts';
import type { Provider } from './provider.ts';
import { isBadToken, providerFailed } from './provider-error.ts';

export interface TokenUser {
  readonly userId: UserId;
  readonly endsAtMs: number;
}

export interface ProviderTokens {
  /** undefined: no good token of any provider. @throws BerthError account.provider-failed, account.provider-refused */
  userOf(token: string, origin: RequestOrigin): Promise<TokenUser | undefined>;
}

/** Tokens remembered at once; the longest unused is forgotten first, and judged again when it comes. */
const maxRemembered = 2_000;

export function createProviderTokens(
  providers: readonly Provider[],
  { accounts, nowMs }: { readonly accounts: AccountDoor; readonly nowMs: () => number },
): ProviderTokens {
  const remembered = new Map<string, Promise<TokenUser | undefined>>();

  async function judge(token: string, provider: Provider, origin: RequestOrigin) {
    const { issuer, algorithms, audiences, clientId, userClaim, name } = provider.config;
    const { keys } = await provider.discovered();
    let claims: Claims;
    let endsAtMs: number;
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        algorithms: [...algorithms],
        issuer,
        clockTolerance: clockToleranceS,
        requiredClaims: ['exp'],
        currentDate: new Date(nowMs()),
      });
      claims = payload;
      endsAtMs = (payload.exp ?? 0) * 1000;
      const isFromFuture = (payload.iat ?? 0) * 1000 > nowMs() + clockToleranceS * 1000;
      const accepted = audiences.length === 0 ? [clientId] : audiences;
      if (isFromFuture || !isAccessToken(protectedHeader.typ, claims) || !isFor(claims, accepted))
        return undefined;
    } catch (error) {
      if (isBadToken(error)) return undefined;
      throw providerFailed(name, error);
    }
    const identity = identityOf(issuer, claims, userClaim);
    if (identity === undefined) return undefined;
    return { userId: await accounts.signInWithProvider(identity, origin), endsAtMs };
  }

  return {
    async userOf(token, origin) {
      const issuer = issuerOf(token);
      const provider = providers.find(({ config }) => config.issuer === issuer);
      if (provider === undefined) return undefined;
      const key = createHash('sha256').update(token).digest('base64');
      const before = remembered.get(key);
      if (before !== undefined) {
        // Used now: the last to be forgotten.
        remembered.delete(key);
        remembered.set(key, before);
        const user = await before.catch(() => undefined);
        const isGood =
          user !== undefined &&
          user.endsAtMs > nowMs() &&
          accounts.callerOfUser(user.userId, origin.address) !== undefined;
        if (isGood) return user;
      }
      const judged = judge(token, provider, origin);
      // Also while it is being judged: a page that asks ten things at once is one judgement.
      remembered.set(key, judged);
      const oldest = remembered.size > maxRemembered ? remembered.keys().next().value : undefined;
      if (oldest !== undefined) remembered.delete(oldest);
      try {
        const user = await judged;
        if (user === undefined) remembered.delete(key);
        return user;
      } catch (error) {
        remembered.delete(key);
        throw error;
      }
    },
  };
}

/** Whom to ask; nothing that it says is believed yet. undefined: it is no signed JWT. */
function issuerOf(token: string): string | undefined {
  try {
    decodeProtectedHeader(token);
    return decodeJwt(token).iss;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
    throw error;
  }
}

const headerTypes = new Set(['jwt', 'at+jwt', 'application/at+jwt']);

/**
 * Not every provider says of a token what it is for, so this asks for all the ways in which they do: the header's type
 * (RFC 9068), Cognito's `token_use`, Keycloak's `typ`, and the claims that only ID tokens have. A token with `cnf` is
 * worth nothing without the key that it is bound to (RFC 7800), which nobody proves here.
 */
export function isAccessToken(headerType: string | undefined, claims: Claims): boolean {
  if (headerType !== undefined && !headerTypes.has(headerType.toLowerCase())) return false;
  if (claims.token_use !== undefined && claims.token_use !== 'access') return false;
  if (claims.typ !== undefined && claims.typ !== 'Bearer') return false;
  return !['nonce', 'at_hash', 'c_hash', 's_hash', 'cnf', 'events'].some((name) => name in claims);
}

/** By `aud`; Cognito's access tokens have none and name the client that they were made for. */
export function isFor(claims: Claims, accepted: readonly string[]): boolean {
  const { aud } = claims;
  const named = aud === undefined ? [claims.client_id ?? claims.azp] : Array.isArray(aud) ? aud : [aud];
  return named.some((one) => typeof one === 'string' && accepted.includes(one));
}
