/** Web apps as their carrier sees them: labels, links, visitors, and a way in. */
import { afterEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { SessionId } from '#contract/ids.ts';
import { parseAppAdmission } from '#main/control-plane/forwards/app-admissions.ts';
import type { AppAdmission, AppCarrier, AppVisitor } from '#main/control-plane/forwards/app-door.ts';
import { type ForwardWorld, forwardWorld, workspaceIdOf } from '#test/harness/forward-world.ts';
import { userIdOf } from '#test/harness/ownership.ts';

let world: ForwardWorld;
afterEach(async () => {
  await world.parts.close();
});

const refused = () => new BerthError('workspace.port-refused', 'Nothing listens on port 3000.');

describe('an app', () => {
  function carrier(over: Partial<AppCarrier> = {}) {
    const visitors: AppVisitor[] = [];
    world.parts.apps.setCarrier({
      originOf: async (label) => `http://${label}.localhost:47100`,
      createLink: async ({ label, path, visitor }) => {
        visitors.push(visitor);
        return { url: `http://${label}.localhost:47100/?once${path}`, expiresAtMs: 0 };
      },
      ...over,
    });
    return visitors;
  }
  const app = (over: object = {}) => world.make({ kind: 'app', protocol: 'http', ...over });

  it('has one label, which a new name of its workspace and a restart do not change, and no other has', async () => {
    world = await forwardWorld({ letters: ['a', 'b'] });
    const first = await app();
    const second = await app({ workspaceId: workspaceIdOf('b') });
    carrier();
    await world.settle();
    const origins = (await world.forwards()).map(({ id, origin }) => [id, origin]);
    expect(origins).toEqual([[first.id, 'http://api-server-3000.localhost:47100']]);
    const door = world.parts.apps;
    expect(door.find('api-server-3000')).toMatchObject({
      forwardId: first.id,
      ownerId: userIdOf('a'),
      port: 3000,
    });
    expect(second.id).not.toBe(first.id);
    await world.directory.change(workspaceIdOf('a'), { name: 'Another' });
    expect(door.find('api-server-3000')).toMatchObject({ forwardId: first.id, workspaceName: 'Another' });
    await world.parts.close();
    world = await forwardWorld({ store: world.store });
    expect(world.parts.apps.find('api-server-3000')?.forwardId).toBe(first.id);
    expect(world.parts.apps.find('another-3000')).toBeUndefined();
  });

  it('tells its carrier of each change, and has no address where the carrier has none', async () => {
    world = await forwardWorld();
    carrier({ originOf: () => Promise.reject(new BerthError('app.no-address', 'No port is free.')) });
    const told: string[] = [];
    world.parts.apps.onChange((label) => told.push(label));
    const { id } = await app();
    expect(await world.theForward()).toMatchObject({
      state: 'failed',
      origin: null,
      problem: { code: 'app.no-address' },
    });
    carrier();
    await world.settle();
    expect(await world.theForward()).toMatchObject({ state: 'waiting', problem: null });
    told.length = 0;
    await world.call('forwards.stop', { id });
    expect(world.parts.apps.find('api-server-3000')?.isWanted).toBe(false);
    await expect(world.call('forwards.open', { id, shownIn: 'browser' })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(
      await world.call('forwards.openPort', { workspaceId: workspaceIdOf('a'), port: 3000 }),
    ).toMatchObject({
      id,
      isWanted: true,
    });
    await world.call('forwards.edit', { id, path: '/docs' });
    expect(await world.call('forwards.open', { id, shownIn: 'browser' })).toMatchObject({
      url: 'http://api-server-3000.localhost:47100/?once/docs',
    });
    await world.call('forwards.remove', { id });
    expect(told.length).toBeGreaterThanOrEqual(4);
    expect(world.parts.apps.find('api-server-3000')).toBeUndefined();
  });

  it('lets a visitor in for as long as whoever asked may ask', async () => {
    const sessions = new Map([['sess_1', ['workspaces.write']]]);
    world = await forwardWorld({
      accounts: {
        callerOfUser: () => undefined,
        callerOfSession: (id: SessionId) => {
          const scopes = sessions.get(id);
          return scopes && ({ ...world.caller, scopes: new Set(scopes) } as never);
        },
      },
    });
    const visitors = carrier();
    const { id } = await app();
    const open = (access: object | undefined) =>
      world.parts.handlers['forwards.open'](
        { id, shownIn: 'browser' },
        {
          caller: { ...world.caller, ...(access === undefined ? {} : { access: access as never }) },
          signal: new AbortController().signal,
        },
      );
    await open({ by: 'browser', sessionId: 'sess_1', address: null });
    await open(undefined);
    const isIn = () => visitors.map((visitor) => world.parts.apps.isStillThere(visitor));
    expect(isIn()).toEqual([true, true]);
    sessions.set('sess_1', ['workspaces.read']);
    expect(isIn()).toEqual([false, true]);
    sessions.delete('sess_1');
    expect(isIn()).toEqual([false, true]);
  });

  it('knows through a restart who was let in, and that one is not any more', async () => {
    world = await forwardWorld();
    const admission = (n: number, usedAtMs: number): AppAdmission => ({
      id: n.toString(16).padStart(64, '0'),
      label: 'api-server-3000',
      shownIn: n % 2 === 0 ? 'browser' : 'frame',
      visitor: { userId: userIdOf('a'), access: n === 1 ? { sessionId: null, address: '::1' } : null },
      usedAtMs,
    });
    const hourMs = 3_600_000;
    const startMs = world.clock.nowMs();
    const [one, two, three] = [admission(1, startMs), admission(2, startMs + 1), admission(3, startMs + 2)];
    const old = admission(4, startMs - 7 * 24 * hourMs);
    for (const each of [one, two, three, old]) world.parts.apps.admissions.keep(each);
    world.parts.apps.admissions.drop(two.id);
    // Used again: the disk is told once an hour.
    world.parts.apps.admissions.keep({ ...one, usedAtMs: startMs + hourMs - 1 });
    world.parts.apps.admissions.keep({ ...three, usedAtMs: startMs + hourMs + 2 });
    const before = world.parts;
    expect(before.apps.admissions.find(one.id)?.usedAtMs).toBe(startMs + hourMs - 1);
    await before.close();
    world = await forwardWorld({ store: world.store });
    const { admissions } = world.parts.apps;
    expect([one, two, three, old].map(({ id }) => admissions.find(id))).toEqual([
      one,
      undefined,
      { ...three, usedAtMs: startMs + hourMs + 2 },
      undefined,
    ]);
    // A flood pushes out those that were not used for the longest time.
    for (let n = 10; n < 2_009; n += 1) admissions.keep(admission(n, startMs + 2 * hourMs));
    expect(admissions.find(one.id)).toBeUndefined();
    expect(admissions.find(three.id)).toBeDefined();
    await world.parts.close();
    expect((await world.store.collection('app-admissions', parseAppAdmission).all()).length).toBe(2_000);
  });

  it('gives its carrier a stream of which each end, and each break, is one there', async () => {
    world = await forwardWorld();
    world.run();
    await app();
    const target = world.parts.apps.find('api-server-3000');
    const stream = await target?.connect();
    const into = world.opened.at(-1)?.connection;
    stream?.end('question');
    await world.settle();
    expect([into?.text, into?.hasEnded]).toEqual(['question', true]);
    stream?.resume();
    into?.sayEnd();
    into?.close();
    await world.settle();
    expect([stream?.destroyed, into?.wasReset]).toEqual([true, false]);
    const broken = await target?.connect();
    broken?.destroy();
    await world.settle();
    expect(world.opened.at(-1)?.connection.wasReset).toBe(true);
    const lost = await target?.connect();
    const error = new Promise((resolve) => lost?.once('error', resolve));
    world.opened.at(-1)?.connection.lose();
    expect(await error).toMatchObject({ code: 'connection-lost' });
    world.refusal = refused();
    await expect(target?.connect()).rejects.toMatchObject({ code: 'workspace.port-refused' });
  });
});
