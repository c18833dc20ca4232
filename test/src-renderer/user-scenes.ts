/** Scenes about accounts: an owner with people, one alone, one who came by a link, a member, a viewer. */
import type { Account, ApiKey, SignedInSession } from '#contract/account.ts';
import { localOwnerId, type UserId } from '#contract/ids.ts';
import { noQuota, type AuditEntry, type User } from '#contract/users.ts';
import { type Scene, scenes } from './scenes.ts';

const at = '2026-11-20T09:00:00.000Z';
const gib = 1024 ** 3;
const userId = (n: number): UserId => `user_${String(n).padStart(20, '0')}`;
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

const usage = { workspaces: 3, cpus: 4.5, memoryBytes: 9 * gib, diskBytes: 31 * gib, snapshots: 12 };
const quota = { workspaces: 5, cpus: 8, memoryBytes: 16 * gib, diskBytes: 30 * gib, snapshots: 100 };

export const ownerAccount: Account = {
  id: localOwnerId,
  email: 'ada@example.org',
  name: 'Ada',
  role: 'owner',
  source: 'local',
  hasPassword: true,
  hasSecondFactor: false,
  recoveryCodes: 0,
  quota: noQuota,
  usage,
  isServed: true,
  createdAt: at,
};

const memberAccount: Account = {
  ...ownerAccount,
  id: userId(2),
  email: 'grace@example.org',
  name: 'Grace',
  role: 'member',
  source: 'password',
  hasSecondFactor: true,
  recoveryCodes: 2,
  quota,
};

export function person(n: number, name: string, more: Partial<User> = {}): User {
  return {
    id: userId(n),
    email: `${name.toLowerCase().replaceAll(/[^a-z]/g, '') || `person${n}`}@example.org`,
    name,
    role: 'member',
    source: 'password',
    state: 'active',
    hasSecondFactor: false,
    quota,
    usage: { ...usage, diskBytes: 8 * gib },
    createdAt: at,
    lastSeenAt: minutesAgo(n * 7),
    ...more,
  };
}

const users: readonly User[] = [
  person(0, 'Ada', { role: 'owner', source: 'local', quota: noQuota, hasSecondFactor: true }),
  person(2, 'Grace', { usage }),
  person(3, 'Linus', { role: 'viewer', state: 'disabled', lastSeenAt: minutesAgo(60 * 24 * 9) }),
  person(4, 'Margaret', { state: 'invited', lastSeenAt: null, usage: { ...usage, diskBytes: null } }),
  person(5, 'Konrad', { state: 'unverified', lastSeenAt: null }),
  person(6, 'Somebody whose name has all of the eighty characters that a name here may ever have', {
    email: `${'a-very-long-local-part-of-an-address'.repeat(2)}@and-a-domain-that-is-long-too.example.org`,
  }),
  person(7, 'مطوّر الفريق', { email: 'dev@example.org' }),
];

const sessions: readonly SignedInSession[] = [
  {
    id: 'sess_00000000000000000001',
    kind: 'browser',
    agent: 'Firefox on Linux',
    address: '192.0.2.17',
    createdAt: at,
    usedAt: minutesAgo(0),
    isThisOne: true,
  },
  {
    id: 'sess_00000000000000000002',
    kind: 'browser',
    agent: 'Safari on iPhone',
    address: '2001:db8:85a3::8a2e:370:7334',
    createdAt: at,
    usedAt: minutesAgo(190),
    isThisOne: false,
  },
  {
    id: 'sess_00000000000000000003',
    kind: 'token',
    agent: 'berth command line',
    address: null,
    createdAt: at,
    usedAt: minutesAgo(60 * 26),
    isThisOne: false,
  },
];

const apiKeys: readonly ApiKey[] = [
  {
    id: 'key_00000000000000000001',
    name: 'Nightly snapshots',
    hint: 'berth_4kq…',
    scopes: ['workspaces.read', 'snapshots.read', 'snapshots.write'],
    createdAt: at,
    expiresAt: '2031-01-01T00:00:00.000Z',
    usedAt: minutesAgo(12),
  },
  {
    id: 'key_00000000000000000002',
    name: 'A trial of last year',
    hint: 'berth_9zz…',
    scopes: ['workspaces.read'],
    createdAt: '2025-01-02T09:00:00.000Z',
    expiresAt: '2025-04-01T00:00:00.000Z',
    usedAt: null,
  },
];

const acts = [
  { action: 'workspaces.create', subject: 'ws_00000000000000000001', outcome: 'done' },
  { action: 'account.sign-in', subject: null, outcome: 'done' },
  { action: 'workspaces.create', subject: null, outcome: 'quota.exceeded' },
  { action: 'snapshots.restore', subject: 'snap_00000000000000000001', outcome: 'done' },
  { action: 'users.change', subject: userId(3), outcome: 'done' },
] as const;

const audit: readonly AuditEntry[] = Array.from({ length: 230 }, (_, index): AuditEntry => {
  const act = acts[index % acts.length] ?? acts[0];
  const who = users[index % 2] ?? person(1, 'Nobody');
  return {
    ...act,
    number: 1000 - index,
    at: minutesAgo(index * 11),
    userId: who.id,
    userName: who.name,
    by: index % 4 === 3 ? 'api-key' : 'browser',
    address: index % 5 === 0 ? null : '192.0.2.17',
  };
}).with(2, {
  number: 998,
  at: minutesAgo(25),
  userId: null,
  userName: '',
  by: 'none',
  action: 'account.sign-in',
  subject: 'somebody@example.org',
  outcome: 'account.sign-in-failed',
  address: '203.0.113.9',
});

export const userScenes = {
  people: { ...scenes.usual, account: ownerAccount, users, sessions, apiKeys, audit },
  'people-no-mail': { ...scenes.usual, users, sessions, apiKeys, audit, hasNoMail: true },
  'people-alone': {
    ...scenes.usual,
    users: users.slice(0, 1),
    account: { ...ownerAccount, email: null, hasPassword: false },
    sessions: sessions.slice(0, 1),
  },
  member: { ...scenes.usual, account: memberAccount, sessions, apiKeys },
  'member-empty': { account: memberAccount },
  viewer: { ...scenes.usual, account: { ...memberAccount, role: 'viewer' }, sessions },
  'provider-account': {
    ...scenes.usual,
    account: { ...memberAccount, source: 'provider', hasPassword: false, hasSecondFactor: false },
    sessions,
  },
} satisfies Record<string, Scene>;
