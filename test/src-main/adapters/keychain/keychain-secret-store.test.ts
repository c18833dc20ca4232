import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeychainCalls } from '#main/adapters/keychain/keyring.ts';
import { KeychainSecretStore } from '#main/adapters/keychain/keychain-secret-store.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemorySecretStore } from '#test/harness/memory-secret-store.ts';
import { describeSecretStore } from '#test/harness/secret-store-suite.ts';

// The whole cost is proven in vault.test.ts.
vi.mock('node:crypto', async (importOriginal) => {
  const { cheapScrypt } = await import('#test/harness/cheap-scrypt.ts');
  return cheapScrypt(await importOriginal());
});

/** A keychain in memory that can break in the ways in which keychains do. */
class MemoryKeychain implements KeychainCalls {
  readonly entries = new Map<string, string>();
  failure: Error | undefined;
  /** Takes entries and forgets them. */
  isForgetful = false;

  async getPassword(service: string, account: string): Promise<string | null> {
    if (this.failure) throw this.failure;
    return this.entries.get(`${service}/${account}`) ?? null;
  }
  async setPassword(service: string, account: string, password: string): Promise<void> {
    if (this.failure) throw this.failure;
    if (!this.isForgetful) this.entries.set(`${service}/${account}`, password);
  }
  async deletePassword(service: string, account: string): Promise<boolean> {
    if (this.failure) throw this.failure;
    return this.entries.delete(`${service}/${account}`);
  }
}

const masterEntry = 'dev.berth/master-key-v1';
let folder: string;
let keychain: MemoryKeychain;
let clock: ManualClock;
let log: MemoryLog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-keychain-'));
  keychain = new MemoryKeychain();
  clock = new ManualClock();
  log = new MemoryLog();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A store as after a start: it knows nothing that is not in the folder or the keychain. */
function start(unattendedPassphrase?: Secret): KeychainSecretStore {
  return new KeychainSecretStore({
    ...(unattendedPassphrase === undefined ? {} : { unattendedPassphrase }),
    folder,
    clock,
    random: createSystemRandom(),
    log,
    platform: 'darwin',
    env: {},
    loadKeychain: () => Promise.resolve(keychain),
  });
}
const sealedFile = () => join(folder, 'secrets.sealed');
const canary = 'c4n4ry-0f-b3rth';

describe('keychain', () =>
  describeSecretStore(() => ({
    store: start(),
    setKeychainWorking(isWorking) {
      keychain.failure = isWorking ? undefined : new Error('Cannot autolaunch D-Bus without X11 $DISPLAY');
    },
  })));

describe('in memory', () =>
  describeSecretStore(() => {
    const store = new MemorySecretStore();
    return { store, setKeychainWorking: (isWorking) => store.setKeychain(isWorking ? 'ready' : 'missing') };
  }));

