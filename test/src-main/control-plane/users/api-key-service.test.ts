/** API keys: what they can, how they are kept, and when they open nothing any more. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId } from '#contract/ids.ts';
import { scopes } from '#contract/scopes.ts';
import { maxKeysPerPerson } from '#main/control-plane/users/api-key.ts';
import { accountsWorld, codeOf, localOwner, storedText } from '#test/harness/accounts-world.ts';

const dayMs = 24 * 60 * 60_000;
const wish = { name: 'ci', scopes: ['workspaces.read' as const], expiresInDays: null };

describe('an API key', () => {
  it('is told once, kept as a hash, and known again by its beginning', async () => {
    const world = await accountsWorld();
    const id = await world.member('ada@example.org');
    const { apiKey, key } = await world.accounts.keys.create(wish, world.callerOf(id));
    expect(key).toMatch(/^berth_[0-9a-z]{20}_[\w-]{43}$/);
    expect(key.startsWith(apiKey.hint.slice(0, -1))).toBe(true);
    expect(apiKey).not.toHaveProperty('secretHash');
    const kept = `${await storedText(world.store)}${world.log.text()}`;
    expect(kept).not.toContain(key.slice(27));
    const next = await world.restart();
    expect(next.accounts.callerOfApiKey(key, '192.0.2.1')).toEqual({
      userId: id,
      userName: 'ada',
      scopes: new Set(['workspaces.read']),
      mode: 'served',
      access: { by: 'api-key', sessionId: null, address: '192.0.2.1' },
    });
  });

  it('opens nothing when a character is wrong', async () => {
    const world = await accountsWorld();
    const { key } = await world.accounts.keys.create(wish, localOwner);
    const other = (await world.accounts.keys.create(wish, localOwner)).key;
    const crossed = `${key.slice(0, 27)}${other.slice(27)}`;
    for (const wrong of ['', 'berth_', key.slice(0, -1), `${key}A`, key.toUpperCase(), ` ${key}`, crossed])
      expect(world.accounts.callerOfApiKey(wrong, null)).toBeUndefined();
    expect(world.accounts.callerOfApiKey(key, null)).toBeDefined();
  });

  it('is refused with more scopes than its maker has, by role or by how they came', async () => {
    const world = await accountsWorld();
    const id = await world.member('ada@example.org');
    const tooMuch = { ...wish, scopes: ['workspaces.read' as const, 'users.write' as const] };
    const refused = world.accounts.keys.create(tooMuch, world.callerOf(id));
    await expect(refused).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(refused).rejects.toThrow('users.write');
    const narrow = { ...localOwner, scopes: new Set(['account.write' as const]) };
    expect(await codeOf(() => world.accounts.keys.create(wish, narrow))).toBe('invalid-input');
  });

  it('shrinks with its maker’s role, and grows back with it', async () => {
    const world = await accountsWorld();
    const id = await world.owner('ada@example.org');
    const { key } = await world.accounts.keys.create({ ...wish, scopes: [...scopes] }, world.callerOf(id));
    expect(world.accounts.callerOfApiKey(key, null)?.scopes.size).toBe(scopes.length);
    await world.owner('bob@example.org');
    await world.accounts.users.change({ id, role: 'viewer' }, localOwner);
    const shrunk = world.accounts.callerOfApiKey(key, null)?.scopes;
    expect(shrunk?.has('workspaces.read')).toBe(true);
    expect(shrunk?.has('workspaces.write')).toBe(false);
    await world.accounts.users.change({ id, role: 'member' }, localOwner);
    const grown = world.accounts.callerOfApiKey(key, null)?.scopes;
    expect(grown?.has('workspaces.write')).toBe(true);
    expect(grown?.has('users.write')).toBe(false);
  });

  it('makes no keys', async () => {
    const world = await accountsWorld();
    const { key } = await world.accounts.keys.create({ ...wish, scopes: ['account.write'] }, localOwner);
    const caller = world.accounts.callerOfApiKey(key, null)!;
    expect(
      await codeOf(() => world.accounts.keys.create({ ...wish, scopes: ['account.write'] }, caller)),
    ).toBe('not-found');
  });

  it('expires, also while the computer sleeps, and goes from the disk', async () => {
    const world = await accountsWorld();
    const { key } = await world.accounts.keys.create({ ...wish, expiresInDays: 1 }, localOwner);
    const told: string[] = [];
    world.accounts.onAccessChange((id) => told.push(id));
    world.clock.sleep(dayMs - 1);
    expect(world.accounts.callerOfApiKey(key, null)).toBeDefined();
    world.clock.sleep(1);
    expect(world.accounts.callerOfApiKey(key, null)).toBeUndefined();
    await world.clock.advance(60 * 60_000);
    expect(told).toEqual([localOwnerId]);
    expect(await storedText(world.store)).not.toContain('secretHash');
  });

  it('that was removed opens nothing from then on, although the disk is full, and does not come back', async () => {
    const world = await accountsWorld();
    const { apiKey, key } = await world.accounts.keys.create(wish, localOwner);
    const told: string[] = [];
    world.accounts.onAccessChange((id) => told.push(id));
    const ada = await world.member('ada@example.org');
    expect(await codeOf(() => world.accounts.keys.remove(apiKey.id, ada))).toBe('not-found');
    world.store.failure = new BerthError('store.unwritable', 'Full.');
    expect(await codeOf(() => world.accounts.keys.remove(apiKey.id, localOwnerId))).toBe('store.unwritable');
    expect(world.accounts.callerOfApiKey(key, null)).toBeUndefined();
    expect(told).toEqual([localOwnerId]);
    world.store.failure = undefined;
    await world.clock.advance(60 * 60_000);
    expect((await world.restart()).accounts.callerOfApiKey(key, null)).toBeUndefined();
  });

  it('is one of fifty, also when many are made at once', async () => {
    const world = await accountsWorld();
    const codes = await Promise.all(
      Array.from({ length: maxKeysPerPerson + 5 }, () =>
        codeOf(() => world.accounts.keys.create(wish, localOwner)),
      ),
    );
    expect(codes.filter((code) => code === 'done')).toHaveLength(maxKeysPerPerson);
    expect(codes.filter((code) => code === 'too-many')).toHaveLength(5);
    const ada = await world.member('ada@example.org');
    expect(await codeOf(() => world.accounts.keys.create(wish, world.callerOf(ada)))).toBe('done');
  });

  it('says when it was used, written down at most hourly, and is shown to its maker alone', async () => {
    const world = await accountsWorld();
    const ada = await world.member('ada@example.org');
    const { apiKey, key } = await world.accounts.keys.create(wish, localOwner);
    const writes = () => world.store.writes.filter((name) => name === 'api-keys').length;
    const before = writes();
    for (let time = 0; time < 10; time++) world.accounts.callerOfApiKey(key, null);
    expect(writes()).toBe(before + 1);
    await world.clock.advance(60 * 60_000);
    world.accounts.callerOfApiKey(key, null);
    expect(writes()).toBe(before + 2);
    const seenBy = async (userId: typeof ada) => {
      const abort = new AbortController();
      for await (const item of world.accounts.keys.watch(userId, abort.signal)) {
        abort.abort();
        return item.type === 'all' ? item.items : [];
      }
      return [];
    };
    expect(await seenBy(localOwnerId)).toMatchObject([
      { id: apiKey.id, usedAt: new Date(world.clock.nowMs()).toISOString() },
    ]);
    expect(JSON.stringify(await seenBy(localOwnerId))).not.toContain('secretHash');
    expect(await seenBy(ada)).toEqual([]);
  });
});
