/** The rows of the command table about accounts. The desktop has none of them: nobody signs in there. */
import type { Command } from '../../state/commands.ts';

export const accountCommands: readonly Command[] = [
  {
    id: 'account.open',
    label: 'Open account',
    description: 'Name, password, second factor, sessions and API keys.',
    menu: 'Berth',
    group: 1,
    keywords: 'profile password two factor 2fa totp sessions api keys tokens quota',
    isServedOnly: true,
    isEnabled: () => true,
    run: ({ view }) => view.open({ type: 'account' }),
  },
  {
    id: 'account.sign-out',
    label: 'Sign out',
    description: 'Ends the session of this browser.',
    menu: 'Berth',
    group: 4,
    keywords: 'log out leave',
    isServedOnly: true,
    isEnabled: (state) => state.connection.phase === 'open',
    run: async ({ signOut }) => {
      await signOut?.();
    },
  },
  {
    id: 'people.open',
    label: 'Show people',
    description: 'Who has an account here, what they may do, and how much of it.',
    menu: 'Go',
    group: 2,
    keywords: 'users accounts members roles quota invite',
    scope: 'users.read',
    isServedOnly: true,
    isEnabled: () => true,
    run: ({ view }) => view.open({ type: 'people' }),
  },
  {
    id: 'audit.open',
    label: 'Show the audit log',
    description: 'Who did what, when and from where.',
    menu: 'Go',
    group: 2,
    keywords: 'history security who did what',
    scope: 'audit.read',
    isServedOnly: true,
    isEnabled: () => true,
    run: ({ view }) => view.open({ type: 'audit' }),
  },
];
