/** Coming in: what each refusal tells, what guessing costs, and what a code and an identity provider are good for. */
import { describe, expect, it } from 'vitest';
import { TOTP } from 'otpauth';
import { BerthError } from '#contract/berth-error.ts';
import { createScryptPasswordHasher } from '#main/adapters/accounts/scrypt-password-hasher.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { freeTries, longestPauseMs } from '#main/control-plane/users/wrong-tries.ts';
import type { ProviderIdentity } from '#main/control-plane/account-door.ts';
import {
  type AccountsWorld,
  accountsWorld,
  answerOf,
  codeOf,
  elsewhere,
  goodPassword,
  localOwner,
  origin,
  otherPassword,
  storedText,
} from '#test/harness/accounts-world.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

const address = 'ada@example.org';

/** Somebody with a second factor; `code` is what their app shows now. */
async function withSecondFactor(world: AccountsWorld) {
  const id = await world.member(address);
  const caller = world.callerOf(id);
  const { secret } = await world.accounts.own.beginSecondFactor(goodPassword, caller);
  const code = () => new TOTP({ secret }).generate({ timestamp: world.clock.nowMs() });
  const recoveryCodes = await world.accounts.own.confirmSecondFactor(code(), caller);
  await world.clock.advance(60_000);
  return { id, caller, secret, code, recoveryCodes };
}

describe('a sign-in', () => {
  it('is refused alike for every reason, after one slow hash', async () => {
    const world = await accountsWorld();
    await world.member(address);
    const disabled = await world.member('off@example.org');
    await world.accounts.users.change({ id: disabled, isDisabled: true }, localOwner);
    await world.accounts.register(
      { email: 'waiting@example.org', password: goodPassword, name: null, isOwnerSetUp: false },
      origin,
    );
    await world.accounts.users.invite(
      { email: 'invited@example.org', name: null, role: 'member' },
      localOwner,
    );
    const tries: [string, string][] = [
      [address, 'wrong password here'],
      ['nobody@example.org', goodPassword],
      ['off@example.org', goodPassword],
      ['waiting@example.org', goodPassword],
      ['invited@example.org', goodPassword],
      ['', goodPassword],
    ];
    const answers = new Set<string>();
    const work = new Set<number>();
    for (const [email, password] of tries) {
      const before = world.hasher.hashes;
      answers.add(await answerOf(() => world.signIn(email, password)));
      work.add(world.hasher.hashes - before);
    }
    expect(answers.size).toBe(1);
    expect([...answers][0]).toContain('"account.sign-in-failed"');
    expect([...work]).toEqual([1]);
  });

  it('takes the same password from another keyboard', async () => {
    const world = await accountsWorld();
    await world.member(address, 'ﬁne über-garden 12');
    expect(await codeOf(() => world.signIn(address, 'fine u\u0308ber-garden 12'))).toBe('done');
  });

  it('of an account whose password was changed meanwhile is refused', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    const late = world.signIn(address);
    await world.accounts.people.change(id, (before) => ({ ...before, passwordHash: '$other$' }));
    await expect(late).rejects.toMatchObject({ code: 'account.sign-in-failed' });
  });

  it('makes the hash anew where today’s is stronger, and the old password stays good', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    const weak = createScryptPasswordHasher({ parameters: { logN: 2, r: 1, p: 1 } });
    const passwordHash = await weak.hash(new Secret(goodPassword));
    await world.accounts.people.change(id, (before) => ({ ...before, passwordHash }));
    expect(await world.signIn(address)).toBe(id);
    await waitUntil(() => world.accounts.people.require(id).passwordHash?.startsWith('$scrypt$ln=4,'), {
      what: 'a new hash',
    });
    expect(await world.signIn(address)).toBe(id);
    expect(await codeOf(() => world.signIn(address, otherPassword))).toBe('account.sign-in-failed');
  });

  it('is in the audit log with where it came from, and no word of what was typed', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    await world.signIn(address);
    await codeOf(() => world.signIn(address, 'hunter2 hunter2', null, elsewhere));
    const { entries } = await world.accounts.auditLog.list({
      userId: null,
      action: 'account.sign-in',
      before: null,
      limit: 10,
    });
    expect(entries).toMatchObject([
      { outcome: 'account.sign-in-failed', subject: address, userId: null, address: elsewhere.address },
      { outcome: 'done', subject: address, userId: id, userName: 'ada', address: origin.address },
    ]);
    // A password in the wrong field.
    await codeOf(() => world.signIn('hunter2 hunter2', 'x'));
    await codeOf(() => world.accounts.requestReset('hunter2 hunter2', origin));
    await world.accounts.close();
    expect(`${await storedText(world.store)}${world.log.text()}`).not.toMatch(/hunter2|violet/);
  });
});

