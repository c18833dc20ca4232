/**
 * Who may call what. A method names one scope; a caller carries a set of them, decided when its connection opens.
 * `owner` of the desktop has all. A viewer has the `read` ones.
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
  'credentials.read',
  'credentials.write',
  'operations.read',
  'operations.write',
  'settings.read',
  'settings.write',
] as const;
export type Scope = (typeof scopes)[number];
