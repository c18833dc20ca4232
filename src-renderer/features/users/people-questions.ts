/** What is asked before an act on somebody's account, and what is said after. Pure. */
import type { OutputOf } from '#contract/index.ts';
import type { User } from '#contract/users.ts';
import { formatCount } from '../../components/format.ts';
import type { Confirmation } from '../../state/confirmations.ts';

export function ownerQuestion({ name }: User): Confirmation {
  return {
    title: `Make ${name} an owner?`,
    body: 'An owner adds and removes hosts, uses their credentials, sees everybody’s workspaces and manages people, you too.',
    action: 'Make owner',
  };
}

export function disableQuestion({ name }: User): Confirmation {
  return {
    title: `Disable the account of ${name}?`,
    body: `${name} is signed out at once and cannot sign in. You can enable the account again.`,
    keeps: ['Projects, workspaces and snapshots, and what runs in them'],
    action: 'Disable account',
  };
}

export function signOutQuestion({ name }: User): Confirmation {
  return {
    title: `Sign ${name} out everywhere?`,
    body: 'Programs that use the API keys are refused from now on.',
    deletes: ['Every session and every token', 'Every API key'],
    keeps: ['The account, the password and everything else'],
    action: 'Sign out everywhere',
    isDangerous: true,
  };
}

export function removeQuestion({ name, usage }: User): Confirmation {
  return {
    title: `Remove the account of ${name}?`,
    body: `${name} cannot sign in any more. An account with the same address would be a new one.`,
    deletes: ['The account with its password, second factor, sessions and API keys'],
    keeps: [
      'Projects, which become yours',
      `${formatCount(usage.workspaces, 'workspace', 'workspaces')} with files and what runs in them, which become yours`,
      `${formatCount(usage.snapshots, 'snapshot', 'snapshots')}, which become yours`,
    ],
    action: 'Remove account',
    isDangerous: true,
    typeToConfirm: name,
  };
}

export function passedOn({ projects, workspaces, snapshots }: OutputOf<'users.remove'>): string {
  const parts = [
    ...(projects === 0 ? [] : [formatCount(projects, 'project', 'projects')]),
    ...(workspaces === 0 ? [] : [formatCount(workspaces, 'workspace', 'workspaces')]),
    ...(snapshots === 0 ? [] : [formatCount(snapshots, 'snapshot', 'snapshots')]),
  ];
  if (parts.length === 0) return 'There was nothing to pass to you.';
  const count = projects + workspaces + snapshots;
  return `${new Intl.ListFormat('en').format(parts)} ${count === 1 ? 'is' : 'are'} yours now.`;
}
