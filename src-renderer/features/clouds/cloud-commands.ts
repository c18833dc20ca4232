/** The rows of the command table about accounts at providers and the making of machines. */
import type { Command } from '../../state/commands.ts';
import { cloudDialogs } from './cloud-dialogs.ts';

export const cloudCommands: readonly Command[] = [
  {
    id: 'machine.create',
    scope: 'machines.write',
    label: 'Create a machine',
    description: 'Rents one at a provider and makes it a host.',
    menu: 'Machine',
    group: 0,
    keywords: 'droplet server cloud rent new host',
    isEnabled: () => true,
    run: ({ view }) => view.open({ type: 'create-machine', cloudId: null }),
  },
  {
    id: 'cloud.connect',
    scope: 'machines.write',
    label: 'Connect an account at a provider',
    description: 'With a token, so that machines can be rented there.',
    menu: 'Machine',
    group: 0,
    keywords: 'cloud token droplet api key',
    isEnabled: () => true,
    run: () => cloudDialogs.open({ kind: 'connect' }),
  },
];
