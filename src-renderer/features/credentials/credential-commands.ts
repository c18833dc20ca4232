/** The rows of the command table that work on credentials as a whole. */
import type { Command } from '../../state/commands.ts';

export const credentialCommands: readonly Command[] = [
  {
    id: 'credential.lock-vault',
    scope: 'credentials.write',
    label: 'Lock the vault',
    description: 'Forgets the key of the vault file. Connections that are up stay up.',
    menu: 'Berth',
    group: 3,
    keywords: 'secrets passphrase keychain',
    isEnabled: () => true,
    run: async ({ client, notices }) => {
      const status = await client.call('credentials.lockVault', {});
      notices.show(
        status.backend === 'vault'
          ? { level: 'done', title: 'The vault is locked', body: 'New connections need its passphrase.' }
          : { title: 'There is no vault to lock', body: `Secrets are in ${status.name}.` },
      );
    },
  },
];
