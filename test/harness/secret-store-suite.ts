/** What every secret store must do; run against the real one (over a keychain in memory) and against its fake. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { SecretStoreStatus } from '#contract/credentials.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import type { SecretStore } from '#main/control-plane/interfaces/secret-store.ts';

export interface SecretStoreUnderTest {
  readonly store: SecretStore;
  /** The keychain fails from now on, or works again. */
  setKeychainWorking(isWorking: boolean): void;
}

export function describeSecretStore(open: () => SecretStoreUnderTest | Promise<SecretStoreUnderTest>): void {
  describe('as a secret store', () => {
    let store: SecretStore;
    let under: SecretStoreUnderTest;
    beforeEach(async () => {
      under = await open();
      store = under.store;
    });
    const revealed = async (key: string) => (await store.get(key))?.reveal();

    it('gives back what was put, replaces it, and forgets it', async () => {
      expect(await store.get('cred_a')).toBeUndefined();
      await store.put('cred_a', new Secret('one'));
      await store.put('cred_b', new Secret('Ünï\u0000code \u{1f511}\n'));
      await store.put('cred_a', new Secret('two'));
      expect(await revealed('cred_a')).toBe('two');
      expect(await revealed('cred_b')).toBe('Ünï\u0000code \u{1f511}\n');
      await store.delete('cred_a');
      await store.delete('cred_a');
      expect(await store.get('cred_a')).toBeUndefined();
      expect(await revealed('cred_b')).toBe('Ünï\u0000code \u{1f511}\n');
    });

    it('takes 64 KiB and not more', async () => {
      await store.put('cred_a', new Secret('x'.repeat(65_536)));
      expect((await revealed('cred_a'))?.length).toBe(65_536);
      for (const text of ['x'.repeat(65_537), ''])
        await expect(store.put('cred_a', new Secret(text))).rejects.toMatchObject({ code: 'invalid-input' });
      expect((await revealed('cred_a'))?.length).toBe(65_536);
    });

    it('takes writes at once', async () => {
      const keys = Array.from({ length: 20 }, (_, i) => `cred_${i}`);
      await Promise.all(keys.map((key) => store.put(key, new Secret(`secret of ${key}`))));
      for (const key of keys) expect(await revealed(key)).toBe(`secret of ${key}`);
    });

    it('is ready where the keychain works', async () => {
      expect(await store.status()).toMatchObject({
        backend: 'keychain',
        state: 'ready',
        detail: '',
        vaultExists: false,
      });
    });

    it('says that no keychain works, and keeps nothing', async () => {
      under.setKeychainWorking(false);
      const status = await store.status();
      expect(status).toMatchObject({ backend: 'keychain', vaultExists: false });
      expect(status.state).not.toBe('ready');
      expect(status.detail).not.toBe('');
      await expect(store.put('cred_a', new Secret('one'))).rejects.toMatchObject({
        code: 'credential.keychain-unavailable',
      });
      under.setKeychainWorking(true);
      expect(await store.get('cred_a')).toBeUndefined();
    });

    it('tells of a change of state', async () => {
      await store.status();
      const told: SecretStoreStatus['state'][] = [];
      const stop = store.onStatusChange((status) => told.push(status.state));
      under.setKeychainWorking(false);
      await store.put('cred_a', new Secret('one')).catch(() => {});
      await expect.poll(() => told).toHaveLength(1);
      expect(told[0]).not.toBe('ready');
      stop();
      under.setKeychainWorking(true);
      await store.status();
      expect(told).toHaveLength(1);
    });

    it('keeps secrets in a vault where no keychain works', async () => {
      under.setKeychainWorking(false);
      await expect(store.unlockVault(new Secret('passphrase 1'))).rejects.toMatchObject({
        code: 'credential.missing',
      });
      expect(await store.createVault(new Secret('passphrase 1'))).toMatchObject({
        backend: 'vault',
        state: 'ready',
        vaultExists: true,
      });
      await store.put('cred_a', new Secret('one'));
      expect(await revealed('cred_a')).toBe('one');
      await expect(store.createVault(new Secret('passphrase 2'))).rejects.toMatchObject({ code: 'conflict' });

      expect(await store.lockVault()).toMatchObject({ backend: 'vault', state: 'locked' });
      await expect(store.get('cred_a')).rejects.toMatchObject({ code: 'credential.vault-locked' });
      await expect(store.put('cred_b', new Secret('two'))).rejects.toMatchObject({
        code: 'credential.vault-locked',
      });
      await expect(store.unlockVault(new Secret('passphrase 2'))).rejects.toMatchObject({
        code: 'credential.wrong-passphrase',
      });
      expect(await store.unlockVault(new Secret('passphrase 1'))).toMatchObject({ state: 'ready' });
      expect(await revealed('cred_a')).toBe('one');
    });

    it('keeps what the keychain sealed readable after a vault was made', async () => {
      await store.put('cred_a', new Secret('one'));
      await store.createVault(new Secret('passphrase 1'));
      under.setKeychainWorking(false);
      expect(await revealed('cred_a')).toBe('one');
    });

    it('deletes while locked', async () => {
      await store.createVault(new Secret('passphrase 1'));
      await store.put('cred_a', new Secret('one'));
      await store.lockVault();
      await store.delete('cred_a');
      await store.unlockVault(new Secret('passphrase 1'));
      expect(await store.get('cred_a')).toBeUndefined();
    });
  });
}
