/** What is done with forwards, and what they do, on a clock that moves by hand. */
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { Forward } from '#contract/forwards.ts';
import type { SessionId } from '#contract/ids.ts';
import type { AppCarrier, AppVisitor } from '#main/control-plane/forwards/app-door.ts';
import { type ForwardWorld, forwardHostId, forwardWorld, workspaceIdOf } from '#test/harness/forward-world.ts';
import { userIdOf } from '#test/harness/ownership.ts';

let world: ForwardWorld;
afterEach(async () => {
  await world.parts.close();
});

const wish = (over: object = {}) => ({
  workspaceId: workspaceIdOf('a'),
  kind: 'tcp',
  name: null,
  port: 3000,
  protocol: null,
  localPort: null,
  path: null,
  login: null,
  hostHeader: 'kept',
  ...over,
});
const make = (over: object = {}) => world.call('forwards.create', wish(over));
const only = async (): Promise<Forward | undefined> => (await world.forwards())[0];
async function settle(): Promise<void> {
  for (let index = 0; index < 10; index++) await turn();
}
const refused = () => new BerthError('workspace.port-refused', 'Nothing listens on port 3000.');

describe('a forward on this computer', () => {
  it('has the port that it has in the workspace where that is free, and another where it is not', async () => {
    world = await forwardWorld();
    expect((await make()).localPort).toBe(3000);
    expect((await make()).localPort).toBe(40_000);
    world.loopback.taken.add(5000);
    expect((await make({ port: 5000 })).localPort).toBe(40_001);
    await expect(make({ localPort: 5000 })).rejects.toMatchObject({ code: 'forward.port-taken' });
    await expect(make({ localPort: 3000 })).rejects.toMatchObject({ code: 'forward.exists' });
    expect(await world.forwards()).toHaveLength(3);
    expect(world.loopback.ports).toEqual([3000, 40_000, 40_001]);
  });

  it('listens while its workspace is away, and says so', async () => {
    world = await forwardWorld();
    expect((await make()).state).toBe('waiting');
    world.run();
    expect((await only())?.state).toBe('ready');
    world.lose();
    expect(await only()).toMatchObject({ state: 'waiting', localPort: 3000, problem: null });
    world.run();
    world.stop();
    expect((await only())?.state).toBe('waiting');
    expect(world.loopback.ports).toEqual([3000]);
  });

  it('lets whoever comes wait for a way that is back in time, and joins both', async () => {
    world = await forwardWorld();
    await make();
    const client = world.loopback.client(3000);
    client.stream.write('before');
    await world.clock.advance(4_000);
    expect(client.wasReset).toBe(false);
    world.run();
    await settle();
    const [into] = world.opened;
    expect(into?.target).toEqual({ port: 3000 });
    await settle();
    expect(into?.connection.text).toBe('before');
    await into?.connection.say('answer');
    await settle();
    expect(client.text).toBe('answer');
    client.stream.end();
    await settle();
    expect([into?.connection.hasEnded, into?.connection.wasReset]).toEqual([true, false]);
    into?.connection.lose();
    await settle();
    expect(client.wasReset).toBe(true);
  });

  it('tells a browser why after five seconds, and resets whoever speaks something else', async () => {
    world = await forwardWorld();
    await make();
    const browser = world.loopback.client(3000);
    browser.stream.write('GET / HTTP/1.1\r\nHost: localhost:3000\r\n\r\n');
    const other = world.loopback.client(3000);
    other.stream.write(Buffer.of(0x16, 3, 1));
    const silent = world.loopback.client(3000);
    await world.clock.advance(4_900);
    expect([browser.text, other.wasReset]).toEqual(['', false]);
    await world.clock.advance(200);
    await settle();
    expect(browser.text).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(browser.text).toMatch(/\r\nretry-after: 3\r\n/);
    expect(browser.text).toContain('Port 3000 of API Server cannot be reached just now');
    expect([other.wasReset, silent.wasReset]).toEqual([true, false]);
    await world.clock.advance(500);
    expect(silent.wasReset).toBe(true);
    expect(world.opened).toEqual([]);
  });

  it('tells at once where the workspace runs and nothing listens', async () => {
    world = await forwardWorld();
    world.run();
    await make();
    world.refusal = refused();
    const browser = world.loopback.client(3000);
    browser.stream.write('HEAD /x HTTP/1.1\r\n\r\n');
    await settle();
    expect(browser.text).toMatch(/^HTTP\/1\.1 503 /);
    // HEAD has no content (RFC 9110 §9.3.2).
    expect(browser.text).not.toContain('<html');
  });

  it('that is stopped meanwhile turns away whoever waits, and opens nothing', async () => {
    world = await forwardWorld();
    const { id } = await make();
    const client = world.loopback.client(3000);
    await settle();
    await world.call('forwards.stop', { id });
    expect(client.wasReset).toBe(true);
    world.run();
    await world.clock.advance(10_000);
    expect(world.opened).toEqual([]);
  });

  it('whose port is taken when Berth starts tries again by itself, and keeps its port', async () => {
    world = await forwardWorld();
    const { id } = await make();
    await world.parts.close();
    const { store } = world;
    world = await forwardWorld({ store });
    await settle();
    expect(world.loopback.ports).toEqual([3000]);
    await world.parts.close();
    const blocked = forwardWorld({ store });
    world = await blocked;
    await world.call('forwards.stop', { id });
    expect([await only(), world.loopback.ports]).toMatchObject([{ state: 'stopped', isWanted: false }, []]);
    world.loopback.taken.add(3000);
    await expect(world.call('forwards.start', { id })).rejects.toMatchObject({ code: 'forward.port-taken' });
    expect(await only()).toMatchObject({ state: 'failed', problem: { code: 'forward.port-taken' } });
    world.loopback.taken.delete(3000);
    world.run();
    await world.clock.advance(10_000);
    expect(await only()).toMatchObject({ state: 'ready', localPort: 3000, problem: null });
  });

  it('is changed without a moment without a listener; a port that cannot be had changes nothing', async () => {
    world = await forwardWorld();
    const { id } = await make();
    world.loopback.taken.add(3001);
    await expect(world.call('forwards.edit', { id, localPort: 3001 })).rejects.toMatchObject({
      code: 'forward.port-taken',
    });
    expect([(await only())?.localPort, world.loopback.ports]).toEqual([3000, [3000]]);
    await world.call('forwards.edit', { id, localPort: 3002, name: 'mine' });
    expect([await only(), world.loopback.ports]).toMatchObject([{ localPort: 3002, name: 'mine' }, [3002]]);
    await world.call('forwards.remove', { id });
    expect([await world.forwards(), world.loopback.ports]).toEqual([[], []]);
  });

  it('tells its traffic at most once a second', async () => {
    world = await forwardWorld();
    world.run();
    await make();
    for (let index = 0; index < 5; index++) world.loopback.client(3000);
    await settle();
    expect((await only())?.traffic.allConnections).toBe(0);
    await world.clock.advance(1_000);
    expect((await only())?.traffic).toMatchObject({ allConnections: 5, connections: 5 });
  });
});

