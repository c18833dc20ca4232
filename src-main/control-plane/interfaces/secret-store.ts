/**
 * Where secrets are. Every `put` is read back before it resolves. A failure never deletes anything.
 * Keys are Berth's own (credential ids); values are UTF-8 text of at most 64 KiB.
 */
import type { SecretStoreStatus } from '#contract/credentials.ts';
import type { Secret } from './secret.ts';

export interface SecretStore {
  status(): Promise<SecretStoreStatus>;
  /** Throws credential.keychain-unavailable, credential.vault-locked or credential.write-unverified. */
  put(key: string, secret: Secret): Promise<void>;
  /** Undefined where it was never put or was taken away behind our back. */
  get(key: string): Promise<Secret | undefined>;
  delete(key: string): Promise<void>;
  onStatusChange(listener: (status: SecretStoreStatus) => void): () => void;
  createVault(passphrase: Secret): Promise<SecretStoreStatus>;
  unlockVault(passphrase: Secret): Promise<SecretStoreStatus>;
  lockVault(): Promise<SecretStoreStatus>;
}
