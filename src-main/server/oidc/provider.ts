/**
 * One identity provider as it describes itself (OpenID Connect Discovery 1.0), and its keys. Asks at the first need, again
 * after an hour, and keeps what it knew when that fails. A provider that is down, or a flood of tokens with unknown keys,
 * costs one request per pause and no more.
 */
import { createRemoteJWKSet, customFetch as keysFetch, type RemoteJWKSet } from 'jose';
import * as openid from 'openid-client';
import type { OidcConfig } from '../../config.ts';
import { clockToleranceS } from '../access-tokens.ts';
import { type FetchLimits, limitedFetch, providerLimits } from './limited-fetch.ts';
import { providerError, providerFailed } from './provider-error.ts';

const hourMs = 60 * 60_000;
/** Milliseconds after a failure in which nothing is asked. */
const failurePauseMs = 5_000;
/** Milliseconds between two fetches of the keys for one that is not known; as long as a rotation may take to be seen. */
export const keysPauseMs = 30_000;

export interface Discovered {
  readonly client: openid.Configuration;
  readonly keys: RemoteJWKSet;
}

export interface ProviderOptions {
  readonly nowMs: () => number;
  readonly limits?: FetchLimits;
  readonly keysPauseMs?: number;
}

export class Provider {
  readonly config: OidcConfig;
  readonly #nowMs: () => number;
  readonly #fetch: ReturnType<typeof limitedFetch>;
  readonly #keysPauseMs: number;
  #known: (Discovered & { readonly atMs: number; readonly keysUrl: string }) | undefined;
  #asking: Promise<Discovered> | undefined;
  #failure: { readonly error: unknown; readonly atMs: number } | undefined;
  #keysFailedAtMs = Number.NEGATIVE_INFINITY;

  constructor(config: OidcConfig, options: ProviderOptions) {
    this.config = config;
    this.#nowMs = options.nowMs;
    this.#fetch = limitedFetch(options.limits ?? providerLimits);
    this.#keysPauseMs = options.keysPauseMs ?? keysPauseMs;
  }

  /** @throws BerthError account.provider-failed */
  async discovered(): Promise<Discovered> {
    const now = this.#nowMs();
    if (this.#known !== undefined && now - this.#known.atMs < hourMs) return this.#known;
    if (this.#failure !== undefined && now - this.#failure.atMs < failurePauseMs) {
      if (this.#known !== undefined) return this.#known;
      throw providerFailed(this.config.name, this.#failure.error);
    }
    this.#asking ??= this.#discover().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #discover(): Promise<Discovered> {
    const { issuer, clientId, clientSecret, name } = this.config;
    const isPlain = new URL(issuer).protocol === 'http:';
    try {
      const client = await openid.discovery(
        new URL(issuer),
        clientId,
        { [openid.clockTolerance]: clockToleranceS },
        clientSecret === null ? openid.None() : secretAuth(clientSecret.reveal()),
        {
          [openid.customFetch]: (url, wish) => this.#fetch(url, wish as never),
          // The configuration lets http in for loopback alone.
          execute: isPlain ? [openid.allowInsecureRequests] : [],
        },
      );
      const metadata = client.serverMetadata();
      if (metadata.issuer !== issuer) throw new TypeError('the issuer says that it is another');
      const keysUrl = new URL(metadata.jwks_uri ?? '');
      if (keysUrl.protocol !== 'https:' && !(isPlain && keysUrl.hostname === new URL(issuer).hostname))
        throw new TypeError('the keys would come unencrypted');
      const keys = this.#known?.keysUrl === keysUrl.href ? this.#known.keys : this.#keySet(keysUrl);
      this.#known = { client, keys, atMs: this.#nowMs(), keysUrl: keysUrl.href };
      this.#failure = undefined;
      return this.#known;
    } catch (error) {
      this.#failure = { error, atMs: this.#nowMs() };
      if (this.#known !== undefined) return this.#known;
      const failure = providerError(error, name);
      throw failure.code === 'account.provider-failed' ? failure : providerFailed(name, error);
    }
  }

  /** The library pauses after a fetch that worked; one that failed is ours to remember. */
  #keySet(url: URL): RemoteJWKSet {
    return createRemoteJWKSet(url, {
      cooldownDuration: this.#keysPauseMs,
      [keysFetch]: async (target, wish) => {
        if (this.#nowMs() - this.#keysFailedAtMs < failurePauseMs)
          throw new TypeError('the keys could not be fetched a moment ago');
        try {
          const response = await this.#fetch(target, wish);
          if (!response.ok) this.#keysFailedAtMs = this.#nowMs();
          return response;
        } catch (error) {
          this.#keysFailedAtMs = this.#nowMs();
          throw error;
        }
      },
    });
  }
}

/** In the header, as every provider must take it, unless this one says that it takes it in the body alone (RFC 6749, 2.3.1). */
function secretAuth(secret: string): openid.ClientAuth {
  const [basic, post] = [openid.ClientSecretBasic(secret), openid.ClientSecretPost(secret)];
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const isPost = methods.includes('client_secret_post') && !methods.includes('client_secret_basic');
    return (isPost ? post : basic)(server, client, body, headers);
  };
}
