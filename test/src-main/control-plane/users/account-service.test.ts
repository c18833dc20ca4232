/** One's own account: what asks for the password, what a new one ends, and what the desktop has of it. */
import { describe, expect, it } from 'vitest';
import { TOTP } from 'otpauth';
import { localOwnerId } from '#contract/ids.ts';
import { contract } from '#contract/index.ts';
import { freeTries } from '#main/control-plane/users/wrong-tries.ts';
import {
  accountsWorld,
  atTheDesktop,
  codeOf,
  elsewhere,
  goodPassword,
  localOwner,
  origin,
  otherPassword,
} from '#test/harness/accounts-world.ts';

const address = 'ada@example.org';

async function signedIn() {
  const world = await accountsWorld();
  const id = await world.member(address);
  const session = await world.accounts.openSession(id, 'browser', origin);
  return { ...world, id, session, caller: world.callerOf(id, { sessionId: session.id }) };
}

describe('a new password', () => {
  it('asks for the old one, ends every other session and every link, and is told by e-mail', async () => {
    const { accounts, box, caller, id, session, settled, signIn } = await signedIn();
    const other = await accounts.openSession(id, 'token', elsewhere);
    await accounts.requestReset(address, origin);
    await settled();
    const link = box.tokenTo(address);
    const change = (current: string, next: string) =>
      codeOf(() => accounts.own.changePassword({ current, next }, caller));
    expect(await change('wrong password', otherPassword)).toBe('account.sign-in-failed');
    expect(await change(goodPassword, 'ada-ada-ada')).toBe('account.password-unfit');
    expect(await change(goodPassword, otherPassword)).toBe('done');
    expect(accounts.sessionOf(session.token)).toBeDefined();
    expect(accounts.callerOfSession(other.id, null)).toBeUndefined();
    expect(await codeOf(() => accounts.reset(link, goodPassword, origin))).toBe('account.link-expired');
    expect(await codeOf(() => signIn(address))).toBe('account.sign-in-failed');
    expect(await signIn(address, otherPassword)).toBe(id);
    await settled();
    expect(box.to(address).at(-1)?.subject).toContain('was changed');
  });

  it('is not guessed from a session that was left open, and guessing there shuts nobody out at the door', async () => {
    const { accounts, caller, signIn } = await signedIn();
    const wrong = () =>
      codeOf(() => accounts.own.changePassword({ current: 'wrong password', next: otherPassword }, caller));
    for (let time = 0; time < freeTries; time++) expect(await wrong()).toBe('account.sign-in-failed');
    expect(await wrong()).toBe('too-many');
    expect(await codeOf(() => accounts.own.beginSecondFactor('wrong password', caller))).toBe('too-many');
    expect(await codeOf(() => signIn(address))).toBe('done');
  });

  it('of two at once one stands', async () => {
    const { accounts, caller, signIn } = await signedIn();
    const both = await Promise.all(
      [otherPassword, 'third time is a charm'].map((next) =>
        codeOf(() => accounts.own.changePassword({ current: goodPassword, next }, caller)),
      ),
    );
    expect(both.sort()).toEqual(['account.sign-in-failed', 'done']);
    expect(await codeOf(() => signIn(address))).toBe('account.sign-in-failed');
  });
});

