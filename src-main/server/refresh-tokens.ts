/**
 * A refresh token as a program holds it: the accounts' own token and, sealed to it, the scopes that it was narrowed to,
 * so that a new access token can never do more than the first one could (RFC 6749, 6). Nobody can take the seal off: a
 * token without a good one is refused, also where it was never narrowed.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Scope } from '#contract/scopes.ts';
import { knownScopes } from './access-tokens.ts';

export interface RefreshGrant {
  /** As the accounts know it. */
  readonly token: string;
  /** Null: whatever the person may do. */
  readonly scopes: readonly Scope[] | null;
}

export interface RefreshTokens {
  seal(grant: RefreshGrant): string;
  /** undefined for what was not sealed here. */
  open(text: string): RefreshGrant | undefined;
}

const all = '-';

/** @param key 32 bytes, of nothing else */
export function createRefreshTokens(key: Uint8Array): RefreshTokens {
  const sealOf = (body: string) => createHmac('sha256', key).update(body).digest();
  return {
    seal({ token, scopes }) {
      const list = scopes === null ? all : Buffer.from(scopes.join(' ')).toString('base64url');
      const body = `${token}~${list}`;
      return `${body}~${sealOf(body).toString('base64url')}`;
    },
    open(text) {
      const [, body, token, list, seal] = /^(([^~]+)~([\w-]*))~([\w-]+)$/.exec(text) ?? [];
      if (body === undefined || token === undefined || list === undefined || seal === undefined)
        return undefined;
      const given = Buffer.from(seal, 'base64url');
      const right = sealOf(body);
      if (given.byteLength !== right.byteLength || !timingSafeEqual(given, right)) return undefined;
      const scopes = list === all ? null : knownScopes(Buffer.from(list, 'base64url').toString());
      return { token, scopes };
    },
  };
}
