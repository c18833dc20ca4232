/** Kinds of credentials in words. */
import type { CredentialKind } from '#contract/credentials.ts';

export const kindWords: Readonly<Record<CredentialKind, string>> = {
  password: 'Password',
  'private-key': 'Private key',
  passphrase: 'Passphrase',
  token: 'Token',
};
