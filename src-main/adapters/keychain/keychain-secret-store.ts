/**
 * The secret store: values sealed in a file of the data folder under one random master key, which lives in the operating
 * system's keychain or, where there is a vault, in that. Guarantees: never plaintext; every put is read back; a failure
 * deletes nothing; a master key that is gone while secrets are sealed under it is said, never replaced silently.
 */
import type { KeyObject } from 'node:crypto';
import { BerthError } from '#contract/berth-error.ts';
import type { SecretStoreStatus } from '#contract/credentials.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import type { Random } from '../../control-plane/interfaces/random.ts';
import { Secret } from '../../control-plane/interfaces/secret.ts';
import type { SecretStore } from '../../control-plane/interfaces/secret-store.ts';
import { createKeyring, type KeychainCalls, type Keyring, loadKeytar } from './keyring.ts';
import { SealedSecrets } from './sealed-secrets.ts';
import { KEY_BYTES, keyFrom, keyIdOf } from './sealing.ts';
import { findSecretService, type SecretServiceFacts } from './secret-service.ts';
import { Vault, vaultThere } from './vault.ts';

export interface KeychainSecretStoreOptions {
  /** The data folder; `secrets.sealed` and `vault.json` are in it. */
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly platform: NodeJS.Platform;
  /** Where the session bus is (DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR); keytar itself reads the process's own. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For tests; keytar otherwise. */
  readonly loadKeychain?: () => Promise<KeychainCalls>;
  readonly keychainTimeoutMs?: number;
  /** Made of the key that a served Berth is started with; `openUnattended` then needs nobody. */
  readonly unattendedPassphrase?: Secret;
}

const masterKeyAccount = 'master-key-v1';
/** Two processes may look at the same moment. */
const probeAccount = `write-probe-${process.pid}`;
const MAX_SECRET_BYTES = 65_536;
const keyPattern = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;

const platformNames: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'macOS Keychain',
  win32: 'Windows Credential Manager',
};

const lostDetail =
  'The keychain works, but Berth’s master key is no longer in it, so the secrets that are kept cannot be opened. Bring the entry “dev.berth / master-key-v1” back (from a backup of the keyring), or make a vault and enter the secrets again. Nothing was deleted.';

