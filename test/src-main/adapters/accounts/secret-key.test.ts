/** The server's secret key: made once, for its user alone, and one key for each purpose. */
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSecretKey } from '#main/adapters/accounts/secret-key.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-key-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('the secret key', () => {
  it('is made at the first start, mode 0600, and is the same at the next', async () => {
    const first = await openSecretKey(null, folder);
    expect(await readdir(folder)).toEqual(['secret.key']);
    expect((await stat(join(folder, 'secret.key'))).mode & 0o777).toBe(0o600);
    const second = await openSecretKey(null, folder);
    expect(hex(second('access-token'))).toBe(hex(first('access-token')));
    expect(first('access-token')).toHaveLength(32);
  });

  it('gives each purpose its own, none of which is the key itself', async () => {
    const derive = await openSecretKey(null, folder);
    const key = Buffer.from((await readFile(join(folder, 'secret.key'), 'utf8')).trim(), 'base64url');
    const all = ['access-token', 'second-factor', ''].map((purpose) => hex(derive(purpose)));
    expect(new Set([...all, hex(key)]).size).toBe(4);
  });

  it('is what the configuration says, and then nothing is written', async () => {
    const one = await openSecretKey(new Secret('a'.repeat(32)), folder);
    const same = await openSecretKey(new Secret('a'.repeat(32)), folder);
    const other = await openSecretKey(new Secret('b'.repeat(32)), folder);
    expect(hex(one('x'))).toBe(hex(same('x')));
    expect(hex(one('x'))).not.toBe(hex(other('x')));
    expect(await readdir(folder)).toEqual([]);
  });

  it('that others can read is shut for them', async () => {
    await openSecretKey(null, folder);
    await chmod(join(folder, 'secret.key'), 0o644);
    await openSecretKey(null, folder);
    expect((await stat(join(folder, 'secret.key'))).mode & 0o777).toBe(0o600);
  });

  it('that is damaged is not replaced: the start fails and says what to do', async () => {
    await writeFile(join(folder, 'secret.key'), 'half a k');
    await expect(openSecretKey(null, folder)).rejects.toMatchObject({
      code: 'store.unwritable',
      message: expect.stringContaining('backup') as string,
    });
    expect(await readFile(join(folder, 'secret.key'), 'utf8')).toBe('half a k');
  });

  it('is made whole after a crash in the middle of making it', async () => {
    await writeFile(join(folder, 'secret.key.new'), 'ha');
    await openSecretKey(null, folder);
    expect(await readdir(folder)).toEqual(['secret.key']);
  });

  it('that cannot be written fails the start', async () => {
    await expect(openSecretKey(null, join(folder, 'not there'))).rejects.toMatchObject({
      code: 'store.unwritable',
    });
  });
});