describe('guessing', () => {
  it.each([address, 'nobody@example.org'])('is slowed down for %s, and alike', async (email) => {
    const world = await accountsWorld();
    await world.member(address);
    const pauses: number[] = [];
    const wrong = () => answerOf(() => world.signIn(email, 'wrong password', null, elsewhere));
    for (let time = 0; time < freeTries; time++) expect(await wrong()).toContain('account.sign-in-failed');
    for (let round = 0; round < 8; round++) {
      const before = world.hasher.hashes;
      const refused = await wrong();
      expect(refused).toContain('"too-many"');
      expect(world.hasher.hashes).toBe(before);
      const { details } = JSON.parse(refused) as { details: { retryAfterSeconds: number } };
      pauses.push(details.retryAfterSeconds);
      await world.clock.advance(details.retryAfterSeconds * 1000);
      expect(await wrong()).toContain('account.sign-in-failed');
    }
    expect(pauses).toEqual([30, 60, 120, 240, 480, 900, 900, 900]);
    expect(Math.max(...pauses) * 1000).toBe(longestPauseMs);
  });

  it('many at once is no way round', async () => {
    const world = await accountsWorld();
    await world.member(address);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => codeOf(() => world.signIn(address, 'wrong password'))),
    );
    expect(answers.filter((code) => code === 'account.sign-in-failed')).toHaveLength(freeTries);
    expect(answers.filter((code) => code === 'too-many')).toHaveLength(15);
  });

  it('shuts nobody out where they were signed in before, nor out of what is open', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    const session = await world.accounts.openSession(id, 'browser', origin);
    for (let time = 0; time < freeTries; time++)
      await codeOf(() => world.signIn(address, 'wrong password', null, elsewhere));
    expect(await codeOf(() => world.signIn(address, goodPassword, null, elsewhere))).toBe('too-many');
    expect(await codeOf(() => world.signIn(address))).toBe('done');
    expect(world.accounts.sessionOf(session.token)).toBeDefined();
    // At home it is slowed down as well.
    for (let time = 0; time < freeTries; time++) await codeOf(() => world.signIn(address, 'wrong password'));
    expect(await codeOf(() => world.signIn(address))).toBe('too-many');
  });

  it('is forgiven by a right password', async () => {
    const world = await accountsWorld();
    await world.member(address);
    for (let round = 0; round < 3; round++) {
      for (let time = 1; time < freeTries; time++)
        await codeOf(() => world.signIn(address, 'wrong password'));
      expect(await codeOf(() => world.signIn(address))).toBe('done');
    }
  });
});

describe('a second factor', () => {
  it('is asked for after a right password only', async () => {
    const world = await accountsWorld();
    const { id, code } = await withSecondFactor(world);
    expect(await codeOf(() => world.signIn(address))).toBe('account.second-factor-needed');
    expect(await codeOf(() => world.signIn(address, 'wrong password'))).toBe('account.sign-in-failed');
    expect(await codeOf(() => world.signIn(address, 'wrong password', code()))).toBe(
      'account.sign-in-failed',
    );
    expect(await world.signIn(address, goodPassword, code())).toBe(id);
  });

  it('takes a code once: not again, not an older one, not twice at once, not after a restart', async () => {
    const world = await accountsWorld();
    const { code } = await withSecondFactor(world);
    const older = code();
    await world.clock.advance(30_000);
    const newest = code();
    const both = await Promise.all([
      codeOf(() => world.signIn(address, goodPassword, newest)),
      codeOf(() => world.signIn(address, goodPassword, newest)),
    ]);
    expect(both.sort()).toEqual(['account.sign-in-failed', 'done']);
    expect(await codeOf(() => world.signIn(address, goodPassword, older))).toBe('account.sign-in-failed');
    const next = await world.restart();
    expect(await codeOf(() => next.signIn(address, goodPassword, newest))).toBe('account.sign-in-failed');
    await world.clock.advance(30_000);
    expect(await codeOf(() => next.signIn(address, goodPassword, code()))).toBe('done');
  });

  it('takes a code of a clock that is half a minute off, and no more', async () => {
    const world = await accountsWorld();
    const { secret } = await withSecondFactor(world);
    const at = (offMs: number) => new TOTP({ secret }).generate({ timestamp: world.clock.nowMs() + offMs });
    for (const offMs of [-60_000, 60_000, 90_000])
      expect(await codeOf(() => world.signIn(address, goodPassword, at(offMs)))).toBe(
        'account.sign-in-failed',
      );
    expect(await codeOf(() => world.signIn(address, goodPassword, at(30_000)))).toBe('done');
  });

  it('cannot be guessed with the password at hand: codes count as tries, and asking for one forgives none', async () => {
    const world = await accountsWorld();
    const { code } = await withSecondFactor(world);
    const answers: string[] = [];
    for (let time = 0; time < 8; time++) {
      answers.push(await codeOf(() => world.signIn(address, goodPassword, null, elsewhere)));
      answers.push(await codeOf(() => world.signIn(address, goodPassword, '000000', elsewhere)));
    }
    expect(answers.filter((one) => one === 'account.sign-in-failed')).toHaveLength(freeTries);
    expect(answers.slice(-4)).toEqual(Array.from({ length: 4 }, () => 'too-many'));
    expect(await codeOf(() => world.signIn(address, goodPassword, code(), elsewhere))).toBe('too-many');
  });

  it('has ten recovery codes, each good once, also as people type them', async () => {
    const world = await accountsWorld();
    const { recoveryCodes } = await withSecondFactor(world);
    expect(new Set(recoveryCodes).size).toBe(10);
    const [first, second] = recoveryCodes;
    const typed = first!.toUpperCase().replaceAll('-', ' ').replaceAll('0', 'O');
    expect(await codeOf(() => world.signIn(address, goodPassword, typed))).toBe('done');
    expect(await codeOf(() => world.signIn(address, goodPassword, first))).toBe('account.sign-in-failed');
    const next = await world.restart();
    expect(await codeOf(() => next.signIn(address, goodPassword, first))).toBe('account.sign-in-failed');
    expect(await codeOf(() => next.signIn(address, goodPassword, second))).toBe('done');
  });

  it('lets nobody in when the use of the code cannot be written down', async () => {
    const world = await accountsWorld();
    const { code } = await withSecondFactor(world);
    world.store.failure = new BerthError('store.unwritable', 'Full.');
    expect(await codeOf(() => world.signIn(address, goodPassword, code()))).toBe('store.unwritable');
    world.store.failure = undefined;
    expect(await codeOf(() => world.signIn(address, goodPassword, code()))).toBe('done');
  });

  it('is kept sealed, and its recovery codes as hashes', async () => {
    const world = await accountsWorld();
    const { secret, recoveryCodes } = await withSecondFactor(world);
    const kept = `${await storedText(world.store)}${world.log.text()}`;
    for (const canary of [secret, ...recoveryCodes]) expect(kept).not.toContain(canary);
  });
});

