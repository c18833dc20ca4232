/**
 * Who may call what. A method names one scope; a caller carries a set of them, decided when its connection opens. A scope
 * says which verbs; whose things they reach is another matter: everybody reaches their own alone (see Ownership).
 */
export const scopes = [
  'hosts.read',
  'hosts.write',
  'projects.read',
  'projects.write',
  'workspaces.read',
  'workspaces.write',
  'snapshots.read',
  'snapshots.write',
  'terminals.read',
  'terminals.write',
  /** Machines at providers and what they cost: they are paid by whoever owns the account. */
  'machines.read',
  'machines.write',
  'credentials.read',
  'credentials.write',
  'operations.read',
  'operations.write',
  'settings.read',
  'settings.write',
  /** One's own account: password, second factor, sessions, API keys. */
  'account.read',
  'account.write',
  /** Everybody's accounts. */
  'users.read',
  'users.write',
  'audit.read',
] as const;
export type Scope = (typeof scopes)[number];

export const roles = ['owner', 'member', 'viewer'] as const;
export type Role = (typeof roles)[number];

/** Only owners add hosts, rent machines, see credentials, answer a host's questions, open a shell on a host, and manage people. */
const memberScopes: readonly Scope[] = [
  'hosts.read',
  'projects.read',
  'projects.write',
  'workspaces.read',
  'workspaces.write',
  'snapshots.read',
  'snapshots.write',
  'terminals.read',
  'terminals.write',
  'operations.read',
  'operations.write',
  'settings.read',
  'settings.write',
  'account.read',
  'account.write',
];

/** What each role may do. A viewer looks, and keeps its own settings and account. */
export const scopesOfRole: Readonly<Record<Role, ReadonlySet<Scope>>> = {
  owner: new Set(scopes),
  member: new Set(memberScopes),
  viewer: new Set(
    memberScopes.filter(
      (scope) => scope.endsWith('.read') || scope === 'settings.write' || scope === 'account.write',
    ),
  ),
};
