/** Hosts and the secrets that they refer to: what is asked of the credentials, and what is kept of a person's answers. */
import { BerthError } from '#contract/berth-error.ts';
import type { HostDefinition } from '#contract/hosts.ts';
import type { CredentialId } from '#contract/ids.ts';
import type { Secret } from '../interfaces/secret.ts';
import type { Remembered } from './connection-ask.ts';
import { credentialsOf } from './host.ts';

/** What hosts need of the credentials. */
export interface HostSecrets {
  secretOf(id: CredentialId): Promise<Secret | undefined>;
  exists(id: CredentialId): boolean;
  /** Keeps a secret that a person typed; in place of `replaces` where that is given. Returns its reference. */
  remember(entry: {
    label: string;
    kind: 'password' | 'passphrase';
    secret: Secret;
    replaces: CredentialId | null;
  }): Promise<CredentialId>;
  /** Told when secrets can be read again (vault unlocked, keychain back). */
  onUsable(listener: () => void): () => void;
}

/** Throws credential.*. */
export function keepRemembered(
  secrets: HostSecrets,
  { kind, place, secret, subject }: Remembered,
): Promise<CredentialId> {
  const label = `${kind === 'password' ? 'Password' : 'Passphrase'} of ${subject}`.slice(0, 80);
  return secrets.remember({ label, kind, secret, replaces: place.present });
}

/** Throws credential.missing. */
export function requireCredentials(secrets: HostSecrets, definition: HostDefinition): void {
  for (const id of credentialsOf(definition))
    if (!secrets.exists(id))
      throw new BerthError(
        'credential.missing',
        'The credential that this host refers to does not exist any more.',
      );
}
