/**
 * Signing a browser in at an identity provider: authorization code with PKCE (RFC 7636), state and nonce, as OpenID
 * Connect Core 1.0 and RFC 9700 ask. Guarantees: an answer counts once, only in the browser that began, only at the
 * provider that it began with, and only for some minutes; afterwards the browser goes to a place of our own.
 */
import { createHash } from 'node:crypto';
import { jwtVerify } from 'jose';
import * as openid from 'openid-client';
import { BerthError } from '#contract/berth-error.ts';
import type { ProviderIdentity } from '../../control-plane/account-door.ts';
import { clockToleranceS } from '../access-tokens.ts';
import { TicketBox } from '../authenticate.ts';
import { type Claims, identityOf } from './identity-claims.ts';
import type { Provider } from './provider.ts';
import { providerError, providerRefused } from './provider-error.ts';

/** Milliseconds that a person may take at the provider. */
export const attemptLifeMs = 10 * 60_000;
const maxOpenAttempts = 1_000;

interface Attempt {
  readonly providerId: string;
  readonly verifier: string;
  readonly nonce: string;
  readonly next: string;
  /** SHA-256 of the cookie of the browser that began. */
  readonly browser: string;
}

export interface ProviderSignInOptions {
  /** Our own, as the provider knows it: where the browser comes back to. */
  readonly origin: string;
  readonly nowMs: () => number;
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

export class ProviderSignIn {
  readonly #origin: string;
  readonly #nowMs: () => number;
  readonly #attempts: TicketBox<Attempt>;

  constructor({ origin, nowMs }: ProviderSignInOptions) {
    this.#origin = origin;
    this.#nowMs = nowMs;
    this.#attempts = new TicketBox(attemptLifeMs, nowMs, maxOpenAttempts);
  }

  /** @param browser the cookie's value. @returns where to send the browser. @throws BerthError account.provider-failed */
  async begin(provider: Provider, browser: string, next: string): Promise<URL> {
    const { client } = await provider.discovered();
    const [verifier, nonce, state] = [
      openid.randomPKCECodeVerifier(),
      openid.randomNonce(),
      openid.randomState(),
    ];
    this.#attempts.put(state, {
      providerId: provider.config.id,
      verifier,
      nonce,
      next: ownPath(next, this.#origin),
      browser: hashOf(browser),
    });
    return openid.buildAuthorizationUrl(client, {
      redirect_uri: this.#callbackOf(provider),
      scope: provider.config.scopes.join(' '),
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
  }

  /**
   * @param answer the query with which the provider sent the browser back. @param browser the cookie's value, if any
   * @throws BerthError account.provider-failed, account.provider-refused
   */
  async finish(
    provider: Provider,
    answer: URLSearchParams,
    browser: string | undefined,
  ): Promise<{ readonly identity: ProviderIdentity; readonly next: string }> {
    const { name, id } = provider.config;
    const state = answer.get('state') ?? '';
    const attempt = this.#attempts.take(state);
    if (attempt === undefined)
      throw new BerthError(
        'account.provider-refused',
        'This sign-in was finished before, or took longer than ten minutes. Begin again.',
      );
    if (browser === undefined || hashOf(browser) !== attempt.browser)
      throw new BerthError(
        'account.provider-refused',
        'This sign-in was begun in another browser. Begin again in this one.',
      );
    if (attempt.providerId !== id) throw providerRefused(name, new TypeError('begun at another provider'));
    try {
      const identity = await this.#identity(provider, answer, state, attempt);
      return { identity, next: attempt.next };
    } catch (error) {
      throw providerError(error, name);
    }
  }

  async #identity(provider: Provider, answer: URLSearchParams, state: string, attempt: Attempt) {
    const { name, issuer, clientId, algorithms, userClaim } = provider.config;
    const { client, keys } = await provider.discovered();
    const url = new URL(this.#callbackOf(provider));
    url.search = answer.toString();
    const tokens = await openid.authorizationCodeGrant(client, url, {
      expectedState: state,
      expectedNonce: attempt.nonce,
      pkceCodeVerifier: attempt.verifier,
      idTokenExpected: true,
    });
    // The library trusts the way on which the ID token came. We also want the signature, with our own list of algorithms.
    const { payload } = await jwtVerify(tokens.id_token ?? '', keys, {
      algorithms: [...algorithms],
      issuer,
      audience: clientId,
      clockTolerance: clockToleranceS,
      requiredClaims: ['exp', 'iat', 'sub', 'nonce'],
      currentDate: new Date(this.#nowMs()),
    });
    let claims: Claims = payload;
    const isEnough = typeof claims[userClaim] === 'string' && typeof claims.email === 'string';
    if (!isEnough && client.serverMetadata().userinfo_endpoint !== undefined)
      claims = {
        ...(await openid.fetchUserInfo(client, tokens.access_token, payload.sub ?? '')),
        ...payload,
      };
    const identity = identityOf(issuer, claims, userClaim);
    if (identity === undefined) throw providerRefused(name, new TypeError(`no claim ${userClaim}`));
    return identity;
  }

  #callbackOf({ config }: Provider): string {
    return `${this.#origin}/auth/${config.id}/callback`;
  }
}

/** A place on our own pages, or the first one: a link must not lead through us to somebody else's page. */
export function ownPath(next: string, origin: string): string {
  // Browsers read a backslash as a slash, and drop tabs and line ends.
  if (!next.startsWith('/') || /^\/[/\\]|[\\\p{Cc}]/u.test(next)) return '/';
  const url = URL.parse(next, origin);
  if (url === null || url.origin !== new URL(origin).origin) return '/';
  const isPage = !/^\/(api|auth|v1)(\/|$)/.test(url.pathname) && !url.pathname.startsWith('//');
  return isPage ? `${url.pathname}${url.search}${url.hash}` : '/';
}
