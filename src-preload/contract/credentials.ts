/** Credentials: references to secrets. The secret goes in and never comes out again. */
import { z } from 'zod';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import { CredentialId } from './ids.ts';
import { DisplayName, Instant } from './text.ts';

export const CredentialKind = z.enum(['password', 'private-key', 'passphrase', 'token']);
export type CredentialKind = z.infer<typeof CredentialKind>;

export const Credential = z.object({
  id: CredentialId,
  label: DisplayName,
  kind: CredentialKind,
  /** For a private key: type and SHA-256 fingerprint of its public half, and whether it is encrypted. */
  publicKey: z.object({ type: z.string(), fingerprint: z.string(), isEncrypted: z.boolean() }).nullable(),
  createdAt: Instant,
});
export type Credential = z.infer<typeof Credential>;

/** Where secrets are kept. `state` is what was found by writing and reading back, not what the platform claims. */
export const SecretStoreStatus = z.object({
  backend: z.enum(['keychain', 'vault']),
  /** As a person knows it: "Secret Service (GNOME Keyring)", "macOS Keychain", "vault file". */
  name: z.string(),
  state: z.enum(['ready', 'locked', 'missing']),
  /** What is missing and what to do about it; empty when ready. */
  detail: z.string(),
  vaultExists: z.boolean(),
});
export type SecretStoreStatus = z.infer<typeof SecretStoreStatus>;

const Passphrase = z.string().min(8, 'must have at least 8 characters').max(1024);
const Secret = z.string().min(1, 'must not be empty').max(65_536, 'must have at most 65,536 characters');

export const credentialMethods = {
  'credentials.watch': stream({
    summary: 'All credentials (without their secrets), then every change',
    scope: 'credentials.read',
    input: z.object({}),
    item: collectionItem(Credential),
    errors: [],
    rest: { method: 'GET', path: '/credentials', shape: 'collection' },
  }),
  'credentials.add': call({
    summary: 'Keeps a secret and returns its reference; reads it back before it says so',
    scope: 'credentials.write',
    input: z.object({ label: DisplayName, kind: CredentialKind, secret: Secret }),
    output: Credential,
    errors: [
      'credential.keychain-unavailable',
      'credential.vault-locked',
      'credential.write-unverified',
      'credential.unreadable-key',
    ],
    rest: { method: 'POST', path: '/credentials', creates: 'id', isConfidential: true },
  }),
  'credentials.replace': call({
    summary: 'Puts a new secret in the place of an old one',
    scope: 'credentials.write',
    input: z.object({ id: CredentialId, secret: Secret }),
    output: Credential,
    errors: [
      'credential.keychain-unavailable',
      'credential.vault-locked',
      'credential.write-unverified',
      'credential.unreadable-key',
    ],
    rest: { method: 'PUT', path: '/credentials/:id/secret', isConfidential: true },
  }),
  'credentials.remove': call({
    summary: 'Deletes a secret that no host uses',
    scope: 'credentials.write',
    input: z.object({ id: CredentialId }),
    output: z.object({}),
    errors: ['credential.in-use', 'credential.keychain-unavailable', 'credential.vault-locked'],
    rest: { method: 'DELETE', path: '/credentials/:id' },
  }),
  'credentials.store': stream({
    summary: 'Where secrets are kept and whether that works, then every change',
    scope: 'credentials.read',
    input: z.object({}),
    item: SecretStoreStatus,
    errors: [],
    rest: { method: 'GET', path: '/credential-store', shape: 'value' },
  }),
  'credentials.createVault': call({
    summary: 'Makes the encrypted vault file for computers where no keychain works',
    scope: 'credentials.write',
    input: z.object({ passphrase: Passphrase }),
    output: SecretStoreStatus,
    errors: ['conflict', 'credential.write-unverified'],
    rest: { method: 'POST', path: '/credential-store/vault', isConfidential: true },
  }),
  'credentials.unlockVault': call({
    summary: 'Opens the vault for as long as Berth runs',
    scope: 'credentials.write',
    input: z.object({ passphrase: z.string().max(1024) }),
    output: SecretStoreStatus,
    errors: ['credential.wrong-passphrase', 'credential.missing', 'too-many'],
    rest: { method: 'POST', path: '/credential-store/vault/unlock', isConfidential: true },
  }),
  'credentials.lockVault': call({
    summary: 'Forgets the key of the vault',
    scope: 'credentials.write',
    input: z.object({}),
    output: SecretStoreStatus,
    errors: [],
    rest: { method: 'POST', path: '/credential-store/vault/lock' },
  }),
};
