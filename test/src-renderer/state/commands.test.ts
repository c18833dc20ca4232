/** Who sees which rows: an act that must fail is not there for whoever may not do it. */
import { readFileSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { About } from '#contract/about.ts';
import { contract, type MethodName } from '#contract/index.ts';
import { localOwnerId } from '#contract/ids.ts';
import { type Role, scopesOfRole } from '#contract/scopes.ts';
import { credentialCommands } from '#renderer/features/credentials/credential-commands.ts';
import { hostCommands } from '#renderer/features/hosts/host-commands.ts';
import { operationCommands } from '#renderer/features/operations/operation-commands.ts';
import { projectCommands } from '#renderer/features/projects/project-commands.ts';
import { accountCommands } from '#renderer/features/users/account-commands.ts';
import { workspaceCommands } from '#renderer/features/workspaces/workspace-commands.ts';
import { isAllowed, isCommandShown } from '#renderer/state/commands.ts';

const root = join(import.meta.dirname, '../../..');
const commands = [
  ...credentialCommands,
  ...hostCommands,
  ...operationCommands,
  ...projectCommands,
  ...accountCommands,
  ...workspaceCommands,
];
const aboutOf = (role: Role): About => ({
  version: '0.1.0',
  mode: 'served',
  user: { id: localOwnerId, name: 'Somebody' },
  scopes: [...scopesOfRole[role]],
  platform: 'linux x64',
  dataFolder: '/data',
  isReadOnly: false,
});
const shownTo = (role: Role) =>
  commands.filter((command) => isCommandShown(command, { about: aboutOf(role) })).map(({ id }) => id);

describe('rows of the command table', () => {
  it('are all there for an owner', () => {
    expect(shownTo('owner')).toEqual(commands.filter(({ isHidden }) => !isHidden).map(({ id }) => id));
  });

  it('keep hosts, credentials and people from members', () => {
    const shown = shownTo('member');
    for (const id of ['host.add', 'host.remove', 'credential.lock-vault', 'people.open', 'audit.open'])
      expect(shown).not.toContain(id);
    expect(shown).toEqual(expect.arrayContaining(['workspace.new', 'project.new', 'account.open']));
  });

  it('leave a viewer nothing but looking and the own account', () => {
    expect(shownTo('viewer')).toEqual(['account.open', 'account.sign-out']);
  });

  it('are there until it is known who looks', () => {
    expect(isAllowed('users.write', null)).toBe(true);
    expect(isAllowed('users.write', { ...aboutOf('owner'), scopes: [] })).toBe(false);
    expect(isAllowed(undefined, { ...aboutOf('owner'), scopes: [] })).toBe(true);
  });

  it('name the scope of what they call, in every file of them', () => {
    const wrong: string[] = [];
    for (const path of globSync('src-renderer/features/*/*commands.ts', { cwd: root })) {
      const text = readFileSync(join(root, path), 'utf8');
      // A row begins with its id, and ends with the table at the latest.
      for (const part of text.split(/\n\s+id: '/).slice(1)) {
        const row = part.split('\n];')[0] ?? '';
        const scope = /scope: '([\w.]+)'/.exec(row)?.[1];
        for (const [, method] of row.matchAll(/client\.call\('([\w.]+)'/g)) {
          const needed = contract[method as MethodName].scope;
          if (!scopesOfRole.viewer.has(needed) && scope !== needed)
            wrong.push(
              `${path}: ${row.slice(0, row.indexOf("'"))} calls ${method} with ${scope ?? 'no scope'}`,
            );
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});