describe('a second factor', () => {
  it('begins with the password, and changes nothing until a code confirms it', async () => {
    const { accounts, caller, clock, signIn } = await signedIn();
    expect(await codeOf(() => accounts.own.beginSecondFactor('wrong password', caller))).toBe(
      'account.sign-in-failed',
    );
    const begun = await accounts.own.beginSecondFactor(goodPassword, caller);
    const method = contract['account.beginSecondFactor'];
    expect(method.output.parse(begun)).toEqual(begun);
    expect(begun.uri).toContain(`secret=${begun.secret}`);
    expect(begun.uri).toMatch(/^otpauth:\/\/totp\/Berth:ada%40example\.org\?/);
    expect(begun.image).toMatch(/^<svg [\s\S]*<\/svg>$/);
    expect(await codeOf(() => signIn(address))).toBe('done');
    expect(await codeOf(() => accounts.own.confirmSecondFactor('000000', caller))).toBe(
      'account.sign-in-failed',
    );
    await clock.advance(10 * 60_000);
    const late = new TOTP({ secret: begun.secret }).generate({ timestamp: clock.nowMs() });
    expect(await codeOf(() => accounts.own.confirmSecondFactor(late, caller))).toBe('conflict');
  });

  it('is turned off with the password and a code, and the person is told', async () => {
    const { accounts, box, caller, clock, settled, signIn, id } = await signedIn();
    const { secret } = await accounts.own.beginSecondFactor(goodPassword, caller);
    const code = () => new TOTP({ secret }).generate({ timestamp: clock.nowMs() });
    const used = code();
    await accounts.own.confirmSecondFactor(used, caller);
    expect(await codeOf(() => accounts.own.beginSecondFactor(goodPassword, caller))).toBe('conflict');
    const remove = (password: string, typed: string) =>
      codeOf(() => accounts.own.removeSecondFactor({ password, code: typed }, caller));
    expect(await remove('wrong password', code())).toBe('account.sign-in-failed');
    expect(await remove(goodPassword, used)).toBe('account.sign-in-failed');
    await clock.advance(30_000);
    expect(await remove(goodPassword, code())).toBe('done');
    expect(await signIn(address)).toBe(id);
    expect(await remove(goodPassword, code())).toBe('conflict');
    await settled();
    expect(box.to(address).at(-1)?.subject).toContain('no second factor');
  });

  it('is not confirmed by trying codes, however often it is begun', async () => {
    const { accounts, caller } = await signedIn();
    const codes: string[] = [];
    for (let time = 0; time < freeTries + 2; time++) {
      await accounts.own.beginSecondFactor(goodPassword, caller);
      codes.push(await codeOf(() => accounts.own.confirmSecondFactor('000000', caller)));
    }
    expect(codes.filter((code) => code === 'account.sign-in-failed')).toHaveLength(freeTries);
    expect(codes.at(-1)).toBe('too-many');
  });

  it('is not turned off by trying codes with the password at hand', async () => {
    const { accounts, caller } = await signedIn();
    const { secret } = await accounts.own.beginSecondFactor(goodPassword, caller);
    await accounts.own.confirmSecondFactor(
      new TOTP({ secret }).generate({ timestamp: Date.parse('2026-01-02T03:04:07Z') }),
      caller,
    );
    const codes: string[] = [];
    for (let time = 0; time < freeTries + 2; time++)
      codes.push(
        await codeOf(() =>
          accounts.own.removeSecondFactor({ password: goodPassword, code: '000000' }, caller),
        ),
      );
    expect(codes.filter((code) => code === 'account.sign-in-failed')).toHaveLength(freeTries);
    expect(codes.at(-1)).toBe('too-many');
  });
});

describe('an account', () => {
  it('is watched by its person, with every change', async () => {
    const { accounts, caller, id } = await signedIn();
    const abort = new AbortController();
    const names: string[] = [];
    for await (const account of accounts.own.watch(caller, abort.signal)) {
      expect(contract['account.watch'].item.parse(account)).toEqual(account);
      expect(account).toMatchObject({ id, isServed: true, hasPassword: true, recoveryCodes: 0 });
      names.push(account.name);
      if (names.length === 1) await accounts.own.changeName('Countess', caller);
      else abort.abort();
    }
    expect(names).toEqual(['ada', 'Countess']);
  });

  it('of the local owner gets an address and a password, once', async () => {
    const { accounts, caller, signIn } = await signedIn();
    const wish = { email: 'owner@example.org', password: otherPassword };
    expect(await codeOf(() => accounts.own.setUp(wish, caller))).toBe('conflict');
    expect(await codeOf(() => accounts.own.setUp({ ...wish, email: address }, localOwner))).toBe(
      'user.email-taken',
    );
    expect(
      await codeOf(() => accounts.own.changePassword({ current: 'x', next: otherPassword }, localOwner)),
    ).toBe('account.sign-in-failed');
    const account = await accounts.own.setUp(wish, localOwner);
    expect(account).toMatchObject({ email: 'owner@example.org', hasPassword: true, role: 'owner' });
    expect(await signIn('owner@example.org', otherPassword)).toBe(localOwnerId);
    expect(await codeOf(() => accounts.own.setUp(wish, localOwner))).toBe('conflict');
  });
});

describe('the desktop', () => {
  it('shows its one owner, and has no passwords', async () => {
    const { accounts } = await accountsWorld();
    const abort = new AbortController();
    for await (const account of accounts.own.watch(atTheDesktop, abort.signal)) {
      expect(account).toMatchObject({ id: localOwnerId, role: 'owner', source: 'local', isServed: false });
      abort.abort();
    }
    const { own } = accounts;
    const all = [
      () => own.changeName('X', atTheDesktop),
      () => own.setUp({ email: address, password: goodPassword }, atTheDesktop),
      () => own.changePassword({ current: 'x', next: goodPassword }, atTheDesktop),
      () => own.beginSecondFactor('x', atTheDesktop),
      () => own.confirmSecondFactor('000000', atTheDesktop),
      () => own.removeSecondFactor({ password: 'x', code: '000000' }, atTheDesktop),
    ];
    for (const act of all) expect(await codeOf(act)).toBe('account.none-here');
  });
});
