/** Which passwords are good enough. */
import { describe, expect, it } from 'vitest';
import { createKnownPasswords } from '#main/adapters/accounts/known-password-list.ts';
import { Passwords } from '#main/control-plane/users/passwords.ts';
import { codeOf, CountedHasher } from '#test/harness/accounts-world.ts';

const passwords = new Passwords({ hasher: new CountedHasher(), known: createKnownPasswords() });
const judge = (password: string, email: string | null = 'grace.hopper@example.org') =>
  codeOf(() => passwords.requireFit(password, email));

describe('a password', () => {
  it.each([
    ['short', 'ninechars'],
    ['known', 'qwertyuiop'],
    ['known, in capitals', 'QWERTYUIOP'],
    ['known, with digits behind', 'password2026'],
    ['known, with a sign behind', 'Password123!'],
    ['of one letter', 'aaaaaaaaaaaaaa'],
    ['of digits', '4915112345678'],
    ['with the address in it', 'my grace.hopper 77'],
    ['with this program in it', 'my-Berth-login'],
    ['short when it is counted as it is kept', '１２３４５６７８９'],
    ['too long', `${'long enough '.repeat(22)}`],
  ])('is refused that is %s', async (_why, password) => {
    expect(await judge(password)).toBe('account.password-unfit');
  });

  it.each([
    'correct horse battery',
    'tr0ub4dor-and-three',
    '日本語のながいパスワード',
    '🐟🐠🐡🦈🐬🐳🐋🦭🐙🦑',
    'x9$kQ!v2Lm',
  ])('is taken: %s', async (password) => {
    expect(await judge(password)).toBe('done');
  });

  it('may hold a name so short that it is in many words', async () => {
    expect(await judge('majestic jo rivers', 'jo@example.org')).toBe('done');
    expect(await judge('correct horse battery', null)).toBe('done');
  });

  it('that is refused is not repeated in the message', async () => {
    await expect(passwords.requireFit('password2026', null)).rejects.toThrow(/^(?!.*2026)/);
  });
});
