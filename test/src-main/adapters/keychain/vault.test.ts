import { createSecretKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Vault } from '#main/adapters/keychain/vault.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

let folder: string;
let clock: ManualClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-vault-'));
  clock = new ManualClock();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = () => new Vault({ folder, clock, random: createSystemRandom() });
const masterKey = createSecretKey(Buffer.alloc(32, 1));
const path = () => join(folder, 'vault.json');
const right = new Secret('right passphrase');
const wrong = new Secret('wrong passphrase');

// Each passphrase costs 128 MiB and a third of a second, more on a busy machine.
describe('vault', { timeout: 60_000 }, () => {
  it('opens after a start, also when the passphrase is typed in other code points', async () => {
    await start().create(new Secret('caf\u00e9 passphrase'), masterKey);
    const vault = start();
    expect(vault.key).toBeUndefined();
    await vault.unlock(new Secret('cafe\u0301 passphrase'));
    expect(vault.key?.equals(masterKey)).toBe(true);
    vault.lock();
    expect(vault.key).toBeUndefined();
  });

  it('uses scrypt at the cost that its file states', async () => {
    await start().create(right, masterKey);
    const { kdf } = JSON.parse(readFileSync(path(), 'utf8'));
    expect(kdf).toMatchObject({ name: 'scrypt', N: 131_072, r: 8, p: 1 });
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
