/** Password hashes: their form, their cost, what is compared, and how many run at once. */
import { scryptSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createScryptPasswordHasher } from '#main/adapters/accounts/scrypt-password-hasher.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';

const little = { logN: 4, r: 1, p: 1 };
const password = new Secret('violet harbour gravel');

describe('a password hash', () => {
  it('is scrypt at N=2^17, r=8, p=1 with a salt of its own, and says so', async () => {
    const hasher = createScryptPasswordHasher();
    const encoded = await hasher.hash(password);
    const [, salt, hash] = /^\$scrypt\$ln=17,r=8,p=1\$([^$]{22})\$([^$]{43})$/.exec(encoded) ?? [];
    const options = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };
    const expected = scryptSync(password.reveal(), Buffer.from(salt!, 'base64'), 32, options);
    expect(Buffer.from(hash!, 'base64').equals(expected)).toBe(true);
    expect(await hasher.verify(password, encoded)).toEqual({ isRight: true, isOutdated: false });
  });

  it('differs each time, fits its own password and no other', async () => {
    const hasher = createScryptPasswordHasher({ parameters: little });
    const [one, two] = [await hasher.hash(password), await hasher.hash(password)];
    expect(one).not.toBe(two);
    expect((await hasher.verify(password, one)).isRight).toBe(true);
    for (const other of ['violet harbour grave', 'Violet harbour gravel', ''])
      expect((await hasher.verify(new Secret(other), one)).isRight).toBe(false);
  });

  it('of weaker parameters fits, and is to be made anew', async () => {
    const old = await createScryptPasswordHasher({ parameters: little }).hash(password);
    const hasher = createScryptPasswordHasher({ parameters: { logN: 6, r: 1, p: 1 } });
    expect(await hasher.verify(password, old)).toEqual({ isRight: true, isOutdated: true });
    expect(await hasher.verify(new Secret('wrong'), old)).toEqual({ isRight: false, isOutdated: false });
  });

  it.each([
    null,
    '',
    'plain text',
    '$scrypt$ln=4,r=1,p=1$$',
    '$scrypt$ln=40,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$scrypt$ln=0,r=0,p=0$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$2b$12$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  ])('that is none of ours (%s) fits nothing', async (encoded) => {
    const hasher = createScryptPasswordHasher({ parameters: little });
    expect(await hasher.verify(password, encoded)).toEqual({ isRight: false, isOutdated: false });
  });

  it('of nobody’s costs as much as a real one', async () => {
    const hasher = createScryptPasswordHasher({ parameters: { logN: 14, r: 8, p: 1 } });
    const encoded = await hasher.hash(password);
    // Processor time, not the clock on the wall: other tests run beside this one. The least of some, by turns: the rest is
    // what the machine was busy with.
    const costOf = async (what: string | null) => {
      const before = process.cpuUsage();
      await hasher.verify(password, what);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    let [real, nobodys] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let time = 0; time < 8; time++) {
      real = Math.min(real, await costOf(encoded));
      nobodys = Math.min(nobodys, await costOf(null));
    }
    expect(nobodys / real).toBeGreaterThan(0.5);
    expect(nobodys / real).toBeLessThan(2);
  });
});

describe('the line', () => {
  it('lets two run, some wait, and refuses the rest before it costs anything', async () => {
    const hasher = createScryptPasswordHasher({
      parameters: { logN: 12, r: 8, p: 1 },
      maxRunning: 2,
      maxWaiting: 3,
    });
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => hasher.hash(password)));
    expect(results.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 5 }, () => 'fulfilled'),
      ...Array.from({ length: 3 }, () => 'rejected'),
    ]);
    for (const result of results.slice(5)) expect(result).toMatchObject({ reason: { code: 'too-many' } });
    // Nobody is left in it.
    const after = await Promise.allSettled(Array.from({ length: 5 }, () => hasher.verify(password, null)));
    expect(after.every(({ status }) => status === 'fulfilled')).toBe(true);
  });
});
