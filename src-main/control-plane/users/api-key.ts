/** What is kept of an API key, and its form: `berth_`, 20 characters that name it, `_`, 43 that are secret. Pure. */
import { z } from 'zod';
import { type ApiKey, ApiKey as ApiKeyShape } from '#contract/account.ts';
import { ApiKeyId, UserId } from '#contract/ids.ts';
import type { Role, Scope } from '#contract/scopes.ts';
import { scopesOfRole } from '#contract/scopes.ts';

export const maxKeysPerPerson = 50;
/** Milliseconds between two notes that a key was used. */
export const keyTouchEveryMs = 60 * 60_000;
/** Of the part that names it: enough to tell fifty apart. */
const hintCharacters = 6;
const prefix = 'berth_';

const ApiKeyRecord = ApiKeyShape.extend({
  userId: UserId,
  /** SHA-256 of the secret part, hex. */
  secretHash: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ApiKeyRecord = z.infer<typeof ApiKeyRecord>;
export function parseApiKeyRecord(value: unknown): ApiKeyRecord {
  return ApiKeyRecord.parse(value);
}

const keyShape = /^berth_([0-9a-z]{20})_([\w-]{43})$/;

export function keyOf(id: ApiKeyId, secret: string): string {
  return `${prefix}${id.slice('key_'.length)}_${secret}`;
}

export function readKey(key: string): { id: ApiKeyId; secret: string } | undefined {
  const [, body, secret] = keyShape.exec(key) ?? [];
  if (body === undefined || secret === undefined) return undefined;
  return { id: ApiKeyId.parse(`key_${body}`), secret };
}

export function hintOf(id: ApiKeyId): string {
  return `${prefix}${id.slice('key_'.length, 'key_'.length + hintCharacters)}…`;
}

export function toApiKey({ userId: _userId, secretHash: _secretHash, ...shown }: ApiKeyRecord): ApiKey {
  return shown;
}

/** What a key opens now: what it was made for, as far as its maker may still do that. */
export function scopesOfKey(record: ApiKeyRecord, role: Role): ReadonlySet<Scope> {
  return new Set(record.scopes.filter((scope) => scopesOfRole[role].has(scope)));
}
