/** The contract's `credentials.*` lines, each to its service call. Secrets become unprintable here, at the door. */
import type { HandlersOf } from '../handler.ts';
import { Secret } from '../interfaces/secret.ts';
import type { CredentialService } from './credential-service.ts';

export function createCredentialHandlers(service: CredentialService): HandlersOf<'credentials'> {
  return {
    'credentials.watch': (_input, { signal }) => service.watch(signal),
    'credentials.add': ({ label, kind, secret }) => service.add({ label, kind, secret: new Secret(secret) }),
    'credentials.replace': ({ id, secret }) => service.replace(id, new Secret(secret)),
    'credentials.remove': async ({ id }) => {
      await service.remove(id);
      return {};
    },
    'credentials.store': (_input, { signal }) => service.watchStore(signal),
    'credentials.createVault': ({ passphrase }) => service.createVault(new Secret(passphrase)),
    'credentials.unlockVault': ({ passphrase }) => service.unlockVault(new Secret(passphrase)),
    'credentials.lockVault': () => service.lockVault(),
  };
}