export class KeychainSecretStore implements SecretStore {
  readonly #options: KeychainSecretStoreOptions;
  readonly #keyring: Keyring;
  readonly #sealed: SealedSecrets;
  readonly #vault: Vault;
  readonly #listeners = new Set<(status: SecretStoreStatus) => void>();
  /** As last read. Kept while the keychain is away: hosts reconnect at night, when nobody is there to unlock it. */
  #keychainKey: KeyObject | undefined;
  #known: SecretStoreStatus | undefined;
  #looking: Promise<SecretStoreStatus> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: KeychainSecretStoreOptions) {
    this.#options = options;
    this.#sealed = new SealedSecrets(options);
    this.#vault = new Vault(options);
    this.#keyring = createKeyring({
      load: options.loadKeychain ?? loadKeytar,
      clock: options.clock,
      ...(options.keychainTimeoutMs === undefined ? {} : { timeoutMs: options.keychainTimeoutMs }),
      onLateEnd: () => this.#lookAgain(),
    });
  }

  /** Looks anew each time; those who ask meanwhile share the answer. */
  status(): Promise<SecretStoreStatus> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async put(key: string, secret: Secret): Promise<void> {
    assertKey(key);
    const plain = Buffer.from(secret.reveal());
    if (plain.length === 0 || plain.length > MAX_SECRET_BYTES)
      throw BerthError.atField('secret', 'A secret has 1 to 65,536 bytes.');
    await this.#inTurn(async () => {
      const { masterKey, isNew } = await this.#keyForWriting();
      await this.#sealed.put(key, plain, masterKey);
      // Somebody else may have written a first key at the same moment: then ours is not the one that stays.
      if (isNew && (await this.#readMasterKey())?.equals(masterKey) !== true)
        throw new BerthError(
          'credential.write-unverified',
          'The keychain did not keep Berth’s master key. Try again, or use a vault file.',
        );
    });
  }

  async get(key: string): Promise<Secret | undefined> {
    assertKey(key);
    const keyId = await this.#sealed.keyIdOfSecret(key);
    if (keyId === undefined) return undefined;
    const masterKey = await this.#keyForReading(keyId);
    const plain = await this.#sealed.get(key, masterKey);
    return plain && new Secret(plain.toString());
  }

  /** Needs no key: also works while locked. */
  async delete(key: string): Promise<void> {
    assertKey(key);
    await this.#sealed.delete(key);
  }

  onStatusChange(listener: (status: SecretStoreStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Wraps the keychain's key where that can be had, so that what is sealed stays readable; a new one otherwise. */
  async createVault(passphrase: Secret): Promise<SecretStoreStatus> {
    await this.#inTurn(async () => {
      if (await this.#vault.exists()) throw vaultThere();
      const present = this.#keychainKey ?? (await this.#readMasterKey().catch(() => undefined));
      await this.#vault.create(passphrase, present ?? keyFrom(this.#options.random.bytes(KEY_BYTES)));
    });
    this.#options.log.info('A vault was made.');
    return this.status();
  }

  /**
   * With its passphrase: opens the vault, or makes one where no keychain works and nothing is sealed yet. Whoever has both
   * the data folder and that key has the secrets; in return a restart at night needs nobody. A vault that a person made
   * stays theirs. Failures are logged: a person can still unlock it.
   */
  async openUnattended(): Promise<void> {
    const { unattendedPassphrase: passphrase, log } = this.#options;
    if (passphrase === undefined) return;
    try {
      if (await this.#vault.exists()) {
        await this.#vault.unlock(passphrase);
        log.info('The vault was opened with the secret key.');
      } else if (await this.#mayMakeVault()) await this.createVault(passphrase);
    } catch (cause) {
      const why = BerthError.is(cause, 'credential.wrong-passphrase')
        ? 'The secret key does not open the vault: a person made it, or the key was another. Unlock it with its passphrase, or start with the key of before.'
        : 'The vault could not be opened with the secret key.';
      log.warn(why, { cause });
    }
  }

  /** A keychain that is only locked or away would come back to secrets that are no longer its own. */
  async #mayMakeVault(): Promise<boolean> {
    if ((await this.status()).state !== 'missing') return false;
    if ((await this.#sealed.keyIds()).size === 0) return true;
    this.#options.log.warn(
      'No vault was made: secrets are sealed under a key of a keychain that is not there now.',
    );
    return false;
  }

  async unlockVault(passphrase: Secret): Promise<SecretStoreStatus> {
    await this.#vault.unlock(passphrase);
    return this.status();
  }

  async lockVault(): Promise<SecretStoreStatus> {
    this.#vault.lock();
    // It may be the very key that the vault wraps.
    if (await this.#vault.exists()) this.#keychainKey = undefined;
    return this.status();
  }

  async #keyForWriting(): Promise<{ masterKey: KeyObject; isNew: boolean }> {
    if (await this.#vault.exists()) {
      if (this.#vault.key) return { masterKey: this.#vault.key, isNew: false };
      throw vaultLocked();
    }
    // Asked each time: a value sealed under a key that the keychain has lost meanwhile would not outlive this process.
    const present = await this.#noting(this.#presentMasterKey());
    if (present) return { masterKey: present, isNew: false };
    if ((await this.#sealed.keyIds()).size > 0) {
      this.#lookAgain();
      throw new BerthError('credential.keychain-unavailable', lostDetail);
    }
    return { masterKey: await this.#noting(this.#makeMasterKey()), isNew: true };
  }

  async #keyForReading(keyId: string): Promise<KeyObject> {
    const vaultExists = await this.#vault.exists();
    const open = [this.#vault.key, this.#keychainKey].find((key) => key && keyIdOf(key) === keyId);
    if (open) return open;
    if (vaultExists && !this.#vault.key) throw vaultLocked();
    // With a vault the keychain is only asked for what was sealed before there was one.
    const present = vaultExists
      ? await this.#readMasterKey().catch(() => undefined)
      : await this.#noting(this.#readMasterKey());
    if (present && (!vaultExists || keyIdOf(present) === keyId)) return present;
    if (!vaultExists) this.#lookAgain();
    throw new BerthError(
      'credential.missing',
      vaultExists
        ? 'The secret was sealed under a key that is not in the vault. Enter it again.'
        : lostDetail,
    );
  }

  async #readMasterKey(): Promise<KeyObject | undefined> {
    const text = await this.#keyring.get(masterKeyAccount);
    if (text === undefined) {
      // A locked ring that can show no prompt answers "not found" (measured with GNOME Keyring): ask the bus which it is.
      await this.#assertUnlocked();
      return undefined;
    }
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length !== KEY_BYTES)
      throw new BerthError(
        'credential.keychain-unavailable',
        'The keychain’s entry “dev.berth / master-key-v1” is not a key of Berth. Bring the right one back, or use a vault file.',
      );
    this.#keychainKey = keyFrom(bytes);
    bytes.fill(0);
    return this.#keychainKey;
  }

  /** As `#readMasterKey`, and puts back the one in memory where the keychain has lost it. */
  async #presentMasterKey(): Promise<KeyObject | undefined> {
    const inMemory = this.#keychainKey;
    const present = await this.#readMasterKey();
    if (present || !inMemory) return present;
    this.#options.log.warn('The master key was gone from the keychain and is put back.');
    return this.#keepMasterKey(inMemory);
  }

  async #makeMasterKey(): Promise<KeyObject> {
    const key = await this.#keepMasterKey(keyFrom(this.#options.random.bytes(KEY_BYTES)));
    this.#options.log.info('A master key was made in the keychain.', { keyId: keyIdOf(key) });
    return key;
  }

  async #keepMasterKey(key: KeyObject): Promise<KeyObject> {
    await this.#keyring.set(masterKeyAccount, key.export().toString('base64'));
    const kept = await this.#readMasterKey();
    if (!kept?.equals(key))
      throw new BerthError(
        'credential.write-unverified',
        'The keychain took Berth’s master key and did not give it back. Check the keychain, or use a vault file.',
      );
    return key;
  }

  async #look(): Promise<SecretStoreStatus> {
    const status = (await this.#vault.exists()) ? this.#vaultStatus() : await this.#keychainStatus();
    const isSame = JSON.stringify(status) === JSON.stringify(this.#known);
    this.#known = status;
    if (!isSame) for (const listener of this.#listeners) listener(status);
    return status;
  }

  #vaultStatus(): SecretStoreStatus {
    const isOpen = this.#vault.key !== undefined;
    return {
      backend: 'vault',
      name: 'vault file',
      state: isOpen ? 'ready' : 'locked',
      detail: isOpen ? '' : 'The vault is locked. Unlock it with its passphrase.',
      vaultExists: true,
    };
  }

  async #keychainStatus(): Promise<SecretStoreStatus> {
    const { platform, env } = this.#options;
    const name = platformNames[platform];
    // Asked first, because keytar raises a prompt where the ring is locked, and nobody wanted anything of it yet.
    const facts: SecretServiceFacts = name
      ? { name, state: 'usable', detail: '' }
      : await findSecretService(env);
    const base = { backend: 'keychain', name: facts.name, vaultExists: false } as const;
    if (facts.state !== 'usable') return { ...base, state: facts.state, detail: facts.detail };
    try {
      await this.#probe();
      const isLost = (await this.#presentMasterKey()) === undefined && (await this.#sealed.keyIds()).size > 0;
      return isLost
        ? { ...base, state: 'missing', detail: lostDetail }
        : { ...base, state: 'ready', detail: '' };
    } catch (error) {
      this.#options.log.warn('The keychain cannot be used.', { cause: error });
      if (!BerthError.is(error)) throw error;
      return { ...base, state: 'missing', detail: error.message };
    }
  }

  async #probe(): Promise<void> {
    const value = Buffer.from(this.#options.random.bytes(16)).toString('hex');
    await this.#keyring.set(probeAccount, value);
    const found = await this.#keyring.get(probeAccount);
    await this.#keyring.delete(probeAccount);
    if (found !== value)
      throw new BerthError(
        'credential.keychain-unavailable',
        'The keychain takes entries and does not give them back. Check it in the system’s own program, or use a vault file.',
      );
  }

  /** A failure is news: whoever watches the status learns of it. */
  async #noting<R>(work: Promise<R>): Promise<R> {
    try {
      return await work;
    } catch (error) {
      this.#lookAgain();
      throw await this.#explain(error);
    }
  }

  async #assertUnlocked(): Promise<void> {
    if (platformNames[this.#options.platform]) return;
    const { state, detail } = await findSecretService(this.#options.env);
    if (state !== 'usable') throw new BerthError('credential.keychain-unavailable', detail);
  }

  /** What the bus says of the keychain is plainer than keytar's words. */
  async #explain(error: unknown): Promise<unknown> {
    if (!BerthError.is(error, 'credential.keychain-unavailable')) return error;
    if (platformNames[this.#options.platform]) return error;
    const { state, detail } = await findSecretService(this.#options.env);
    return state === 'usable' ? error : new BerthError(error.code, detail, { cause: error });
  }

  #lookAgain(): void {
    this.status().catch((error: unknown) =>
      this.#options.log.error('The state of the secret store could not be found.', { cause: error }),
    );
  }

  #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

function assertKey(key: string): void {
  if (!keyPattern.test(key)) throw new BerthError('internal', 'This is not a name that a secret can have.');
}

function vaultLocked(): BerthError {
  return new BerthError(
    'credential.vault-locked',
    'The vault is locked. Unlock it with its passphrase first.',
  );
}