describe('SOCKS', () => {
  it('opens what was asked for, and hands on what was sent at once behind it', async () => {
    world = await forwardWorld();
    world.run();
    const { localPort } = await make({ kind: 'socks', port: null });
    const client = world.loopback.client(localPort ?? 0);
    client.stream.write(
      Buffer.concat([
        Buffer.of(5, 1, 0, 5, 1, 0, 3, 2),
        Buffer.from('db'),
        Buffer.of(0x15, 0x38),
        Buffer.from('early'),
      ]),
    );
    await settle();
    expect(world.opened[0]?.target).toEqual({ host: 'db', port: 5432 });
    expect(Buffer.from(client.text, 'utf8').subarray(0, 4)).toEqual(Buffer.of(5, 0, 5, 0));
    expect(world.opened[0]?.connection.text).toBe('early');
  });

  it('is not HTTP: whoever speaks that is sent away', async () => {
    world = await forwardWorld();
    const { localPort } = await make({ kind: 'socks', port: null });
    const client = world.loopback.client(localPort ?? 0);
    client.stream.write('GET / HTTP/1.1\r\n\r\n');
    await settle();
    expect([client.stream.readableEnded, client.text]).toEqual([true, '']);
    await expect(make({ kind: 'socks', port: null })).rejects.toMatchObject({ code: 'forward.exists' });
  });
});

