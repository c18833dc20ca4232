/** Joins each noun's handlers. Does not compile if a method of the contract has none. */
import type { HandlersOf, Handlers } from './handler.ts';

export function joinHandlers(
  about: HandlersOf<'about'>,
  hosts: HandlersOf<'hosts'> & HandlersOf<'questions'>,
  credentials: HandlersOf<'credentials'>,
  projects: HandlersOf<'projects'>,
  workspaces: HandlersOf<'workspaces'>,
  snapshots: HandlersOf<'snapshots'> & HandlersOf<'snapshotRules'> & HandlersOf<'repositories'>,
  operations: HandlersOf<'operations'>,
  terminals: HandlersOf<'terminals'>,
  settings: HandlersOf<'settings'>,
  users: HandlersOf<'users'> & HandlersOf<'audit'> & HandlersOf<'account'> & HandlersOf<'apiKeys'>,
  machines: HandlersOf<'clouds'> & HandlersOf<'machines'>,
  ways: HandlersOf<'forwards'> & HandlersOf<'files'> & HandlersOf<'lifecycles'>,
): Handlers {
  return {
    ...about,
    ...hosts,
    ...credentials,
    ...projects,
    ...workspaces,
    ...snapshots,
    ...operations,
    ...terminals,
    ...settings,
    ...users,
    ...machines,
    ...ways,
  };
}
