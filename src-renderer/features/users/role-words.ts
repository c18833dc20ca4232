/** Roles and states of accounts in words. */
import type { Account } from '#contract/account.ts';
import type { User } from '#contract/users.ts';
import type { Signal } from '../../state/feature.ts';

export const roleWords: Readonly<Record<Account['role'], { readonly name: string; readonly help: string }>> =
  {
    owner: {
      name: 'Owner',
      help: 'Adds hosts, keeps credentials, opens shells on hosts, and manages people. Sees everybody’s workspaces.',
    },
    member: {
      name: 'Member',
      help: 'Makes projects, workspaces, terminals and snapshots of their own on the hosts that are there.',
    },
    viewer: { name: 'Viewer', help: 'Looks, and changes nothing but the own account and settings.' },
  };

export const stateWords: Readonly<
  Record<User['state'], { readonly signal: Signal; readonly word: string } | null>
> = {
  active: null,
  invited: { signal: 'busy', word: 'invited' },
  unverified: { signal: 'attention', word: 'address not confirmed' },
  disabled: { signal: 'stopped', word: 'disabled' },
};

export function sourceSentence(account: Pick<Account, 'source' | 'email'>): string {
  if (account.source === 'provider') return 'You sign in at your identity provider.';
  if (account.email === null) return 'You sign in with a one-time link from the computer where Berth runs.';
  return account.source === 'local'
    ? 'You sign in with your e-mail and password, or with a link from the computer where Berth runs.'
    : 'You sign in with your e-mail and password.';
}
