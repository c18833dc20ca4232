/** Acts of the audit log in plain words, and the kinds that they can be filtered by. Pure. */
import type { MethodName } from '#contract/index.ts';

/** What changes something. A method that is not here reads, or is what its name says. */
const methodWords: Partial<Record<MethodName, string>> = {
  'account.change': 'changed the own name',
  'account.setUp': 'set an e-mail and password',
  'account.changePassword': 'changed the password',
  'account.beginSecondFactor': 'began to turn on the second factor',
  'account.confirmSecondFactor': 'turned the second factor on',
  'account.removeSecondFactor': 'turned the second factor off',
  'account.endSession': 'ended a session',
  'account.signOutEverywhere': 'signed out everywhere',
  'apiKeys.create': 'made an API key',
  'apiKeys.remove': 'removed an API key',
  'credentials.add': 'kept a secret',
  'credentials.replace': 'replaced a secret',
  'credentials.remove': 'deleted a secret',
  'credentials.createVault': 'made the vault',
  'credentials.unlockVault': 'unlocked the vault',
  'credentials.lockVault': 'locked the vault',
  'hosts.candidates': 'looked at the SSH configuration',
  'hosts.interpret': 'looked a host up in the SSH configuration',
  'hosts.test': 'tried a host',
  'hosts.add': 'added a host',
  'hosts.edit': 'changed a host',
  'hosts.remove': 'removed a host',
  'hosts.connect': 'connected a host',
  'hosts.disconnect': 'disconnected a host',
  'hosts.replaceKey': 'trusted another host key',
  'operations.cancel': 'cancelled an operation',
  'operations.clear': 'cleared operations from the list',
  'projects.create': 'made a project',
  'projects.edit': 'changed a project',
  'projects.remove': 'removed a project',
  'questions.answer': 'answered a question of a host',
  'repositories.add': 'added a repository',
  'repositories.check': 'checked a repository',
  'repositories.remove': 'removed a repository',
  'settings.change': 'changed settings',
  'snapshotRules.set': 'changed the rules of snapshots',
  'snapshotRules.apply': 'deleted snapshots by the rules',
  'snapshots.create': 'took a snapshot',
  'snapshots.change': 'changed a snapshot',
  'snapshots.verify': 'verified a snapshot',
  'snapshots.destroy': 'deleted snapshots',
  'snapshots.restore': 'restored a snapshot',
  'snapshots.undoRestore': 'took a restore back',
  'snapshots.endUndo': 'gave up the files from before a restore',
  'snapshots.read': 'read files of a snapshot',
  'snapshots.putBack': 'put files of a snapshot back',
  'snapshots.export': 'exported a snapshot',
  'snapshots.import': 'imported an archive',
  'terminals.share': 'shared a terminal',
  'terminals.unshare': 'ended the sharing of a terminal',
  'terminals.open': 'opened a terminal',
  'terminals.attach': 'looked into a terminal',
  'terminals.resize': 'resized a terminal',
  'terminals.rename': 'renamed a terminal',
  'terminals.dropBacklog': 'skipped output of a terminal',
  'terminals.close': 'closed a terminal',
  'users.invite': 'invited somebody',
  'users.change': 'changed an account',
  'users.signOut': 'signed somebody out everywhere',
  'users.remove': 'removed an account',
  'workspaces.create': 'made a workspace',
  'workspaces.ensure': 'asked for a workspace that runs',
  'workspaces.revealPassword': 'looked at the password of a workspace',
  'workspaces.changePassword': 'changed the password of a workspace',
  'workspaces.exec': 'ran a command in a workspace',
  'workspaces.writeTree': 'put files into a workspace',
  'workspaces.dial': 'connected to a port of a workspace',
  'workspaces.start': 'started a workspace',
  'workspaces.stop': 'stopped a workspace',
  'workspaces.restart': 'restarted a workspace',
  'workspaces.rename': 'renamed a workspace',
  'workspaces.fork': 'made a workspace of a snapshot',
  'workspaces.move': 'moved a workspace',
  'workspaces.confirmMove': 'confirmed a move',
  'workspaces.cancelMove': 'took a move back',
  'workspaces.destroy': 'destroyed a workspace',
  'workspaces.forget': 'forgot a workspace',
  'workspaces.logs': 'read the log of a workspace',
  'workspaces.destroyVolume': 'destroyed a kept volume',
};

/** What is no call of the contract. */
const eventWords: Readonly<Record<string, string>> = {
  'account.sign-in': 'signed in',
  'account.provider-sign-in': 'signed in at an identity provider',
  'account.sign-out': 'signed out',
  'account.register': 'registered',
  'account.set-up': 'set up the owner’s account',
  'account.verify': 'confirmed an e-mail address',
  'account.request-reset': 'asked for a new password',
  'account.reset': 'chose a new password',
  'account.token-reuse': 'used a refresh token twice, which ended its session',
};

/** As the end of a sentence that begins with a name: "signed in". What has no words here is named as it is. */
export function actionWords(action: string): string {
  return (methodWords as Readonly<Record<string, string>>)[action] ?? eventWords[action] ?? action;
}

export function hasActionWords(action: string): boolean {
  return action in methodWords || action in eventWords;
}

/** `value` is the beginning of an action's name; see `audit.list`. */
export const auditKinds = [
  { value: '', label: 'Everything' },
  { value: 'account.', label: 'Accounts and signing in' },
  { value: 'users.', label: 'People' },
  { value: 'apiKeys.', label: 'API keys' },
  { value: 'hosts.', label: 'Hosts' },
  { value: 'questions.', label: 'Questions of hosts' },
  { value: 'credentials.', label: 'Credentials' },
  { value: 'projects.', label: 'Projects' },
  { value: 'workspaces.', label: 'Workspaces' },
  { value: 'terminals.', label: 'Terminals' },
  { value: 'snapshots.', label: 'Snapshots' },
  { value: 'snapshotRules.', label: 'Rules of snapshots' },
  { value: 'repositories.', label: 'Repositories' },
  { value: 'operations.', label: 'Operations' },
  { value: 'settings.', label: 'Settings' },
] as const;

export const byWords = {
  browser: 'in a browser',
  token: 'with a token',
  'api-key': 'with an API key',
  local: 'on the computer of Berth',
  none: '',
} as const;
