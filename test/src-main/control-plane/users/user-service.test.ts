/** Managing people: the last owner, rights that end at once, invitations, and what becomes of somebody's things. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, type UserId } from '#contract/ids.ts';
import { noQuota } from '#contract/users.ts';
import {
  accountsWorld,
  atTheDesktop,
  codeOf,
  goodPassword,
  localOwner,
  origin,
  otherPassword,
  storedText,
} from '#test/harness/accounts-world.ts';

const full = new BerthError('store.unwritable', 'Full.');
const inviteAda = { email: 'ada@example.org', name: 'Ada', role: 'member' as const };

describe('an invitation', () => {
  it('makes an account that opens when its person has chosen a password', async () => {
    const world = await accountsWorld({ rules: { defaultQuota: { ...noQuota, workspaces: 3, cpus: 2 } } });
    const { user, link } = await world.accounts.users.invite(
      { ...inviteAda, role: 'viewer', quota: { cpus: 8 } },
      { ...localOwner, userName: '<Olga>' },
    );
    expect(link).toBeNull();
    expect(user).toMatchObject({
      state: 'invited',
      role: 'viewer',
      quota: { workspaces: 3, cpus: 8, snapshots: null },
    });
    await world.settled();
    const mail = world.box.to('ada@example.org').at(-1);
    expect(mail?.text).toContain('<Olga> invites you');
    expect(mail?.html).toContain('&lt;Olga&gt; invites you');
    await world.accounts.reset(world.box.tokenTo('ada@example.org'), goodPassword, origin);
    expect(await world.signIn('ada@example.org')).toBe(user.id);
  });

  it('gives the link to be passed on by hand where no e-mail can be sent, and says it once', async () => {
    const world = await accountsWorld({ hasMail: false });
    const { user, link } = await world.accounts.users.invite(inviteAda, localOwner);
    expect(link).toMatch(/^https:\/\/berth\.example\.org\/invite#[\w-]{43}$/);
    await world.accounts.reset(link!.split('#')[1]!, goodPassword, origin);
    expect(await world.signIn('ada@example.org')).toBe(user.id);
    expect(await codeOf(() => world.accounts.users.invite(inviteAda, localOwner))).toBe('user.email-taken');
  });

  it('again sends a new link, ends the older one, and takes over a registration that was never confirmed', async () => {
    const world = await accountsWorld();
    await world.accounts.register(
      { email: 'ada@example.org', password: otherPassword, name: null, isOwnerSetUp: false },
      origin,
    );
    await world.settled();
    const confirmation = world.box.tokenTo('ada@example.org');
    const first = await world.accounts.users.invite(inviteAda, localOwner);
    await world.settled();
    const older = world.box.tokenTo('ada@example.org');
    const second = await world.accounts.users.invite({ ...inviteAda, role: 'owner' }, localOwner);
    await world.settled();
    expect(second.user).toMatchObject({ id: first.user.id, role: 'owner', state: 'invited' });
    expect(await codeOf(() => world.accounts.verify(confirmation, origin))).toBe('account.link-expired');
    expect(await codeOf(() => world.accounts.reset(older, goodPassword, origin))).toBe(
      'account.link-expired',
    );
    await world.accounts.reset(world.box.tokenTo('ada@example.org'), goodPassword, origin);
    expect(await codeOf(() => world.signIn('ada@example.org', otherPassword))).toBe('account.sign-in-failed');
  });

  it('of one address by two owners at once makes one account', async () => {
    const world = await accountsWorld();
    const both = await Promise.all([
      world.accounts.users.invite(inviteAda, localOwner),
      world.accounts.users.invite(inviteAda, localOwner),
    ]);
    expect(both[0].user.id).toBe(both[1].user.id);
  });
});

describe('the last owner', () => {
  it('who can sign in stays one; another one frees them', async () => {
    const world = await accountsWorld();
    const ada = await world.owner('ada@example.org');
    const change = (over: object) =>
      codeOf(() => world.accounts.users.change({ id: ada, ...over }, localOwner));
    expect(await change({ role: 'member' })).toBe('account.last-owner');
    expect(await change({ isDisabled: true })).toBe('account.last-owner');
    expect(await codeOf(() => world.accounts.users.remove(ada, localOwner))).toBe('account.last-owner');
    expect(await change({ quota: { cpus: 1 } })).toBe('done');
    // Who is only invited cannot manage anything yet.
    await world.accounts.users.invite({ ...inviteAda, email: 'eve@example.org', role: 'owner' }, localOwner);
    expect(await change({ role: 'member' })).toBe('account.last-owner');
    await world.owner('bob@example.org');
    expect(await change({ role: 'member' })).toBe('done');
  });

  it('stays when two owners demote each other at once', async () => {
    const world = await accountsWorld();
    const ada = await world.owner('ada@example.org');
    const bob = await world.owner('bob@example.org');
    const both = await Promise.all([
      codeOf(() => world.accounts.users.change({ id: ada, role: 'member' }, world.callerOf(bob))),
      codeOf(() => world.accounts.users.change({ id: bob, role: 'member' }, world.callerOf(ada))),
    ]);
    expect(both.sort()).toEqual(['account.last-owner', 'done']);
  });

  it('is not who starts Berth: that one is always an owner, and cannot be shut out', async () => {
    const world = await accountsWorld();
    const ada = await world.owner('ada@example.org');
    const asAda = world.callerOf(ada);
    for (const over of [{ role: 'viewer' as const }, { isDisabled: true }])
      expect(await codeOf(() => world.accounts.users.change({ id: localOwnerId, ...over }, asAda))).toBe(
        'account.last-owner',
      );
    expect(await codeOf(() => world.accounts.users.remove(localOwnerId, asAda))).toBe('account.last-owner');
  });
});

describe('an account', () => {
  it('that is disabled opens nothing from that moment on, and everything when it is enabled again', async () => {
    const world = await accountsWorld();
    const id = await world.member('ada@example.org');
    const session = await world.accounts.openSession(id, 'browser', origin);
    const { key } = await world.accounts.keys.create(
      { name: 'ci', scopes: ['workspaces.read'], expiresInDays: null },
      world.callerOf(id),
    );
    const ended: string[] = [];
    const told: string[] = [];
    world.accounts.onSessionEnd((one) => ended.push(one));
    world.accounts.onAccessChange((one) => told.push(one));
    const user = await world.accounts.users.change({ id, isDisabled: true }, localOwner);
    expect(user.state).toBe('disabled');
    expect([ended, told]).toEqual([[session.id], [id]]);
    expect(world.accounts.callerOfApiKey(key, null)).toBeUndefined();
    expect(world.accounts.callerOfUser(id, null)).toBeUndefined();
    expect(await codeOf(() => world.signIn('ada@example.org'))).toBe('account.sign-in-failed');
    await world.accounts.users.change({ id, isDisabled: false }, localOwner);
    expect(world.accounts.callerOfApiKey(key, null)?.userId).toBe(id);
    expect(await world.signIn('ada@example.org')).toBe(id);
    expect(world.accounts.sessionOf(session.token)).toBeUndefined();
  });

  it('can be signed out of everything, keys too', async () => {
    const world = await accountsWorld();
    const id = await world.member('ada@example.org');
    const session = await world.accounts.openSession(id, 'token', origin);
    const { key } = await world.accounts.keys.create(
      { name: 'ci', scopes: ['workspaces.read'], expiresInDays: null },
      world.callerOf(id),
    );
    await world.accounts.users.signOut(id, localOwner);
    expect(world.accounts.callerOfSession(session.id, null)).toBeUndefined();
    expect(world.accounts.callerOfApiKey(key, null)).toBeUndefined();
    expect(
      await codeOf(() => world.accounts.users.signOut('user_nobody00000000000000' as UserId, localOwner)),
    ).toBe('not-found');
  });

  it('changes only in what is given', async () => {
    const world = await accountsWorld();
    const id = await world.member('ada@example.org');
    await world.accounts.users.change({ id, quota: { cpus: 4, snapshots: 9 } }, localOwner);
    const user = await world.accounts.users.change({ id, quota: { cpus: null } }, localOwner);
    expect(user).toMatchObject({ role: 'member', state: 'active', quota: { cpus: null, snapshots: 9 } });
  });

  it('keeps its old rights when the new ones could not be written down', async () => {
    const world = await accountsWorld();
    const id = await world.member('ada@example.org');
    const told: string[] = [];
    world.accounts.onAccessChange((one) => told.push(one));
    world.store.failure = full;
    expect(await codeOf(() => world.accounts.users.change({ id, role: 'owner' }, localOwner))).toBe(
      'store.unwritable',
    );
    expect(world.accounts.people.user(id).role).toBe('member');
    expect(world.accounts.callerOfUser(id, null)?.scopes.has('users.write')).toBe(false);
    expect(told).toEqual([]);
  });

  it('shows what its person has, and every change of it', async () => {
    const usage = { workspaces: 2, cpus: 3, memoryBytes: 4, diskBytes: null, snapshots: 5 };
    let tell: (userId: UserId) => void = () => undefined;
    const world = await accountsWorld({
      things: {
        usageOf: () => ({ ...usage }),
        onUsageChange: (listener) => {
          tell = listener;
          return () => undefined;
        },
      },
    });
    const abort = new AbortController();
    const seen: number[] = [];
    for await (const item of world.accounts.people.collection.watch(abort.signal)) {
      for (const user of item.type === 'all' ? item.items : item.upserted) seen.push(user.usage.workspaces);
      if (seen.length === 1) {
        usage.workspaces = 7;
        tell(localOwnerId);
      } else abort.abort();
    }
    expect(seen).toEqual([2, 7]);
  });
});

describe('removing somebody', () => {
  const handedOn = { projects: 1, workspaces: 2, snapshots: 3 };

  it('hands their things to whoever removes them, and leaves nothing of them', async () => {
    const calls: [UserId, UserId][] = [];
    const world = await accountsWorld({
      things: {
        takeOver: async (from, to) => {
          calls.push([from, to]);
          return handedOn;
        },
      },
    });
    const id = await world.member('ada@example.org');
    const session = await world.accounts.openSession(id, 'browser', origin);
    expect(await world.accounts.users.remove(id, localOwner)).toEqual(handedOn);
    expect(calls).toEqual([[id, localOwnerId]]);
    expect(world.accounts.sessionOf(session.token)).toBeUndefined();
    expect(await codeOf(() => world.signIn('ada@example.org'))).toBe('account.sign-in-failed');
    expect(await codeOf(() => world.accounts.users.remove(id, localOwner))).toBe('not-found');
    const next = await world.restart();
    expect(next.accounts.people.byEmail('ada@example.org')).toBeUndefined();
    // The address is free again, for somebody new.
    expect(await world.member('ada@example.org')).not.toBe(id);
  });

  it('shuts them out before their things change hands, and lets them in again when that fails', async () => {
    const gate = Promise.withResolvers<typeof handedOn>();
    const world = await accountsWorld({ things: { takeOver: () => gate.promise } });
    const id = await world.member('ada@example.org');
    const { key } = await world.accounts.keys.create(
      { name: 'ci', scopes: ['workspaces.read'], expiresInDays: null },
      world.callerOf(id),
    );
    const removing = codeOf(() => world.accounts.users.remove(id, localOwner));
    const session = await world.accounts.openSession(id, 'browser', origin);
    expect(world.accounts.sessionOf(session.token)).toBeUndefined();
    expect(world.accounts.callerOfApiKey(key, null)).toBeUndefined();
    expect(await codeOf(() => world.accounts.users.remove(id, localOwner))).toBe('conflict');
    gate.reject(new BerthError('conflict', 'A workspace is being moved.'));
    expect(await removing).toBe('conflict');
    expect(world.accounts.sessionOf(session.token)).toBeDefined();
    expect(world.accounts.people.user(id).state).toBe('active');
  });

  it('leaves no session of whoever was just coming in', async () => {
    const gate = Promise.withResolvers<typeof handedOn>();
    const world = await accountsWorld({ things: { takeOver: () => gate.promise } });
    const id = await world.member('ada@example.org');
    const removing = codeOf(() => world.accounts.users.remove(id, localOwner));
    await world.accounts.openSession(id, 'browser', origin);
    gate.resolve(handedOn);
    expect(await removing).toBe('done');
    expect(await storedText(world.store)).not.toMatch(/"kind":"browser"/);
  });

  it('that could not be written down has not happened, and can be done again', async () => {
    const world = await accountsWorld();
    const id = await world.member('ada@example.org');
    world.store.failure = full;
    expect(await codeOf(() => world.accounts.users.remove(id, localOwner))).toBe('store.unwritable');
    world.store.failure = undefined;
    expect(world.accounts.people.user(id).state).toBe('active');
    expect(await world.signIn('ada@example.org')).toBe(id);
    expect(await codeOf(() => world.accounts.users.remove(id, localOwner))).toBe('done');
  });

  it('is not for oneself', async () => {
    const world = await accountsWorld();
    const ada = await world.owner('ada@example.org');
    await world.owner('bob@example.org');
    expect(await codeOf(() => world.accounts.users.remove(ada, world.callerOf(ada)))).toBe('conflict');
  });
});

describe('the desktop', () => {
  it('has nobody to manage', async () => {
    const world = await accountsWorld();
    const { users } = world.accounts;
    const all = [
      () => users.invite(inviteAda, atTheDesktop),
      () => users.change({ id: localOwnerId }, atTheDesktop),
      () => users.signOut(localOwnerId, atTheDesktop),
      () => users.remove(localOwnerId, atTheDesktop),
    ];
    for (const act of all) expect(await codeOf(act)).toBe('account.none-here');
  });
});
