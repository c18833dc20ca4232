/** People: who has an account on a served Berth, what they may do, and how much of it. The desktop has one local owner. */
import { z } from 'zod';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import { UserId } from './ids.ts';
import { roles } from './scopes.ts';
import { Bytes, DisplayName, Instant, line } from './text.ts';

export const Role = z.enum(roles);

/** An e-mail address as people write it, in lower case (RFC 5321 limits it to 254 characters). */
export const EmailAddress = z
  .string()
  .trim()
  .toLowerCase()
  .max(254, 'must have at most 254 characters')
  .pipe(z.email('must be an e-mail address'));

/** What one person may have at once. Null: no limit. */
export const Quota = z.object({
  workspaces: z.number().int().min(0).max(10_000).nullable(),
  /** Sum of the processor limits of workspaces, running or not. */
  cpus: z.number().min(0).max(10_000).nullable(),
  /** Sum of their memory limits. */
  memoryBytes: Bytes.nullable(),
  /** Volumes and snapshot archives together, as last measured. */
  diskBytes: Bytes.nullable(),
  snapshots: z.number().int().min(0).max(1_000_000).nullable(),
});
export type Quota = z.infer<typeof Quota>;

export const noQuota: Quota = {
  workspaces: null,
  cpus: null,
  memoryBytes: null,
  diskBytes: null,
  snapshots: null,
};

/** What one person has now. */
export const Usage = z.object({
  workspaces: z.number().int(),
  cpus: z.number(),
  memoryBytes: Bytes,
  /** Null: not measured yet. */
  diskBytes: Bytes.nullable(),
  snapshots: z.number().int(),
});
export type Usage = z.infer<typeof Usage>;

/** Where a person signs in: nowhere (who starts Berth), with a password, or at an identity provider. */
export const UserSource = z.enum(['local', 'password', 'provider']);

export const User = z.object({
  id: UserId,
  /** Null: the local owner who has set none. */
  email: EmailAddress.nullable(),
  name: DisplayName,
  role: Role,
  source: UserSource,
  /** `invited`: has not chosen a password yet. `unverified`: has not opened the link in the e-mail yet. */
  state: z.enum(['active', 'invited', 'unverified', 'disabled']),
  hasSecondFactor: z.boolean(),
  quota: Quota,
  usage: Usage,
  createdAt: Instant,
  lastSeenAt: Instant.nullable(),
});
export type User = z.infer<typeof User>;

/** One line of the audit log: who did what to what, from where, and whether it worked. Never what was typed. */
export const AuditEntry = z.object({
  /** Grows with time; a cursor for reading on. */
  number: z.number().int(),
  at: Instant,
  /** Null: nobody who is known, as in a failed sign-in. */
  userId: UserId.nullable(),
  userName: z.string(),
  /** `browser`, `token`, `api-key`, `local`, `none`. */
  by: z.enum(['browser', 'token', 'api-key', 'local', 'none']),
  /** A method of the contract, as `workspaces.create`, or an event, as `account.sign-in`. */
  action: z.string(),
  /** The id or address that it was done to, where there is one. */
  subject: z.string().nullable(),
  /** `done`, or the code of the failure. */
  outcome: z.string(),
  /** The address that the request came from; null on this computer. */
  address: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

const byId = z.object({ id: UserId });

export const userMethods = {
  'users.watch': stream({
    summary: 'Everybody with an account, then every change',
    scope: 'users.read',
    input: z.object({}),
    item: collectionItem(User),
    errors: [],
    rest: { method: 'GET', path: '/users', shape: 'collection' },
  }),
  'users.invite': call({
    summary: 'Makes an account and sends a link with which its person chooses a password',
    scope: 'users.write',
    input: z.object({
      email: EmailAddress,
      name: DisplayName.nullable().default(null),
      role: Role.default('member'),
      /** Absent: as everybody who registers has. */
      quota: Quota.partial().optional(),
    }),
    /** `link`: to be passed on by hand, where no e-mail can be sent; told this once. */
    output: z.object({ user: User, link: z.string().nullable() }),
    errors: ['user.email-taken', 'account.none-here'],
    rest: { method: 'POST', path: '/users', creates: 'user.id', isConfidential: true },
  }),
  'users.change': call({
    summary: 'Changes a role, a quota, or whether the account can be used; ends its sessions when it cannot',
    scope: 'users.write',
    input: byId.extend({
      role: Role.optional(),
      quota: Quota.partial().optional(),
      isDisabled: z.boolean().optional(),
    }),
    output: User,
    errors: ['account.last-owner', 'account.none-here'],
    rest: { method: 'PATCH', path: '/users/:id' },
  }),
  'users.signOut': call({
    summary: 'Ends every session, token and API key of a person',
    scope: 'users.write',
    input: byId,
    output: z.object({}),
    errors: ['account.none-here'],
    rest: { method: 'POST', path: '/users/:id/sign-out' },
  }),
  'users.remove': call({
    summary: 'Removes an account; its projects, workspaces and snapshots become those of whoever removes it',
    scope: 'users.write',
    input: byId,
    output: z.object({
      projects: z.number().int(),
      workspaces: z.number().int(),
      snapshots: z.number().int(),
    }),
    errors: ['account.last-owner', 'account.none-here', 'conflict'],
    rest: { method: 'DELETE', path: '/users/:id' },
  }),
  'audit.list': call({
    summary: 'Who did what, the newest first',
    scope: 'audit.read',
    input: z.object({
      userId: UserId.nullable().default(null),
      /** Beginning of the action's name, as `workspaces.`. */
      action: line(80).nullable().default(null),
      /** Only entries with a smaller number: the last of the page before. */
      before: z.number().int().nullable().default(null),
      limit: z.number().int().min(1).max(500).default(100),
    }),
    output: z.object({ entries: z.array(AuditEntry), hasMore: z.boolean() }),
    errors: [],
    rest: { method: 'GET', path: '/audit' },
  }),
};
