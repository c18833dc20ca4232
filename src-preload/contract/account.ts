/** One's own account: name, password, second factor, sessions and API keys. */
import { z } from 'zod';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import { ApiKeyId, SessionId, UserId } from './ids.ts';
import { scopes } from './scopes.ts';
import { DisplayName, Instant } from './text.ts';
import { EmailAddress, Quota, Role, Usage, UserSource } from './users.ts';

/**
 * Length as NIST SP 800-63B counts it: characters, any of them. Common ones and those that hold the address are refused
 * when they are chosen (account.password-unfit).
 */
export const NewPassword = z
  .string()
  .min(10, 'must have at least 10 characters')
  .max(256, 'must have at most 256 characters');
/** As typed at a sign-in: nothing is said about its form. */
export const TypedPassword = z.string().min(1).max(256);
/** A code of the second factor (six digits, RFC 6238), or one of the recovery codes. */
export const OneTimeCode = z.string().trim().min(6).max(32);

export const Account = z.object({
  id: UserId,
  email: EmailAddress.nullable(),
  name: DisplayName,
  role: Role,
  source: UserSource,
  hasPassword: z.boolean(),
  hasSecondFactor: z.boolean(),
  /** Recovery codes that were not used yet. */
  recoveryCodes: z.number().int(),
  quota: Quota,
  usage: Usage,
  /** False in the desktop app: there are no accounts, and none of the methods below does anything. */
  isServed: z.boolean(),
  createdAt: Instant,
});
export type Account = z.infer<typeof Account>;

export const SignedInSession = z.object({
  id: SessionId,
  /** A window in a browser, or a program that was given tokens. */
  kind: z.enum(['browser', 'token']),
  /** What it said of itself, as "Firefox on Linux"; at most 200 characters. */
  agent: z.string().max(200),
  address: z.string().nullable(),
  createdAt: Instant,
  usedAt: Instant,
  isThisOne: z.boolean(),
});
export type SignedInSession = z.infer<typeof SignedInSession>;

export const ApiKey = z.object({
  id: ApiKeyId,
  name: DisplayName,
  /** The first characters of the key, by which a person knows it again. */
  hint: z.string(),
  scopes: z.array(z.enum(scopes)),
  createdAt: Instant,
  expiresAt: Instant.nullable(),
  usedAt: Instant.nullable(),
});
export type ApiKey = z.infer<typeof ApiKey>;

export const accountMethods = {
  'account.watch': stream({
    summary: 'One’s own account, then every change',
    scope: 'account.read',
    input: z.object({}),
    item: Account,
    errors: [],
    rest: { method: 'GET', path: '/account', shape: 'value' },
  }),
  'account.change': call({
    summary: 'Changes one’s name',
    scope: 'account.write',
    input: z.object({ name: DisplayName }),
    output: Account,
    errors: ['account.none-here'],
    rest: { method: 'PATCH', path: '/account' },
  }),
  'account.setUp': call({
    summary: 'Gives the local owner an address and a password to sign in with',
    scope: 'account.write',
    input: z.object({ email: EmailAddress, password: NewPassword }),
    output: Account,
    errors: ['account.none-here', 'account.password-unfit', 'user.email-taken', 'conflict'],
    rest: { method: 'POST', path: '/account/set-up', isConfidential: true },
  }),
  'account.changePassword': call({
    summary: 'Changes the password; ends all other sessions and tokens',
    scope: 'account.write',
    input: z.object({ current: TypedPassword, next: NewPassword }),
    output: z.object({}),
    errors: ['account.none-here', 'account.sign-in-failed', 'account.password-unfit', 'too-many'],
    rest: { method: 'POST', path: '/account/password', isConfidential: true },
  }),
  'account.beginSecondFactor': call({
    summary: 'A new secret for an authenticator app; nothing changes until it is confirmed',
    scope: 'account.write',
    input: z.object({ password: TypedPassword }),
    /** `uri`: otpauth (Key Uri Format); `image`: the same as an SVG of a QR code. */
    output: z.object({ secret: z.string(), uri: z.string(), image: z.string() }),
    errors: ['account.none-here', 'account.sign-in-failed', 'conflict', 'too-many'],
    rest: { method: 'POST', path: '/account/second-factor', isConfidential: true },
  }),
  'account.confirmSecondFactor': call({
    summary: 'Turns the second factor on with a first code; tells the recovery codes, this once',
    scope: 'account.write',
    input: z.object({ code: OneTimeCode }),
    output: z.object({ recoveryCodes: z.array(z.string()) }),
    errors: ['account.none-here', 'account.sign-in-failed', 'conflict', 'too-many'],
    rest: { method: 'POST', path: '/account/second-factor/confirm', isConfidential: true },
  }),
  'account.removeSecondFactor': call({
    summary: 'Turns the second factor off',
    scope: 'account.write',
    input: z.object({ password: TypedPassword, code: OneTimeCode }),
    output: z.object({}),
    errors: ['account.none-here', 'account.sign-in-failed', 'conflict', 'too-many'],
    rest: { method: 'POST', path: '/account/second-factor/remove', isConfidential: true },
  }),
  'account.sessions': call({
    summary: 'Where one is signed in',
    scope: 'account.read',
    input: z.object({}),
    output: z.object({ sessions: z.array(SignedInSession) }),
    errors: [],
    rest: { method: 'GET', path: '/account/sessions' },
  }),
  'account.endSession': call({
    summary: 'Signs one session out',
    scope: 'account.write',
    input: z.object({ id: SessionId }),
    output: z.object({}),
    errors: [],
    rest: { method: 'DELETE', path: '/account/sessions/:id' },
  }),
  'account.signOutEverywhere': call({
    summary: 'Ends every session and token of one’s own, this one too; API keys stay',
    scope: 'account.write',
    input: z.object({}),
    output: z.object({}),
    errors: [],
    rest: { method: 'POST', path: '/account/sign-out-everywhere' },
  }),
  'apiKeys.watch': stream({
    summary: 'One’s own API keys, then every change',
    scope: 'account.read',
    input: z.object({}),
    item: collectionItem(ApiKey),
    errors: [],
    rest: { method: 'GET', path: '/api-keys', shape: 'collection' },
  }),
  'apiKeys.create': call({
    summary: 'Makes a key for programs; told this once. It can do at most what its maker can',
    scope: 'account.write',
    input: z.object({
      name: DisplayName,
      scopes: z.array(z.enum(scopes)).min(1).max(scopes.length),
      expiresInDays: z.number().int().min(1).max(3650).nullable(),
    }),
    output: z.object({ apiKey: ApiKey, key: z.string() }),
    errors: ['account.none-here', 'too-many'],
    rest: { method: 'POST', path: '/api-keys', creates: 'apiKey.id', isConfidential: true },
  }),
  'apiKeys.remove': call({
    summary: 'Removes a key; what uses it is refused from now on',
    scope: 'account.write',
    input: z.object({ id: ApiKeyId }),
    output: z.object({}),
    errors: [],
    rest: { method: 'DELETE', path: '/api-keys/:id' },
  }),
};
