/**
 * Our own access tokens: JWTs as RFC 9068 lays them out, signed with a key that never leaves this server (HS256), good
 * for minutes. A token names a session, and is worth nothing once that has ended; it may be narrowed to some scopes.
 * Algorithm, issuer, audience and type are fixed here and taken from no token.
 */
import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { SessionId, UserId } from '#contract/ids.ts';
import { type Scope, scopes as allScopes } from '#contract/scopes.ts';

export const accessTokenLifeS = 15 * 60;
const audience = 'berth';
const type = 'at+jwt';
/** Seconds by which two clocks may differ. */
export const clockToleranceS = 60;

export interface AccessGrant {
  readonly userId: UserId;
  readonly sessionId: SessionId;
  /** Null: whatever the person may do. */
  readonly scopes: readonly Scope[] | null;
}

export interface AccessTokens {
  issue(grant: AccessGrant): Promise<string>;
  /** undefined for everything that is not a good token of ours. Whether its session lives is for the accounts to say. */
  verify(token: string): Promise<AccessGrant | undefined>;
}

export interface AccessTokenOptions {
  /** 32 bytes, of nothing else. */
  readonly key: Uint8Array;
  readonly issuer: string;
  readonly nowMs: () => number;
}

const Claims = z.object({ sub: UserId, sid: SessionId, scope: z.string().max(1_000).optional() });

export function createAccessTokens({ key, issuer, nowMs }: AccessTokenOptions): AccessTokens {
  return {
    issue({ userId, sessionId, scopes }) {
      const nowS = Math.floor(nowMs() / 1000);
      const narrowed = scopes === null ? {} : { scope: scopes.join(' ') };
      return new SignJWT({ sid: sessionId, ...narrowed })
        .setProtectedHeader({ alg: 'HS256', typ: type })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(userId)
        .setIssuedAt(nowS)
        .setExpirationTime(nowS + accessTokenLifeS)
        .setJti(randomUUID())
        .sign(key);
    },

    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          issuer,
          audience,
          typ: type,
          clockTolerance: clockToleranceS,
          requiredClaims: ['exp', 'iat', 'jti'],
          // Refuses one from the future, too.
          maxTokenAge: accessTokenLifeS,
          currentDate: new Date(nowMs()),
        });
        const claims = Claims.safeParse(payload);
        if (!claims.success) return undefined;
        const { sub, sid, scope } = claims.data;
        return { userId: sub, sessionId: sid, scopes: scope === undefined ? null : knownScopes(scope) };
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}

/** Of a list with spaces between (RFC 6749, 3.3); what is not known gives nothing. */
export function knownScopes(text: string): Scope[] {
  const asked = new Set(text.split(' '));
  return allScopes.filter((scope) => asked.has(scope));
}
