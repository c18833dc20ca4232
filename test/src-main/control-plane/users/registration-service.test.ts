/** Registering, confirming, asking again, and new passwords by e-mail: what each answer tells, and what each link opens. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId } from '#contract/ids.ts';
import { maxUnverified } from '#main/control-plane/users/registration-service.ts';
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

const hourMs = 60 * 60_000;
const full = new BerthError('store.unwritable', 'Full.');

async function register(
  world: AccountsWorld,
  email: string,
  password = goodPassword,
  name: string | null = null,
) {
  await world.accounts.register({ email, password, name, isOwnerSetUp: false }, origin);
  await world.settled();
}

describe('registering', () => {
  it('makes an account that opens when the link of the e-mail was followed', async () => {
    const world = await accountsWorld();
    await register(world, 'Ada@Example.org');
    expect(await codeOf(() => world.signIn('ada@example.org'))).toBe('account.sign-in-failed');
    const [mail] = world.box.mails;
    expect(mail).toMatchObject({
      to: 'ada@example.org',
      subject: expect.stringContaining('Confirm') as string,
    });
    expect(mail?.text).toMatch(/^https:\/\/berth\.example\.org\/verify#[\w-]{43}$/m);
    await world.accounts.verify(world.box.tokenTo('ada@example.org'), origin);
    const id = await world.signIn('ADA@example.org');
    expect(world.accounts.people.user(id)).toMatchObject({ role: 'member', state: 'active', name: 'ada' });
  });

  it('answers the same and works the same, whether or not there is such an account', async () => {
    const world = await accountsWorld();
    await world.member('known@example.org');
    await world.accounts.users.invite(
      { email: 'invited@example.org', name: null, role: 'viewer' },
      localOwner,
    );
    await register(world, 'waiting@example.org');
    const answers = new Set<string>();
    const work = new Set<number>();
    const writes = new Set<number>();
    for (const email of [
      'known@example.org',
      'invited@example.org',
      'waiting@example.org',
      'new@example.org',
    ]) {
      const before = world.hasher.hashes;
      const written = countWrites(world);
      answers.add(
        await answerOf(() =>
          world.accounts.register({ email, password: otherPassword, name: 'X', isOwnerSetUp: false }, origin),
        ),
      );
      writes.add(written());
      work.add(world.hasher.hashes - before);
      await world.settled();
    }
    expect([...answers]).toEqual(['done']);
    expect([...work]).toEqual([1]);
    // The person's record and the mail, in one transaction, for each.
    expect([...writes]).toEqual([2]);
    expect(world.box.to('known@example.org').at(-1)?.subject).toContain('already');
    expect(world.box.to('invited@example.org').at(-1)?.text).toContain('/invite#');
    // What a stranger chose is nobody's password, and changes nothing.
    expect(await world.signIn('known@example.org')).toBeDefined();
    expect(await codeOf(() => world.signIn('known@example.org', otherPassword))).toBe(
      'account.sign-in-failed',
    );
    expect(world.accounts.people.byEmail('invited@example.org')).toMatchObject({
      role: 'viewer',
      state: 'invited',
      passwordHash: null,
    });
  });

  it('takes the password of the newest link, and ends the older one', async () => {
    const world = await accountsWorld();
    await register(world, 'ada@example.org', otherPassword);
    const older = world.box.tokenTo('ada@example.org');
    await register(world, 'ada@example.org', goodPassword);
    expect(await codeOf(() => world.accounts.verify(older, origin))).toBe('account.link-expired');
    await world.accounts.verify(world.box.tokenTo('ada@example.org'), origin);
    expect(await codeOf(() => world.signIn('ada@example.org', otherPassword))).toBe('account.sign-in-failed');
    expect(await world.signIn('ada@example.org')).toBeDefined();
  });

  it('says nothing that a stranger typed to an address that may not be theirs', async () => {
    const world = await accountsWorld();
    await register(world, 'ada@example.org', goodPassword, 'Visit http://evil.example <b>now</b>');
    const mail = world.box.to('ada@example.org').at(-1);
    expect(`${mail?.subject} ${mail?.text} ${mail?.html}`).not.toMatch(/evil|<b>/);
  });

  it('takes addresses only, and a name as it can be shown', async () => {
    const world = await accountsWorld();
    for (const odd of [
      '',
      'ada',
      'ada@',
      'a@b',
      `${'a'.repeat(250)}@example.org`,
      'ada@example.org\r\nBcc: x@y.z',
    ])
      expect(await codeOf(() => register(world, odd))).toBe('invalid-input');
    await register(world, 'ada@example.org', goodPassword, 'Ada\u202e\u0000');
    expect(world.accounts.people.byEmail('ada@example.org')?.name).toBe('ada');
    expect((await world.restart()).accounts.people.byEmail('ada@example.org')).toBeDefined();
  });

  it('is closed where only who is invited comes, and where no e-mail can confirm an address', async () => {
    const invited = await accountsWorld({ rules: { registration: 'invited' } });
    const mute = await accountsWorld({ hasMail: false });
    const wish = { email: 'ada@example.org', password: goodPassword, name: null, isOwnerSetUp: false };
    expect(await codeOf(() => invited.accounts.register(wish, origin))).toBe('account.registration-closed');
    expect(await codeOf(() => mute.accounts.register(wish, origin))).toBe('account.mail-unavailable');
    expect([invited, mute].map(({ accounts }) => accounts.isRegistrationOpen)).toEqual([false, false]);
    expect((await accountsWorld()).accounts.isRegistrationOpen).toBe(true);
    expect(invited.hasher.hashes + mute.hasher.hashes).toBe(0);
  });

  it('sends an address three e-mails an hour, whoever asks for them, and answers as ever', async () => {
    const world = await accountsWorld();
    for (let time = 0; time < 6; time++) await register(world, 'ada@example.org');
    for (let time = 0; time < 3; time++) await world.accounts.resend('ada@example.org', origin);
    await world.settled();
    expect(world.box.to('ada@example.org')).toHaveLength(3);
    await register(world, 'bob@example.org');
    expect(world.box.to('bob@example.org')).toHaveLength(1);
    await world.clock.advance(hourMs);
    await register(world, 'ada@example.org');
    expect(world.box.to('ada@example.org')).toHaveLength(4);
  });

  it('fills no disk: accounts that nobody confirms are few, and go', async () => {
    const world = await accountsWorld();
    await register(world, 'ada@example.org');
    await world.clock.advance(73 * hourMs);
    await world.settled();
    expect(world.accounts.people.byEmail('ada@example.org')).toBeUndefined();
    expect(await storedText(world.store)).not.toMatch(/"state":"unverified"|"kind":"verify"/);
    for (let index = 0; index < maxUnverified; index++)
      await world.accounts.people.exclusive(() =>
        world.accounts.people.save({
          ...world.accounts.people.require(localOwnerId),
          id: `user_${String(index).padStart(20, '0').replace(/^0/, '1')}`,
          email: `${index}@example.org`,
          state: 'unverified',
          createdAt: new Date(world.clock.nowMs()).toISOString(),
        }),
      );
    expect(await codeOf(() => register(world, 'bob@example.org'))).toBe('too-many');
    expect(await codeOf(() => register(world, '5@example.org'))).toBe('too-many');
  });

  it('that fails half-way has not happened: no account, no mail', async () => {
    const world = await accountsWorld();
    world.store.failure = full;
    expect(await codeOf(() => register(world, 'ada@example.org'))).toBe('store.unwritable');
    world.store.failure = undefined;
    await world.settled();
    expect(world.accounts.people.byEmail('ada@example.org')).toBeUndefined();
    expect(world.box.mails).toEqual([]);
    expect((await world.restart()).accounts.people.all()).toHaveLength(1);
    await register(world, 'ada@example.org');
    expect(world.box.mails).toHaveLength(1);
  });

  it('of one address twice at once makes one account', async () => {
    const world = await accountsWorld();
    await Promise.all([register(world, 'ada@example.org'), register(world, 'ada@example.org')]);
    expect(world.accounts.people.all().filter(({ email }) => email === 'ada@example.org')).toHaveLength(1);
  });
});

describe('the owner', () => {
  it('gets an address and a password by the one-time link, at once and once', async () => {
    const world = await accountsWorld({ rules: { registration: 'invited' }, hasMail: false });
    const wish = { email: 'owner@example.org', password: goodPassword, name: 'Olga', isOwnerSetUp: true };
    await world.accounts.register(wish, origin);
    expect(await world.signIn('owner@example.org')).toBe(localOwnerId);
    expect(world.accounts.people.user(localOwnerId)).toMatchObject({
      name: 'Olga',
      role: 'owner',
      source: 'local',
    });
    expect(await codeOf(() => world.accounts.register(wish, origin))).toBe('conflict');
    expect(await (await world.restart()).signIn('owner@example.org')).toBe(localOwnerId);
  });

  it('cannot take an address that somebody has', async () => {
    const world = await accountsWorld();
    await world.member('ada@example.org');
    const wish = { email: 'ada@example.org', password: otherPassword, name: null, isOwnerSetUp: true };
    expect(await codeOf(() => world.accounts.register(wish, origin))).toBe('user.email-taken');
    expect(await world.signIn('ada@example.org')).not.toBe(localOwnerId);
  });
});

describe('a link', () => {
  it.each(['verify', 'reset', 'invite'] as const)(
    'to %s works once, also of two uses at once',
    async (kind) => {
      const world = await accountsWorld();
      const use = await linkFor(world, kind);
      const answers = await Promise.all([codeOf(use), codeOf(use)]);
      expect(answers.sort()).toEqual(['account.link-expired', 'done']);
      expect(await codeOf(use)).toBe('account.link-expired');
      const again = await world.restart();
      expect(await codeOf(await linkFor(again, kind, world.box.tokenTo(address)))).toBe(
        'account.link-expired',
      );
    },
  );

  it.each([
    ['verify', 24],
    ['reset', 1],
    ['invite', 7 * 24],
  ] as const)('to %s lasts %d hours', async (kind, hours) => {
    const world = await accountsWorld();
    const use = await linkFor(world, kind);
    world.clock.sleep(hours * hourMs);
    expect(await codeOf(use)).toBe('account.link-expired');
    const fresh = await accountsWorld();
    const soon = await linkFor(fresh, kind);
    // Some seconds have passed since it was sent.
    fresh.clock.sleep(hours * hourMs - 5_000);
    expect(await codeOf(soon)).toBe('done');
  });

  it('is kept as a hash alone, and opens nothing of another kind', async () => {
    const world = await accountsWorld();
    await register(world, address);
    const token = world.box.tokenTo(address);
    expect(await storedText(world.store)).toMatch(/"kind":"verify"/);
    expect(`${await storedText(world.store)} ${world.log.text()}`).not.toContain(token);
    expect(await codeOf(() => world.accounts.reset(token, otherPassword, origin))).toBe(
      'account.link-expired',
    );
    for (const wrong of ['', 'x', token.slice(1), `${token}=`, '__proto__'])
      expect(await codeOf(() => world.accounts.verify(wrong, origin))).toBe('account.link-expired');
    expect(await codeOf(() => world.accounts.verify(token, origin))).toBe('done');
  });

  it('is good again when what it opened could not be written down', async () => {
    const world = await accountsWorld();
    await register(world, address);
    const token = world.box.tokenTo(address);
    world.store.failure = full;
    expect(await codeOf(() => world.accounts.verify(token, origin))).toBe('store.unwritable');
    world.store.failure = undefined;
    expect(world.accounts.people.byEmail(address)?.state).toBe('unverified');
    expect(await codeOf(() => world.accounts.verify(token, origin))).toBe('done');
  });

  it('that chooses an unfit password is not used up', async () => {
    const world = await accountsWorld();
    await world.member(address);
    await world.accounts.requestReset(address, origin);
    await world.settled();
    const token = world.box.tokenTo(address);
    expect(await codeOf(() => world.accounts.reset(token, 'password123', origin))).toBe(
      'account.password-unfit',
    );
    expect(await codeOf(() => world.accounts.reset(token, otherPassword, origin))).toBe('done');
  });
});

describe('a forgotten password', () => {
  it('is asked for without a word about who has an account: nothing is looked up before the answer', async () => {
    const world = await accountsWorld();
    await world.member('known@example.org');
    const before = world.hasher.hashes;
    for (const email of ['known@example.org', 'nobody@example.org', 'not an address']) {
      const written = countWrites(world);
      expect(await answerOf(() => world.accounts.requestReset(email, origin))).toBe('done');
      expect(await answerOf(() => world.accounts.resend(email, origin))).toBe('done');
      expect(written()).toBe(0);
    }
    expect(world.hasher.hashes).toBe(before);
    await world.settled();
    expect(world.box.to('known@example.org').at(-1)?.text).toContain('/reset#');
    expect(world.box.to('nobody@example.org')).toEqual([]);
  });

  it('becomes a new one, and everybody is signed out', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    const session = await world.accounts.openSession(id, 'browser', origin);
    const ended: string[] = [];
    world.accounts.onSessionEnd((one) => ended.push(one));
    await world.accounts.requestReset(address, origin);
    await world.settled();
    await world.accounts.reset(world.box.tokenTo(address), otherPassword, elsewhere);
    expect(ended).toEqual([session.id]);
    expect(world.accounts.sessionOf(session.token)).toBeUndefined();
    expect(await codeOf(() => world.signIn(address))).toBe('account.sign-in-failed');
    expect(await world.signIn(address, otherPassword)).toBe(id);
    await world.settled();
    expect(world.box.to(address).at(-1)?.subject).toContain('was changed');
  });

  it('shuts nobody out: a new one ends the pause after wrong tries', async () => {
    const world = await accountsWorld();
    await world.member(address);
    for (let time = 0; time < 5; time++) await codeOf(() => world.signIn(address, 'wrong', null, elsewhere));
    expect(await codeOf(() => world.signIn(address))).toBe('too-many');
    await world.accounts.requestReset(address, origin);
    await world.settled();
    await world.accounts.reset(world.box.tokenTo(address), otherPassword, origin);
    expect(await codeOf(() => world.signIn(address, otherPassword))).toBe('done');
  });

  it('is not mended for an account that is disabled', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    await world.accounts.requestReset(address, origin);
    await world.settled();
    const token = world.box.tokenTo(address);
    await world.accounts.users.change({ id, isDisabled: true }, localOwner);
    expect(await codeOf(() => world.accounts.reset(token, otherPassword, origin))).toBe(
      'account.link-expired',
    );
    const count = world.box.mails.length;
    await world.accounts.requestReset(address, origin);
    await world.settled();
    expect(world.box.mails).toHaveLength(count);
  });

  it('is said in the log where no e-mail can be sent', async () => {
    const world = await accountsWorld({ hasMail: false });
    await world.accounts.register(
      { email: address, password: goodPassword, name: null, isOwnerSetUp: true },
      origin,
    );
    expect(await answerOf(() => world.accounts.requestReset(address, origin))).toBe('done');
    await world.settled();
    expect(world.log.messages('warn').join()).toContain('no SMTP settings');
  });
});

const address = 'ada@example.org';

/** What uses a link of this kind; `token`: one that is there already. */
async function linkFor(world: AccountsWorld, kind: 'verify' | 'reset' | 'invite', token?: string) {
  const { accounts, box } = world;
  if (token === undefined) {
    if (kind === 'verify') await register(world, address);
    if (kind === 'invite')
      await accounts.users.invite({ email: address, name: null, role: 'member' }, localOwner);
    if (kind === 'reset') {
      await world.member(address);
      await accounts.requestReset(address, origin);
    }
    await world.settled();
  }
  const used = token ?? box.tokenTo(address);
  return () =>
    kind === 'verify' ? accounts.verify(used, origin) : accounts.reset(used, otherPassword, origin);
}

/** Counts what is written to the store from now on, without the audit log: it is written behind every answer. */
function countWrites({ store }: AccountsWorld): () => number {
  const before = store.writes.filter((name) => !name.startsWith('audit')).length;
  return () => store.writes.filter((name) => !name.startsWith('audit')).length - before;
}
