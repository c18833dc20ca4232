/**
 * The secret store in memory: passes the same suite as the real one (secret-store-suite.ts). `setKeychain` makes the
 * keychain come and go, as unlocking and locking it does.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { SecretStoreStatus } from '#contract/credentials.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import type { SecretStore } from '#main/control-plane/interfaces/secret-store.ts';

export class MemorySecretStore implements SecretStore {
  readonly #secrets = new Map<string, string>();
  readonly #listeners = new Set<(status: SecretStoreStatus) => void>();
  #keychain: SecretStoreStatus['state'] = 'ready';
  #vaultPassphrase: string | undefined;
  #isVaultOpen = false;

  /** What is kept, in clear, for assertions. */
  get contents(): ReadonlyMap<string, string> {
    return this.#secrets;
  }

  setKeychain(state: SecretStoreStatus['state']): void {
    this.#keychain = state;
    this.#tell();
  }

  status(): Promise<SecretStoreStatus> {
    return Promise.resolve(this.#status());
  }

  async put(key: string, secret: Secret): Promise<void> {
    const bytes = Buffer.byteLength(secret.reveal());
    if (bytes === 0 || bytes > 65_536)
      throw new BerthError('invalid-input', 'A secret has 1 to 65,536 bytes.');
    this.#assertUsable();
    this.#secrets.set(key, secret.reveal());
  }

  async get(key: string): Promise<Secret | undefined> {
    const value = this.#secrets.get(key);
    if (value === undefined) return undefined;
    this.#assertUsable();
    return new Secret(value);
  }

  async delete(key: string): Promise<void> {
    this.#secrets.delete(key);
  }

  onStatusChange(listener: (status: SecretStoreStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async createVault(passphrase: Secret): Promise<SecretStoreStatus> {
    if (this.#vaultPassphrase !== undefined) throw new BerthError('conflict', 'There is a vault already.');
    this.#vaultPassphrase = passphrase.reveal();
    this.#isVaultOpen = true;
    return this.#tell();
  }

  async unlockVault(passphrase: Secret): Promise<SecretStoreStatus> {
    if (this.#vaultPassphrase === undefined)
      throw new BerthError('credential.missing', 'There is no vault yet. Make one first.');
    if (this.#vaultPassphrase !== passphrase.reveal())
      throw new BerthError('credential.wrong-passphrase', 'This passphrase does not open the vault.');
    this.#isVaultOpen = true;
    return this.#tell();
  }

  async lockVault(): Promise<SecretStoreStatus> {
    this.#isVaultOpen = false;
    return this.#tell();
  }

  #status(): SecretStoreStatus {
    if (this.#vaultPassphrase !== undefined)
      return {
        backend: 'vault',
        name: 'vault file',
        state: this.#isVaultOpen ? 'ready' : 'locked',
        detail: this.#isVaultOpen ? '' : 'The vault is locked.',
        vaultExists: true,
      };
    const detail = this.#keychain === 'ready' ? '' : `The keychain is ${this.#keychain}.`;
    return { backend: 'keychain', name: 'memory', state: this.#keychain, detail, vaultExists: false };
  }

  #assertUsable(): void {
    const { backend, state, detail } = this.#status();
    if (state === 'ready') return;
    throw new BerthError(
      backend === 'vault' ? 'credential.vault-locked' : 'credential.keychain-unavailable',
      detail,
    );
  }

  #tell(): SecretStoreStatus {
    const status = this.#status();
    for (const listener of this.#listeners) listener(status);
    return status;
  }
}