describe('keychain secret store', () => {
  it('opens after a start what was sealed before, with one entry in the keychain', async () => {
    await start().put('cred_a', new Secret(canary));
    expect((await start().get('cred_a'))?.reveal()).toBe(canary);
    expect([...keychain.entries.keys()]).toEqual([masterEntry]);
    await start().status();
    expect([...keychain.entries.keys()]).toEqual([masterEntry]);
  });

  it('writes the secret in clear nowhere, and its files for its user alone', async () => {
    const store = start();
    await store.put('cred_a', new Secret(canary));
    await store.createVault(new Secret(`${canary} passphrase`));
    await store.put('cred_b', new Secret(canary));
    await store.delete('cred_b');
    await expect(store.unlockVault(new Secret(`${canary} wrong`))).rejects.toThrow();
    const files = readdirSync(folder);
    expect(files.sort()).toEqual(['secrets.sealed', 'secrets.sealed.bak', 'vault.json']);
    for (const name of files) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
      const bytes = readFileSync(join(folder, name), 'latin1');
      for (const form of [
        canary,
        Buffer.from(canary).toString('base64'),
        Buffer.from(canary).toString('hex'),
      ])
        expect(bytes).not.toContain(form.replace(/=+$/, ''));
      expect(bytes).not.toContain(keychain.entries.get(masterEntry));
    }
    expect(log.text()).not.toContain(canary);
    expect(log.text()).not.toContain(keychain.entries.get(masterEntry));
  });

  it('leaves nothing of a deleted secret in the copy of the file before', async () => {
    const store = start();
    await store.put('cred_a', new Secret('one'));
    await store.put('cred_b', new Secret('two'));
    await store.delete('cred_a');
    for (const name of readdirSync(folder))
      expect(readFileSync(join(folder, name), 'utf8')).not.toContain('cred_a');
  });

  it('says that the master key is gone, and makes no other in its place', async () => {
    await start().put('cred_a', new Secret('one'));
    const before = readFileSync(sealedFile());
    const key = keychain.entries.get(masterEntry) ?? '';
    keychain.entries.clear();
    const store = start();
    const status = await store.status();
    expect(status).toMatchObject({ state: 'missing', detail: expect.stringContaining('master key') });
    await expect(store.get('cred_a')).rejects.toMatchObject({ code: 'credential.missing' });
    await expect(store.put('cred_b', new Secret('two'))).rejects.toMatchObject({
      code: 'credential.keychain-unavailable',
    });
    expect(keychain.entries.size).toBe(0);
    expect(readFileSync(sealedFile()).equals(before)).toBe(true);

    keychain.entries.set(masterEntry, key);
    expect((await store.get('cred_a'))?.reveal()).toBe('one');
    expect(await store.status()).toMatchObject({ state: 'ready' });
  });

  it('puts the master key back when it vanishes while Berth runs', async () => {
    const store = start();
    await store.put('cred_a', new Secret('one'));
    const key = keychain.entries.get(masterEntry);
    for (const use of [() => store.put('cred_b', new Secret('two')), () => store.status()]) {
      keychain.entries.clear();
      await use();
      expect(keychain.entries.get(masterEntry)).toBe(key);
    }
    expect((await start().get('cred_a'))?.reveal()).toBe('one');
  });

  it('makes a vault beside a lost master key; the old secrets stay sealed, and open when the key is back', async () => {
    await start().put('cred_a', new Secret('one'));
    const key = keychain.entries.get(masterEntry) ?? '';
    keychain.entries.clear();
    const store = start();
    await store.createVault(new Secret('passphrase 1'));
    await store.put('cred_b', new Secret('two'));
    expect((await store.get('cred_b'))?.reveal()).toBe('two');
    await expect(store.get('cred_a')).rejects.toMatchObject({ code: 'credential.missing' });
    keychain.entries.set(masterEntry, key);
    expect((await store.get('cred_a'))?.reveal()).toBe('one');
  });

  it('shuts what the keychain sealed when the vault is locked', async () => {
    const store = start();
    await store.put('cred_a', new Secret('one'));
    await store.createVault(new Secret('passphrase 1'));
    await store.lockVault();
    await expect(store.get('cred_a')).rejects.toMatchObject({ code: 'credential.vault-locked' });
  });

  it("says that a secret is sealed under another folder's key", async () => {
    await start().put('cred_a', new Secret('one'));
    keychain.entries.set(masterEntry, Buffer.alloc(32, 7).toString('base64'));
    await expect(start().get('cred_a')).rejects.toMatchObject({ code: 'credential.missing' });
  });

  it('refuses an entry in the keychain that is no key, and leaves it', async () => {
    keychain.entries.set(masterEntry, 'something else');
    const store = start();
    expect(await store.status()).toMatchObject({
      state: 'missing',
      detail: expect.stringContaining('not a key'),
    });
    await expect(store.put('cred_a', new Secret('one'))).rejects.toMatchObject({
      code: 'credential.keychain-unavailable',
    });
    expect(keychain.entries.get(masterEntry)).toBe('something else');
  });

  it('does not trust a keychain that forgets', async () => {
    keychain.isForgetful = true;
    const store = start();
    expect(await store.status()).toMatchObject({ state: 'missing' });
    await expect(store.put('cred_a', new Secret('one'))).rejects.toMatchObject({
      code: 'credential.write-unverified',
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('goes back to the copy of a damaged file, which it keeps', async () => {
    const store = start();
    await store.put('cred_a', new Secret('one'));
    await store.put('cred_b', new Secret('two'));
    writeFileSync(sealedFile(), '{"format": "berth-sealed-secrets-1", "secr');
    expect((await store.get('cred_a'))?.reveal()).toBe('one');
    expect(log.messages('error')).toHaveLength(1);
    const damaged = readdirSync(folder).find((name) => name.includes('damaged')) ?? '';
    expect(readFileSync(join(folder, damaged), 'utf8')).toContain('"secr');
    await store.put('cred_c', new Secret('three'));
    expect((await start().get('cred_c'))?.reveal()).toBe('three');
  });

  it('notices that sealed values were exchanged or changed', async () => {
    const store = start();
    await store.put('cred_a', new Secret('one'));
    await store.put('cred_b', new Secret('two'));
    const file = JSON.parse(readFileSync(sealedFile(), 'utf8'));
    writeFileSync(
      sealedFile(),
      JSON.stringify({
        ...file,
        secrets: {
          cred_a: file.secrets.cred_b,
          cred_b: { ...file.secrets.cred_b, tag: file.secrets.cred_a.tag },
        },
      }),
    );
    for (const key of ['cred_a', 'cred_b'])
      await expect(store.get(key)).rejects.toMatchObject({ code: 'credential.missing' });
  });

  it('writes no value twice alike', async () => {
    const store = start();
    await store.put('cred_a', new Secret('same'));
    await store.put('cred_b', new Secret('same'));
    const { secrets } = JSON.parse(readFileSync(sealedFile(), 'utf8'));
    expect(secrets.cred_a.data).not.toBe(secrets.cred_b.data);
    expect(secrets.cred_a.nonce).not.toBe(secrets.cred_b.nonce);
  });

  it('says that the part that speaks to the keychain is missing', async () => {
    const store = new KeychainSecretStore({
      folder,
      clock,
      random: createSystemRandom(),
      log,
      platform: 'win32',
      env: {},
      loadKeychain: () => Promise.reject(new Error('libsecret-1.so.0: cannot open shared object file')),
    });
    expect(await store.status()).toMatchObject({
      name: 'Windows Credential Manager',
      state: 'missing',
      detail: expect.stringContaining('libsecret is not installed'),
    });
  });
});

describe('a vault that needs nobody', () => {
  const key = new Secret('q7Zt1pXv9LmN3sKd8RwY5uBh2JcF6gEa4TiOoPxQzWyV');
  const noKeychain = new Error('Cannot autolaunch D-Bus without X11 $DISPLAY');

  it('is made where no keychain works, and opens at the next start', async () => {
    keychain.failure = noKeychain;
    const first = start(key);
    await first.openUnattended();
    expect(await first.status()).toMatchObject({ backend: 'vault', state: 'ready' });
    await first.put('cred_a', new Secret(canary));
    const second = start(key);
    await second.openUnattended();
    expect((await second.get('cred_a'))?.reveal()).toBe(canary);
    const bytes = readFileSync(join(folder, 'vault.json'), 'latin1');
    expect([bytes, log.text()].join()).not.toContain(key.reveal());
  });

  it('is none without a key, and none where a keychain works', async () => {
    const withKeychain = start(key);
    await withKeychain.openUnattended();
    expect(await withKeychain.status()).toMatchObject({ backend: 'keychain', state: 'ready' });
    keychain.failure = noKeychain;
    const withoutKey = start();
    await withoutKey.openUnattended();
    expect(await withoutKey.status()).toMatchObject({
      backend: 'keychain',
      state: 'missing',
      vaultExists: false,
    });
  });

  it('is not made over secrets of a keychain that is away', async () => {
    await start().put('cred_a', new Secret(canary));
    keychain.failure = noKeychain;
    const store = start(key);
    await store.openUnattended();
    expect((await store.status()).vaultExists).toBe(false);
    expect(log.text()).toContain('No vault was made');
    keychain.failure = undefined;
    expect((await start(key).get('cred_a'))?.reveal()).toBe(canary);
  });

  it('stays shut, and the start goes on, with another key; its own opens it again', async () => {
    keychain.failure = noKeychain;
    await start(key).openUnattended();
    const other = start(new Secret(`${key.reveal()}.`));
    await other.openUnattended();
    expect(await other.status()).toMatchObject({ backend: 'vault', state: 'locked' });
    expect(log.text()).toContain('start with the key of before');
    const again = start(key);
    await again.openUnattended();
    expect((await again.status()).state).toBe('ready');
  });

  it('that a person made stays theirs', async () => {
    keychain.failure = noKeychain;
    await start().createVault(new Secret('a person’s own passphrase'));
    const store = start(key);
    await store.openUnattended();
    expect((await store.status()).state).toBe('locked');
    expect((await store.unlockVault(new Secret('a person’s own passphrase'))).state).toBe('ready');
  });
});