describe('a rule', () => {
  const setRules = (rules: object[], announces = true) =>
    world.call('forwards.setRules', { workspaceId: workspaceIdOf('a'), rules, announces });

  it('forwards a port while it listens and for a minute after', async () => {
    world = await forwardWorld();
    world.run();
    world.listening = [3000, 9000];
    await setRules([{ fromPort: 3000, toPort: 3999, kind: 'tcp' }]);
    await vi.waitFor(async () => expect(await only()).toMatchObject({ port: 3000, isByRule: true }));
    world.listening = [9000];
    await world.clock.advance(57_000);
    expect(await world.forwards()).toHaveLength(1);
    world.listening = [3000];
    await world.clock.advance(3_000);
    world.listening = [];
    await world.clock.advance(57_000);
    expect(await world.forwards()).toHaveLength(1);
    await world.clock.advance(12_000);
    await settle();
    expect(await world.forwards()).toEqual([]);
  });

  it('waits with a workspace that is away: nobody knows that its port is gone', async () => {
    world = await forwardWorld();
    world.run();
    world.listening = [3000];
    await setRules([{ fromPort: 3000, toPort: 3000, kind: 'tcp' }]);
    await vi.waitFor(async () => expect(await world.forwards()).toHaveLength(1));
    world.lose();
    await world.clock.advance(600_000);
    expect(await only()).toMatchObject({ state: 'waiting' });
  });

  it('takes its own with it when it goes, and nothing that a person made', async () => {
    world = await forwardWorld();
    world.run();
    world.listening = [3000, 4000];
    const { id } = await make({ port: 4000 });
    await setRules([{ fromPort: 3000, toPort: 4000, kind: 'tcp' }]);
    await vi.waitFor(async () => expect(await world.forwards()).toHaveLength(2));
    await setRules([]);
    await settle();
    expect((await world.forwards()).map((one) => one.id)).toEqual([id]);
  });
});

describe('ports', () => {
  function watchPorts() {
    const end = new AbortController();
    const told: unknown[] = [];
    const context = { caller: world.caller, signal: end.signal };
    const done = (async () => {
      for await (const item of world.parts.handlers['forwards.ports']({}, context)) told.push(item);
    })();
    return { told, end: () => (end.abort(), done) };
  }

  it('are looked at while somebody watches and not longer, and only changes are told', async () => {
    world = await forwardWorld({ letters: ['a', 'b'] });
    world.run('a');
    world.run('b');
    world.listening = [5173];
    await world.clock.advance(60_000);
    expect(world.looks).toEqual([]);
    const watch = watchPorts();
    await settle();
    // One look for the port, one for its program. Only what the watcher may see is looked at.
    expect(world.looks).toEqual([
      ['ports', '42', 'container-a'],
      ['programs', 'container-a'],
    ]);
    const told = watch.told.length;
    expect(watch.told.at(-1)).toMatchObject({
      upserted: [{ ports: [{ port: 5173, reach: 'loopback', program: 'node', name: 'Vite' }], problem: null }],
    });
    await world.clock.advance(30_000);
    expect(world.looks).toHaveLength(12);
    expect(watch.told).toHaveLength(told);
    world.listening = [];
    await world.clock.advance(3_000);
    expect(watch.told).toHaveLength(told + 1);
    await watch.end();
    const looks = world.looks.length;
    await world.clock.advance(60_000);
    expect(world.looks.length - looks).toBe(0);
  });

  it('are asked of the relay where the host does not show them; away they stay, stopped they go', async () => {
    world = await forwardWorld();
    world.listening = undefined;
    world.relayed = [6379];
    world.run();
    const watch = watchPorts();
    await settle();
    expect(watch.told.at(-1)).toMatchObject({
      upserted: [{ ports: [{ port: 6379, program: null, name: 'Redis' }], problem: null }],
    });
    world.lose();
    await settle();
    expect(watch.told.at(-1)).toMatchObject({
      upserted: [{ ports: [{ port: 6379 }], problem: { code: 'host.not-connected' } }],
    });
    world.run();
    world.stop();
    await settle();
    expect(watch.told.at(-1)).toMatchObject({ removed: [workspaceIdOf('a')] });
    await watch.end();
  });
});

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
  const app = (over: object = {}) => make({ kind: 'app', protocol: 'http', ...over });

  it('has one label, which a new name of its workspace and a restart do not change, and no other has', async () => {
    world = await forwardWorld({ letters: ['a', 'b'] });
    const first = await app();
    const second = await app({ workspaceId: workspaceIdOf('b') });
    carrier();
    await settle();
    const origins = (await world.forwards()).map(({ id, origin }) => [id, origin]);
    expect(origins).toEqual([[first.id, 'http://api-server-3000.localhost:47100']]);
    const door = world.parts.apps;
    expect(door.find('api-server-3000')).toMatchObject({ forwardId: first.id, ownerId: userIdOf('a'), port: 3000 });
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
    expect(await only()).toMatchObject({ state: 'failed', origin: null, problem: { code: 'app.no-address' } });
    carrier();
    await settle();
    expect(await only()).toMatchObject({ state: 'waiting', problem: null });
    told.length = 0;
    await world.call('forwards.stop', { id });
    expect(world.parts.apps.find('api-server-3000')?.isWanted).toBe(false);
    await expect(world.call('forwards.open', { id, shownIn: 'browser' })).rejects.toMatchObject({ code: 'conflict' });
    expect(await world.call('forwards.openPort', { workspaceId: workspaceIdOf('a'), port: 3000 })).toMatchObject({
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
    const isIn = () => visitors.map((visitor) => visitor.isStillThere());
    expect(isIn()).toEqual([true, true]);
    sessions.set('sess_1', ['workspaces.read']);
    expect(isIn()).toEqual([false, true]);
    sessions.delete('sess_1');
    expect(isIn()).toEqual([false, true]);
  });

  it('gives its carrier a stream of which each end, and each break, is one there', async () => {
    world = await forwardWorld();
    world.run();
    await app();
    const target = world.parts.apps.find('api-server-3000');
    const stream = await target?.connect();
    const into = world.opened.at(-1)?.connection;
    stream?.end('question');
    await settle();
    expect([into?.text, into?.hasEnded]).toEqual(['question', true]);
    stream?.resume();
    into?.sayEnd();
    into?.close();
    await settle();
    expect([stream?.destroyed, into?.wasReset]).toEqual([true, false]);
    const broken = await target?.connect();
    broken?.destroy();
    await settle();
    expect(world.opened.at(-1)?.connection.wasReset).toBe(true);
    const lost = await target?.connect();
    const error = new Promise((resolve) => lost?.once('error', resolve));
    world.opened.at(-1)?.connection.lose();
    expect(await error).toMatchObject({ code: 'connection-lost' });
    world.refusal = refused();
    await expect(target?.connect()).rejects.toMatchObject({ code: 'workspace.port-refused' });
  });
});

