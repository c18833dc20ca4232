/** Credentials: references to secrets, and what may be said of a secret without showing it. Pure. */
import { BerthError } from '#contract/berth-error.ts';
import { Credential, type CredentialKind } from '#contract/credentials.ts';
import type { CredentialId } from '#contract/ids.ts';
import type { Secret } from '../interfaces/secret.ts';

export type PublicKeyFacts = NonNullable<Credential['publicKey']>;

/** Reads the public half of a private key's text. Throws credential.unreadable-key. */
export type DescribeKey = (text: string) => PublicKeyFacts;

export function parseCredential(value: unknown): Credential {
  return Credential.parse(value);
}

/** What is kept of a secret beside it. Throws credential.unreadable-key for a private key that is none. */
export function publicKeyOf(
  kind: CredentialKind,
  secret: Secret,
  describeKey: DescribeKey,
): PublicKeyFacts | null {
  switch (kind) {
    case 'private-key':
      return describeKey(secret.reveal());
    case 'password':
    case 'passphrase':
    case 'token':
      return null;
  }
}

export function credentialInUse(credential: Credential, hostNames: readonly string[]): BerthError {
  const names = hostNames.slice(0, 3).map((name) => `“${name}”`);
  const more = hostNames.length > 3 ? ` and ${hostNames.length - 3} more` : '';
  return new BerthError(
    'credential.in-use',
    `“${credential.label}” is used by ${names.join(', ')}${more}. Choose another credential there first.`,
    { details: { hosts: hostNames.slice(0, 100) } },
  );
}

export function noSuchCredential(id: CredentialId): BerthError {
  return new BerthError('not-found', 'There is no such credential.', { details: { id } });
}