describe('an identity provider', () => {
  const issuer = 'https://id.example.org';
  const identity = (over: Partial<ProviderIdentity> = {}): ProviderIdentity => ({
    issuer,
    subject: 'abc',
    email: address,
    isEmailVerified: true,
    name: 'Ada Lovelace',
    ...over,
  });
  const open = { rules: { issuersThatMakeUsers: [issuer] } };

  it('makes an account where that is allowed, once, and knows it again by its subject', async () => {
    const world = await accountsWorld(open);
    const [id, same] = await Promise.all([
      world.accounts.signInWithProvider(identity(), origin),
      world.accounts.signInWithProvider(identity(), origin),
    ]);
    expect(same).toBe(id);
    const moved = identity({ email: 'other@example.org' });
    expect(await world.accounts.signInWithProvider(moved, origin)).toBe(id);
    expect(world.accounts.people.user(id)).toMatchObject({
      role: 'member',
      source: 'provider',
      name: 'Ada Lovelace',
      email: address,
    });
    expect(await (await world.restart()).accounts.signInWithProvider(identity(), origin)).toBe(id);
    const other = { issuer: 'https://other.example', subject: 'abc' };
    expect(await codeOf(() => world.accounts.signInWithProvider(identity(other), origin))).toBe(
      'account.provider-refused',
    );
  });

  it('makes none where it may not', async () => {
    const world = await accountsWorld();
    expect(await codeOf(() => world.accounts.signInWithProvider(identity(), origin))).toBe(
      'account.provider-refused',
    );
    expect(world.accounts.people.all()).toHaveLength(1);
  });

  it('opens no account that has a password, and none by an address that it does not vouch for', async () => {
    const world = await accountsWorld(open);
    const id = await world.member(address);
    expect(await codeOf(() => world.accounts.signInWithProvider(identity(), origin))).toBe(
      'account.provider-refused',
    );
    const unproved = await world.accounts.signInWithProvider(identity({ isEmailVerified: false }), origin);
    expect(unproved).not.toBe(id);
    expect(world.accounts.people.user(unproved).email).toBeNull();
  });

  it('takes an invitation up, and ends its link', async () => {
    const world = await accountsWorld();
    const { user } = await world.accounts.users.invite(
      { email: address, name: null, role: 'viewer' },
      localOwner,
    );
    await world.settled();
    expect(await world.accounts.signInWithProvider(identity(), origin)).toBe(user.id);
    expect(world.accounts.people.user(user.id)).toMatchObject({ state: 'active', role: 'viewer' });
    const token = world.box.tokenTo(address);
    expect(await codeOf(() => world.accounts.reset(token, otherPassword, origin))).toBe(
      'account.link-expired',
    );
  });

  it('drops the password that somebody registered with and never confirmed', async () => {
    const world = await accountsWorld(open);
    await world.accounts.register(
      { email: address, password: goodPassword, name: null, isOwnerSetUp: false },
      elsewhere,
    );
    await world.accounts.signInWithProvider(identity(), origin);
    expect(await codeOf(() => world.signIn(address))).toBe('account.sign-in-failed');
  });

  it('does not open an account that is disabled', async () => {
    const world = await accountsWorld(open);
    const id = await world.accounts.signInWithProvider(identity(), origin);
    await world.accounts.users.change({ id, isDisabled: true }, localOwner);
    expect(await codeOf(() => world.accounts.signInWithProvider(identity(), origin))).toBe(
      'account.provider-refused',
    );
    expect(world.accounts.callerOfUser(id, null)).toBeUndefined();
  });
});
