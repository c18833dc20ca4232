/** What is kept of a session, and when it is over. A session is one signed-in browser, or one family of tokens. Pure. */
import { z } from 'zod';
import type { SignedInSession } from '#contract/account.ts';
import { SessionId, UserId } from '#contract/ids.ts';
import type { Random } from '../interfaces/random.ts';
import { hashOf, isToken, newToken } from './single-use-token.ts';

const dayMs = 24 * 60 * 60_000;
/** Not used for so long: over. */
export const sessionIdleMs = 30 * dayMs;
/** Used or not: over. */
export const sessionLifeMs = 180 * dayMs;
/** A use is written down at most this often: the times are for people and for weeks. */
export const touchEveryMs = 60 * 60_000;
export const maxSessionsPerPerson = 50;
const maxAgentCharacters = 200;

const Hash = z.string().regex(/^[0-9a-f]{64}$/);

const SessionRecord = z.object({
  id: SessionId,
  userId: UserId,
  kind: z.enum(['browser', 'token']),
  /** Of the cookie's value, or of the part of the refresh token that changes with each use. */
  tokenHash: Hash,
  /** Of the part of the refresh token that stays: tells an older token of this family from one that never was. */
  familyHash: Hash.nullable(),
  agent: z.string(),
  address: z.string().nullable(),
  createdAtMs: z.number(),
  usedAtMs: z.number(),
});
export type SessionRecord = z.infer<typeof SessionRecord>;
export function parseSessionRecord(value: unknown): SessionRecord {
  return SessionRecord.parse(value);
}

export function endOf(record: SessionRecord): number {
  return Math.min(record.usedAtMs + sessionIdleMs, record.createdAtMs + sessionLifeMs);
}

export function toSignedIn(record: SessionRecord, ownId: SessionId | null): SignedInSession {
  const { id, kind, agent, address, createdAtMs, usedAtMs } = record;
  return {
    id,
    kind,
    agent,
    address,
    createdAt: new Date(createdAtMs).toISOString(),
    usedAt: new Date(usedAtMs).toISOString(),
    isThisOne: id === ownId,
  };
}

/** What a client says of itself, as a line that can be shown. */
export function agentLine(agent: string): string {
  return agent.replaceAll(/[\p{C}\u2028\u2029]/gu, ' ').slice(0, maxAgentCharacters);
}

/** A refresh token: the session's id, the part that stays, the part that changes. */
const refreshShape = /^([0-9a-z]{20})\.([\w-]{43})\.([\w-]{43})$/;

export function refreshTokenOf(id: SessionId, family: string, changing: string): string {
  return `${id.slice('sess_'.length)}.${family}.${changing}`;
}

export function readRefreshToken(
  token: string,
): { id: SessionId; family: string; changing: string } | undefined {
  const [, body, family, changing] = refreshShape.exec(token) ?? [];
  if (body === undefined || family === undefined || changing === undefined) return undefined;
  return { id: `sess_${body}`, family, changing };
}

/** A new session's secret halves; `token` is what its holder gets. */
export function newSessionToken(kind: SessionRecord['kind'], id: SessionId, random: Pick<Random, 'bytes'>) {
  const changing = newToken(random);
  if (kind === 'browser') return { token: changing, tokenHash: hashOf(changing), familyHash: null };
  const family = newToken(random);
  return {
    token: refreshTokenOf(id, family, changing),
    tokenHash: hashOf(changing),
    familyHash: hashOf(family),
  };
}

/** `older`: of this family and used before. `foreign`: never was one of it. */
export function judgeRefresh(
  record: SessionRecord,
  { family, changing }: { readonly family: string; readonly changing: string },
): 'newest' | 'older' | 'foreign' {
  if (record.familyHash === null || !isToken(family, record.familyHash)) return 'foreign';
  return isToken(changing, record.tokenHash) ? 'newest' : 'older';
}