describe('a workspace', () => {
  const moved = (role: 'source' | 'copy', other: string) => ({
    role,
    otherId: workspaceIdOf(other),
    otherHostId: forwardHostId,
    movedAt: '2026-01-02T00:00:00.000Z',
  });

  it('that is moved takes its forwards along, and back', async () => {
    world = await forwardWorld({ letters: ['a', 'c'] });
    await world.directory.change(workspaceIdOf('c'), { ownerId: userIdOf('a') });
    const { id } = await make();
    await world.call('forwards.setRules', { workspaceId: workspaceIdOf('a'), rules: [], announces: false });
    await world.directory.change(workspaceIdOf('c'), { move: moved('copy', 'a') });
    await world.directory.change(workspaceIdOf('a'), { move: moved('source', 'c') });
    await settle();
    expect(await only()).toMatchObject({ id, workspaceId: workspaceIdOf('c'), localPort: 3000 });
    await world.directory.remove(workspaceIdOf('c'));
    await world.directory.change(workspaceIdOf('a'), { move: null });
    await settle();
    expect(await only()).toMatchObject({ id, workspaceId: workspaceIdOf('a') });
    expect(world.loopback.ports).toEqual([3000]);
  });

  it('that is gone takes its forwards with it, also where Berth ended in between', async () => {
    world = await forwardWorld({ letters: ['a', 'b'] });
    await make();
    await make({ kind: 'app', protocol: 'http' });
    await world.directory.remove(workspaceIdOf('a'));
    await settle();
    expect([await world.forwards(), world.loopback.ports]).toEqual([[], []]);
    world.run('b');
    await world.call('forwards.create', wish({ workspaceId: workspaceIdOf('b') }));
    await world.parts.close();
    await world.store.collection('workspaces', (one) => one as { id: string }).delete(workspaceIdOf('b'));
    world = await forwardWorld({ letters: [], store: world.store });
    expect(await world.store.collection('forwards', (one) => one as { id: string }).all()).toEqual([]);
  });

  it('that becomes somebody else’s is not listened for on this computer any more', async () => {
    world = await forwardWorld();
    await make();
    const app = await make({ kind: 'app', protocol: 'http' });
    await world.call('forwards.setRules', {
      workspaceId: workspaceIdOf('a'),
      rules: [
        { fromPort: 1, toPort: 2, kind: 'tcp' },
        { fromPort: 3, toPort: 4, kind: 'app' },
      ],
      announces: true,
    });
    await world.parts.beforeHandingOver(userIdOf('a'));
    await world.directory.change(workspaceIdOf('a'), { ownerId: userIdOf('b') });
    world.parts.afterHandingOver();
    expect([await world.forwards(), world.loopback.ports]).toEqual([[], []]);
    expect(world.parts.belongingOf(app.id)).toEqual({ ownerId: userIdOf('b'), scope: undefined });
    const rules = await world.store.collection('forward-rules', (one) => one as never as { id: string; rules: unknown[] }).all();
    expect(rules[0]?.rules).toEqual([{ fromPort: 3, toPort: 4, kind: 'app' }]);
  });
});
