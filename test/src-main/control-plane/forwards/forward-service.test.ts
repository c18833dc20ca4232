/** What is done with forwards, and what they do, on a clock that moves by hand. */
import { afterEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import {
  type ForwardWorld,
  forwardHostId,
  forwardWorld,
  workspaceIdOf,
} from '#test/harness/forward-world.ts';
import { userIdOf } from '#test/harness/ownership.ts';

let world: ForwardWorld;
afterEach(async () => {
  await world.parts.close();
});

const refused = () => new BerthError('workspace.port-refused', 'Nothing listens on port 3000.');

describe('a forward on this computer', () => {
  it('has the port that it has in the workspace where that is free, and another where it is not', async () => {
    world = await forwardWorld();
    expect((await world.make()).localPort).toBe(3000);
    expect((await world.make()).localPort).toBe(40_000);
    world.loopback.taken.add(5000);
    expect((await world.make({ port: 5000 })).localPort).toBe(40_001);
    await expect(world.make({ localPort: 5000 })).rejects.toMatchObject({ code: 'forward.port-taken' });
    await expect(world.make({ localPort: 3000 })).rejects.toMatchObject({ code: 'forward.exists' });
    expect(await world.forwards()).toHaveLength(3);
    expect(world.loopback.ports).toEqual([3000, 40_000, 40_001]);
  });

  it('listens while its workspace is away, and says so', async () => {
    world = await forwardWorld();
    expect((await world.make()).state).toBe('waiting');
    world.run();
    expect((await world.theForward())?.state).toBe('ready');
    world.lose();
    expect(await world.theForward()).toMatchObject({ state: 'waiting', localPort: 3000, problem: null });
    world.run();
    world.stop();
    expect((await world.theForward())?.state).toBe('waiting');
    expect(world.loopback.ports).toEqual([3000]);
  });

  it('lets whoever comes wait for a way that is back in time, and joins both', async () => {
    world = await forwardWorld();
    await world.make();
    const client = world.loopback.client(3000);
    client.stream.write('before');
    await world.clock.advance(4_000);
    expect(client.wasReset).toBe(false);
    world.run();
    await world.settle();
    const [into] = world.opened;
    expect(into?.target).toEqual({ port: 3000 });
    await world.settle();
    expect(into?.connection.text).toBe('before');
    await into?.connection.say('answer');
    await world.settle();
    expect(client.text).toBe('answer');
    client.stream.end();
    await world.settle();
    expect([into?.connection.hasEnded, into?.connection.wasReset]).toEqual([true, false]);
    into?.connection.lose();
    await world.settle();
    expect(client.wasReset).toBe(true);
  });

  it('tells a browser why after five seconds, and resets whoever speaks something else', async () => {
    world = await forwardWorld();
    await world.make();
    const browser = world.loopback.client(3000);
    browser.stream.write('GET / HTTP/1.1\r\nHost: localhost:3000\r\n\r\n');
    const other = world.loopback.client(3000);
    other.stream.write(Buffer.of(0x16, 3, 1));
    const silent = world.loopback.client(3000);
    await world.clock.advance(4_900);
    expect([browser.text, other.wasReset]).toEqual(['', false]);
    await world.clock.advance(200);
    await world.settle();
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
    await world.make();
    world.refusal = refused();
    const browser = world.loopback.client(3000);
    browser.stream.write('HEAD /x HTTP/1.1\r\n\r\n');
    await world.settle();
    expect(browser.text).toMatch(/^HTTP\/1\.1 503 /);
    // HEAD has no content (RFC 9110 §9.3.2).
    expect(browser.text).not.toContain('<html');
  });

  it('that is stopped meanwhile turns away whoever waits, and opens nothing', async () => {
    world = await forwardWorld();
    const { id } = await world.make();
    const client = world.loopback.client(3000);
    await world.settle();
    await world.call('forwards.stop', { id });
    expect(client.wasReset).toBe(true);
    world.run();
    await world.clock.advance(10_000);
    expect(world.opened).toEqual([]);
  });

  it('whose port is taken when Berth starts tries again by itself, and keeps its port', async () => {
    world = await forwardWorld();
    const { id } = await world.make();
    await world.parts.close();
    const { store } = world;
    world = await forwardWorld({ store });
    await world.settle();
    expect(world.loopback.ports).toEqual([3000]);
    await world.parts.close();
    const blocked = forwardWorld({ store });
    world = await blocked;
    await world.call('forwards.stop', { id });
    expect([await world.theForward(), world.loopback.ports]).toMatchObject([
      { state: 'stopped', isWanted: false },
      [],
    ]);
    world.loopback.taken.add(3000);
    await expect(world.call('forwards.start', { id })).rejects.toMatchObject({ code: 'forward.port-taken' });
    expect(await world.theForward()).toMatchObject({
      state: 'failed',
      problem: { code: 'forward.port-taken' },
    });
    world.loopback.taken.delete(3000);
    world.run();
    await world.clock.advance(10_000);
    expect(await world.theForward()).toMatchObject({ state: 'ready', localPort: 3000, problem: null });
  });

  it('is changed without a moment without a listener; a port that cannot be had changes nothing', async () => {
    world = await forwardWorld();
    const { id } = await world.make();
    world.loopback.taken.add(3001);
    await expect(world.call('forwards.edit', { id, localPort: 3001 })).rejects.toMatchObject({
      code: 'forward.port-taken',
    });
    expect([(await world.theForward())?.localPort, world.loopback.ports]).toEqual([3000, [3000]]);
    await world.call('forwards.edit', { id, localPort: 3002, name: 'mine' });
    expect([await world.theForward(), world.loopback.ports]).toMatchObject([
      { localPort: 3002, name: 'mine' },
      [3002],
    ]);
    await world.call('forwards.remove', { id });
    expect([await world.forwards(), world.loopback.ports]).toEqual([[], []]);
  });

  it('tells its traffic at most once a second', async () => {
    world = await forwardWorld();
    world.run();
    await world.make();
    for (let index = 0; index < 5; index++) world.loopback.client(3000);
    await world.settle();
    expect((await world.theForward())?.traffic.allConnections).toBe(0);
    await world.clock.advance(1_000);
    expect((await world.theForward())?.traffic).toMatchObject({ allConnections: 5, connections: 5 });
  });
});

describe('SOCKS', () => {
  it('opens what was asked for, and hands on what was sent at once behind it', async () => {
    world = await forwardWorld();
    world.run();
    const { localPort } = await world.make({ kind: 'socks', port: null });
    const client = world.loopback.client(localPort ?? 0);
    client.stream.write(
      Buffer.concat([
        Buffer.of(5, 1, 0, 5, 1, 0, 3, 2),
        Buffer.from('db'),
        Buffer.of(0x15, 0x38),
        Buffer.from('early'),
      ]),
    );
    await world.settle();
    expect(world.opened[0]?.target).toEqual({ host: 'db', port: 5432 });
    expect(Buffer.from(client.text, 'utf8').subarray(0, 4)).toEqual(Buffer.of(5, 0, 5, 0));
    expect(world.opened[0]?.connection.text).toBe('early');
  });

  it('is not HTTP: whoever speaks that is sent away', async () => {
    world = await forwardWorld();
    const { localPort } = await world.make({ kind: 'socks', port: null });
    const client = world.loopback.client(localPort ?? 0);
    client.stream.write('GET / HTTP/1.1\r\n\r\n');
    await world.settle();
    expect([client.stream.readableEnded, client.text]).toEqual([true, '']);
    await expect(world.make({ kind: 'socks', port: null })).rejects.toMatchObject({ code: 'forward.exists' });
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
    const { id } = await world.make();
    await world.call('forwards.setRules', { workspaceId: workspaceIdOf('a'), rules: [], announces: false });
    await world.directory.change(workspaceIdOf('c'), { move: moved('copy', 'a') });
    await world.directory.change(workspaceIdOf('a'), { move: moved('source', 'c') });
    await world.settle();
    expect(await world.theForward()).toMatchObject({ id, workspaceId: workspaceIdOf('c'), localPort: 3000 });
    await world.directory.remove(workspaceIdOf('c'));
    await world.directory.change(workspaceIdOf('a'), { move: null });
    await world.settle();
    expect(await world.theForward()).toMatchObject({ id, workspaceId: workspaceIdOf('a') });
    expect(world.loopback.ports).toEqual([3000]);
  });

  it('that is gone takes its forwards with it, also where Berth ended in between', async () => {
    world = await forwardWorld({ letters: ['a', 'b'] });
    await world.make();
    await world.make({ kind: 'app', protocol: 'http' });
    await world.directory.remove(workspaceIdOf('a'));
    await world.settle();
    expect([await world.forwards(), world.loopback.ports]).toEqual([[], []]);
    world.run('b');
    await world.make({ workspaceId: workspaceIdOf('b') });
    await world.parts.close();
    await world.store.collection('workspaces', (one) => one as { id: string }).delete(workspaceIdOf('b'));
    world = await forwardWorld({ letters: [], store: world.store });
    expect(await world.store.collection('forwards', (one) => one as { id: string }).all()).toEqual([]);
  });

  it('that becomes somebody else’s is not listened for on this computer any more', async () => {
    world = await forwardWorld();
    await world.make();
    const app = await world.make({ kind: 'app', protocol: 'http' });
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
    const rules = await world.store
      .collection('forward-rules', (one) => one as never as { id: string; rules: unknown[] })
      .all();
    expect(rules[0]?.rules).toEqual([{ fromPort: 3, toPort: 4, kind: 'app' }]);
  });
});
