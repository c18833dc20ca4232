/** What is kept of a person, what others are shown of them, and the rules about owners. Pure. */
import { z } from 'zod';
import type { Account } from '#contract/account.ts';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, UserId } from '#contract/ids.ts';
import { DisplayName, Instant } from '#contract/text.ts';
import { EmailAddress, Quota, Role, type Usage, type User, UserSource } from '#contract/users.ts';

const SecondFactor = z.object({
  /** The secret, sealed for this user's id. */
  sealedSecret: z.string(),
  /** The step of the last code that was used: no code is good twice. */
  lastStep: z.number().int(),
  /** Hashes of recovery codes that were not used yet. */
  recoveryHashes: z.array(z.string()),
});
export type SecondFactor = z.infer<typeof SecondFactor>;

const UserRecord = z.object({
  id: UserId,
  email: EmailAddress.nullable(),
  name: DisplayName,
  role: Role,
  source: UserSource,
  state: z.enum(['active', 'invited', 'unverified']),
  isDisabled: z.boolean(),
  /** Of somebody unverified: what they chose, and cannot use yet. */
  passwordHash: z.string().nullable(),
  identity: z.object({ issuer: z.string(), subject: z.string() }).nullable(),
  secondFactor: SecondFactor.nullable(),
  quota: Quota,
  createdAt: Instant,
  lastSeenAt: Instant.nullable(),
});
export type UserRecord = z.infer<typeof UserRecord>;
export function parseUserRecord(value: unknown): UserRecord {
  return UserRecord.parse(value);
}

/** A new person, before anything is known of them. */
export function newUser(
  known: Pick<UserRecord, 'id' | 'email' | 'name' | 'role' | 'source' | 'state' | 'quota' | 'createdAt'>,
): UserRecord {
  return {
    isDisabled: false,
    passwordHash: null,
    identity: null,
    secondFactor: null,
    lastSeenAt: null,
    ...known,
  };
}

export function newLocalOwner(quota: Quota, createdAt: string): UserRecord {
  return newUser({
    id: localOwnerId,
    email: null,
    name: 'Owner',
    role: 'owner',
    source: 'local',
    state: 'active',
    quota,
    createdAt,
  });
}

/** Whether a session, a token or a key of this person opens anything. */
export function isUsable(record: UserRecord): boolean {
  return record.state === 'active' && !record.isDisabled;
}

/** Whether this person can come in from elsewhere, and not only by starting Berth. */
export function canSignIn(record: UserRecord): boolean {
  return isUsable(record) && (record.passwordHash !== null || record.identity !== null);
}

export function toUser(record: UserRecord, usage: Usage): User {
  const { id, email, name, role, source, quota, createdAt, lastSeenAt } = record;
  return {
    id,
    email,
    name,
    role,
    source,
    state: record.isDisabled ? 'disabled' : record.state,
    hasSecondFactor: record.secondFactor !== null,
    quota,
    usage,
    createdAt,
    lastSeenAt,
  };
}

export function toAccount(record: UserRecord, usage: Usage, isServed: boolean): Account {
  const { id, email, name, role, source, quota, createdAt } = record;
  return {
    id,
    email,
    name,
    role,
    source,
    hasPassword: record.passwordHash !== null,
    hasSecondFactor: record.secondFactor !== null,
    recoveryCodes: record.secondFactor?.recoveryHashes.length ?? 0,
    quota,
    usage,
    isServed,
    createdAt,
  };
}

/**
 * Throws account.last-owner when `after` (null: removed) would leave nobody who can sign in and manage people, or would
 * take Berth from whoever starts it.
 */
export function requireOwnerLeft(before: UserRecord, after: UserRecord | null, all: readonly UserRecord[]) {
  const isOwner = after !== null && after.role === 'owner' && !after.isDisabled;
  if (before.id === localOwnerId && !isOwner)
    throw new BerthError(
      'account.last-owner',
      'This is the owner of the computer that Berth runs on: who starts Berth can always manage it.',
    );
  if (isOwner || before.role !== 'owner' || !canSignIn(before)) return;
  const isOtherLeft = all.some(
    (other) => other.id !== before.id && other.role === 'owner' && canSignIn(other),
  );
  if (!isOtherLeft)
    throw new BerthError(
      'account.last-owner',
      `${before.name} is the last owner who can sign in. Make somebody else an owner first.`,
    );
}

/** `over` where it says something, `base` elsewhere. */
export function mergedQuota(
  base: Quota,
  over: { readonly [F in keyof Quota]?: Quota[F] | undefined } | undefined,
): Quota {
  const given = Object.fromEntries(Object.entries(over ?? {}).filter(([, value]) => value !== undefined));
  return { ...base, ...given };
}

/** A name for somebody who gave none, or none that can be shown. */
export function nameFor(wish: string | null, email: string | null): string {
  const wished = DisplayName.safeParse(wish ?? '');
  if (wished.success) return wished.data;
  const local = DisplayName.safeParse((email ?? '').split('@')[0]?.slice(0, 80) ?? '');
  return local.success ? local.data : 'Somebody';
}

export function noSuchUser(): BerthError {
  return new BerthError('not-found', 'There is no such person.');
}

export function noAccountsHere(): BerthError {
  return new BerthError(
    'account.none-here',
    'The desktop app has one person and no accounts. Run “berth serve” on this data to have some.',
  );
}
