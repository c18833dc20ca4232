/** Sessions of browsers and families of tokens: how they are kept, how they end, and who is told. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId } from '#contract/ids.ts';
import { maxSessionsPerPerson } from '#main/control-plane/users/session.ts';
import { hashOf } from '#main/control-plane/users/single-use-token.ts';
import {
  accountsWorld,
  codeOf,
  elsewhere,
  localOwner,
  origin,
  storedText,
} from '#test/harness/accounts-world.ts';

const dayMs = 24 * 60 * 60_000;
const full = new BerthError('store.unwritable', 'Full.');
const address = 'ada@example.org';

describe('a session', () => {
  it('is a cookie of 256 bits of which the hash is kept, and survives a restart', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    const session = await world.accounts.openSession(id, 'browser', origin);
    expect(session.token).toMatch(/^[\w-]{43}$/);
    const found = world.accounts.sessionOf(session.token, '192.0.2.8');
    expect(found).toMatchObject({
      id: session.id,
      caller: {
        userId: id,
        userName: 'ada',
        mode: 'served',
        access: { by: 'browser', sessionId: session.id, address: '192.0.2.8' },
      },
    });
    expect(found?.caller.scopes.has('users.write')).toBe(false);
    expect(`${await storedText(world.store)}${world.log.text()}`).not.toContain(session.token);
    const next = await world.restart();
    expect(next.accounts.sessionOf(session.token)?.id).toBe(session.id);
    for (const wrong of ['', 'x', session.id, `${session.token}x`])
      expect(next.accounts.sessionOf(wrong)).toBeUndefined();
  });

  it('ends after thirty days without use, and after a hundred and eighty with it', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    const idle = await world.accounts.openSession(id, 'browser', origin);
    const used = await world.accounts.openSession(id, 'browser', origin);
    const ended: string[] = [];
    world.accounts.onSessionEnd((one) => ended.push(one));
    for (let day = 0; day < 179; day++) {
      await world.clock.advance(dayMs);
      expect(world.accounts.callerOfSession(used.id, null)).toBeDefined();
      if (day === 28) expect(ended).toEqual([]);
      // Nobody asked for it: it is taken away by itself.
      if (day === 30) expect(ended).toEqual([idle.id]);
    }
    await world.clock.advance(dayMs + 60 * 60_000);
    expect(ended).toEqual([idle.id, used.id]);
    expect(await storedText(world.store)).not.toContain('"kind":"browser"');
  });

  it('is over at its time, also when the computer slept through it', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    const session = await world.accounts.openSession(id, 'browser', origin);
    const tokens = await world.accounts.openSession(id, 'token', origin);
    world.clock.sleep(30 * dayMs);
    expect(world.accounts.sessionOf(session.token)).toBeUndefined();
    expect(world.accounts.callerOfSession(tokens.id, null)).toBeUndefined();
    expect(await codeOf(() => world.accounts.refresh(tokens.token, origin))).toBe('not-signed-in');
  });

  it('is written down again at most hourly', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    const session = await world.accounts.openSession(id, 'browser', origin);
    const writes = () => world.store.writes.filter((name) => name === 'sessions').length;
    const before = writes();
    for (let minute = 0; minute < 59; minute++) {
      world.accounts.sessionOf(session.token);
      await world.clock.advance(60_000);
    }
    expect(writes()).toBe(before);
    await world.clock.advance(60_000);
    world.accounts.sessionOf(session.token);
    expect(writes()).toBe(before + 1);
  });

  it('is one of fifty: the one that was used longest ago gives way', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    const all = [];
    for (let count = 0; count < maxSessionsPerPerson; count++) {
      all.push(await world.accounts.openSession(id, 'browser', origin));
      await world.clock.advance(1000);
    }
    const other = await world.accounts.openSession(localOwnerId, 'browser', origin);
    await world.accounts.openSession(id, 'browser', origin);
    expect(world.accounts.sessionOf(all[0]!.token)).toBeUndefined();
    expect(world.accounts.sessionOf(all[1]!.token)).toBeDefined();
    expect(world.accounts.sessionOf(other.token)).toBeDefined();
    expect(world.accounts.sessions.list(id, null)).toHaveLength(maxSessionsPerPerson);
  });

  it('has ended when it was signed out, although the disk is full, and does not come back', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    const session = await world.accounts.openSession(id, 'browser', origin);
    world.store.failure = full;
    expect(await codeOf(() => world.accounts.endSession(session.id))).toBe('store.unwritable');
    expect(world.accounts.sessionOf(session.token)).toBeUndefined();
    world.store.failure = undefined;
    await world.clock.advance(60 * 60_000);
    expect((await world.restart()).accounts.sessionOf(session.token)).toBeUndefined();
  });

  it('that could not be written down is none', async () => {
    const world = await accountsWorld();
    world.store.failure = full;
    expect(await codeOf(() => world.accounts.openSession(localOwnerId, 'browser', origin))).toBe(
      'store.unwritable',
    );
    expect(world.accounts.sessions.list(localOwnerId, null)).toEqual([]);
  });

  it('is shown to its person with what the client said, as a line, and ended by nobody else', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    const one = await world.accounts.openSession(id, 'browser', {
      address: '192.0.2.7',
      agent: `a\nb\u202ec${'x'.repeat(300)}`,
    });
    const two = await world.accounts.openSession(id, 'token', elsewhere);
    const shown = world.accounts.sessions.list(id, two.id);
    expect(shown).toHaveLength(2);
    const isThisOne = (id: string) => shown.find((session) => session.id === id)?.isThisOne;
    expect([isThisOne(one.id), isThisOne(two.id)]).toEqual([false, true]);
    const agent = shown.find((session) => session.id === one.id)?.agent ?? '';
    expect(agent).toMatch(/^a b c/);
    expect(agent).toHaveLength(200);
    expect(await codeOf(() => world.accounts.sessions.endOwn(one.id, localOwnerId))).toBe('not-found');
    await world.accounts.sessions.endOwn(one.id, id);
    expect(world.accounts.sessionOf(one.token)).toBeUndefined();
  });

  it('has the rights of now: a new role counts at once, and a disabled account opens nothing', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    const session = await world.accounts.openSession(id, 'browser', origin);
    const tokens = await world.accounts.openSession(id, 'token', origin);
    const told: string[] = [];
    world.accounts.onAccessChange((one) => told.push(one));
    await world.accounts.users.change({ id, role: 'viewer' }, localOwner);
    expect(world.accounts.sessionOf(session.token)?.caller.scopes.has('workspaces.write')).toBe(false);
    expect(world.accounts.callerOfSession(tokens.id, null)?.scopes.has('workspaces.write')).toBe(false);
    await world.accounts.users.change({ id, isDisabled: true }, localOwner);
    expect(told).toEqual([id, id]);
    expect(world.accounts.sessionOf(session.token)).toBeUndefined();
    expect(await codeOf(() => world.accounts.refresh(tokens.token, origin))).toBe('not-signed-in');
  });
});

describe('a refresh token', () => {
  it('is good once, and names the same session each time', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    const first = await world.accounts.openSession(id, 'token', origin);
    const second = await world.accounts.refresh(first.token, elsewhere);
    const third = await world.accounts.refresh(second.token, elsewhere);
    expect(new Set([first.token, second.token, third.token]).size).toBe(3);
    expect([second.id, third.id]).toEqual([first.id, first.id]);
    expect(world.accounts.sessions.list(id, null)).toMatchObject([{ address: elsewhere.address }]);
    const kept = `${await storedText(world.store)}${world.log.text()}`;
    for (const part of third.token.split('.').slice(1)) expect(kept).not.toContain(part);
    expect(await codeOf(async () => (await world.restart()).accounts.refresh(third.token, origin))).toBe(
      'done',
    );
  });

  it('that is used a second time ends the family, for thief and owner alike, and is written down', async () => {
    const world = await accountsWorld();
    const id = await world.member(address);
    const first = await world.accounts.openSession(id, 'token', origin);
    const second = await world.accounts.refresh(first.token, origin);
    const ended: string[] = [];
    world.accounts.onSessionEnd((one) => ended.push(one));
    expect(await codeOf(() => world.accounts.refresh(first.token, elsewhere))).toBe('not-signed-in');
    expect(ended).toEqual([first.id]);
    expect(await codeOf(() => world.accounts.refresh(second.token, origin))).toBe('not-signed-in');
    expect(world.accounts.callerOfSession(first.id, null)).toBeUndefined();
    const { entries } = await world.accounts.auditLog.list({
      userId: id,
      action: 'account.token-reuse',
      before: null,
      limit: 5,
    });
    expect(entries).toMatchObject([
      { subject: first.id, address: elsewhere.address, outcome: 'not-signed-in' },
    ]);
    expect(await codeOf(async () => (await world.restart()).accounts.refresh(second.token, origin))).toBe(
      'not-signed-in',
    );
  });

  it('that is used twice at once ends the family, too', async () => {
    const world = await accountsWorld();
    const first = await world.accounts.openSession(localOwnerId, 'token', origin);
    const both = await Promise.allSettled([
      world.accounts.refresh(first.token, origin),
      world.accounts.refresh(first.token, origin),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(world.accounts.callerOfSession(first.id, null)).toBeUndefined();
    expect((await world.restart()).accounts.callerOfSession(first.id, null)).toBeUndefined();
  });

  it('cannot be used up by whoever knows the session’s name alone', async () => {
    const world = await accountsWorld();
    const first = await world.accounts.openSession(localOwnerId, 'token', origin);
    const other = await world.accounts.openSession(localOwnerId, 'token', origin);
    const [body, family, changing] = first.token.split('.');
    const [, otherFamily, otherChanging] = other.token.split('.');
    for (const forged of [
      `${body}.${otherFamily}.${otherChanging}`,
      `${body}.${otherFamily}.${changing}`,
      `${body}.${changing}.${family}`,
      `${body}`,
      first.id,
      '',
    ])
      expect(await codeOf(() => world.accounts.refresh(forged, elsewhere))).toBe('not-signed-in');
    expect(await codeOf(() => world.accounts.refresh(first.token, origin))).toBe('done');
  });

  it('stays good when the next one could not be written down', async () => {
    const world = await accountsWorld();
    const first = await world.accounts.openSession(localOwnerId, 'token', origin);
    world.store.failure = full;
    expect(await codeOf(() => world.accounts.refresh(first.token, origin))).toBe('store.unwritable');
    world.store.failure = undefined;
    expect(await codeOf(() => world.accounts.refresh(first.token, origin))).toBe('done');
  });

  it('is no cookie, and a cookie is none', async () => {
    const world = await accountsWorld();
    const tokens = await world.accounts.openSession(localOwnerId, 'token', origin);
    const browser = await world.accounts.openSession(localOwnerId, 'browser', origin);
    expect(world.accounts.sessionOf(tokens.token)).toBeUndefined();
    expect(world.accounts.sessionOf(tokens.token.split('.')[2] ?? '')).toBeUndefined();
    expect(await codeOf(() => world.accounts.refresh(browser.token, origin))).toBe('not-signed-in');
  });
});

describe('sessions of before there were accounts', () => {
  it('are the local owner’s, once', async () => {
    const nowMs = Date.parse('2026-01-02T03:04:05.000Z');
    const earlier = [
      { tokenHash: hashOf('an open tab'), createdAtMs: nowMs - 40 * dayMs, usedAtMs: nowMs - dayMs },
      { tokenHash: hashOf('a forgotten one'), createdAtMs: nowMs - 40 * dayMs, usedAtMs: nowMs - 31 * dayMs },
    ];
    const world = await accountsWorld({ earlier });
    const found = world.accounts.sessionOf('an open tab');
    expect(found?.caller).toMatchObject({ userId: localOwnerId, access: { by: 'browser' } });
    expect(world.accounts.sessionOf('a forgotten one')).toBeUndefined();
    const next = await world.restart();
    expect(next.accounts.sessionOf('an open tab')?.id).toBe(found?.id);
    await next.accounts.endSession(found!.id);
    expect((await world.restart()).accounts.sessionOf('an open tab')).toBeUndefined();
  });
});
