import { createDecipheriv, createSecretKey, scryptSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Vault } from '#main/adapters/keychain/vault.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

/** A passphrase costs 128 MiB and a third of a second: one test pays it, the others a 128th. */
const cost = vi.hoisted(() => ({ divisor: 128 }));
vi.mock('node:crypto', async (importOriginal) => {
  const { cheapScrypt } = await import('#test/harness/cheap-scrypt.ts');
  return cheapScrypt(await importOriginal(), () => cost.divisor);
});

let folder: string;
let clock: ManualClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-vault-'));
  clock = new ManualClock();
  cost.divisor = 128;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = () => new Vault({ folder, clock, random: createSystemRandom() });
const masterKey = createSecretKey(Buffer.alloc(32, 1));
const path = () => join(folder, 'vault.json');
const right = new Secret('right passphrase');
const wrong = new Secret('wrong passphrase');

describe('vault', () => {
  it('opens after a start, also when the passphrase is typed in other code points', async () => {
    await start().create(new Secret('caf\u00e9 passphrase'), masterKey);
    const vault = start();
    expect(vault.key).toBeUndefined();
    await vault.unlock(new Secret('cafe\u0301 passphrase'));
    expect(vault.key?.equals(masterKey)).toBe(true);
    vault.lock();
    expect(vault.key).toBeUndefined();
  });

  it('uses scrypt at the cost that its file states', { timeout: 60_000 }, async () => {
    cost.divisor = 1;
    await start().create(right, masterKey);
    const { kdf, key } = JSON.parse(readFileSync(path(), 'utf8'));
    expect(kdf).toMatchObject({ name: 'scrypt', N: 131_072, r: 8, p: 1 });
    const bytes = (text: string) => Buffer.from(text, 'base64');
    const stated = { N: kdf.N, r: kdf.r, p: kdf.p, maxmem: 256 * 1024 * 1024 };
    const wrapping = scryptSync(right.reveal(), bytes(kdf.salt), 32, stated);
    const decipher = createDecipheriv('aes-256-gcm', wrapping, bytes(key.nonce), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(`berth vault 1\nscrypt 131072 8 1 ${kdf.salt}`));
    decipher.setAuthTag(bytes(key.tag));
    const plain = Buffer.concat([decipher.update(bytes(key.data)), decipher.final()]);
    expect(plain.equals(masterKey.export())).toBe(true);
    const vault = start();
    await vault.unlock(right);
    expect(vault.key?.equals(masterKey)).toBe(true);
  });

  it('slows wrong passphrases, also for the right one, and opens when the time is over', async () => {
    await start().create(right, masterKey);
    const vault = start();
    for (let tries = 0; tries < 5; tries++)
      await expect(vault.unlock(wrong)).rejects.toMatchObject({ code: 'credential.wrong-passphrase' });
    await expect(vault.unlock(right)).rejects.toMatchObject({
      code: 'too-many',
      details: { retryAfterSeconds: 30 },
    });
    await clock.advance(30_000);
    await expect(vault.unlock(wrong)).rejects.toMatchObject({ code: 'credential.wrong-passphrase' });
    await expect(vault.unlock(right)).rejects.toMatchObject({ details: { retryAfterSeconds: 60 } });
    clock.setWallClock(3_600_000);
    await expect(vault.unlock(right)).rejects.toMatchObject({ code: 'too-many' });
    await clock.advance(60_000);
    await vault.unlock(right);
    expect(vault.key?.equals(masterKey)).toBe(true);
  });

  it.each([
    ['a cheaper cost', (text: string) => text.replace('131072', '65536'), 'credential.wrong-passphrase'],
    ['a cost beyond bounds', (text: string) => text.replace('131072', '1073741824'), 'credential.missing'],
    ['half a file', (text: string) => text.slice(0, 60), 'credential.missing'],
  ])('refuses a file with %s', async (_what, change, code) => {
    await start().create(right, masterKey);
    writeFileSync(path(), change(readFileSync(path(), 'utf8')));
    const vault = start();
    await expect(vault.unlock(right)).rejects.toMatchObject({ code });
    expect(vault.key).toBeUndefined();
    // A damaged vault is a vault: another one must not be made over it.
    await expect(vault.create(right, masterKey)).rejects.toMatchObject({ code: 'conflict' });
  });
});
