import { once } from 'node:events';
import { createServer, connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { connectionOver, DirectWays } from '#main/control-plane/forwards/direct-ways.ts';
import type { RunningWorkspace } from '#main/control-plane/workspaces/running-workspace.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

interface World {
  readonly dialled: string[];
  refusal: BerthError | undefined;
  isRootless: boolean;
  bridge: string | null;
  hasBridge: boolean;
  address: string | null;
}

function workspaceOn(world: World, containerId = 'c1'): RunningWorkspace {
  return {
    record: { id: 'ws_00000000000000000001' },
    containerId,
    engine: {
      listNetworks: async () => [{ bridge: world.bridge }],
      inspectContainer: async () => ({ ipAddress: world.address }),
    },
    link: {
      engineInfo: { isRootless: world.isRootless },
      connection: {
        exec: async (argv: readonly string[]) => {
          world.dialled.push(argv.join(' '));
          return { exitCode: world.hasBridge ? 0 : 1 };
        },
        dial: async (address: string, port: number) => {
          world.dialled.push(`${address}:${port}`);
          if (world.refusal !== undefined) throw world.refusal;
          const { client } = await pair();
          return client;
        },
      },
    },
  } as unknown as RunningWorkspace;
}
const good = (): World => ({
  dialled: [],
  refusal: undefined,
  isRootless: false,
  bridge: 'berth-abcdefghi',
  hasBridge: true,
  address: '172.18.0.2',
});

/** Two ends of a real connection, which keep half-close. */
async function pair(): Promise<{ client: Socket; server: Socket }> {
  const listener = createServer({ allowHalfOpen: true });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [server] = (await once(listener, 'connection')) as [Socket];
  listener.close();
  server.on('error', () => undefined);
  onTestFinished(() => {
    client.destroy();
    server.destroy();
  });
  return { client, server };
}

describe('the short way', () => {
  it('is asked for once, and then dialled', async () => {
    const world = good();
    const ways = new DirectWays(new ManualClock());
    for (const port of [3000, 3001]) expect(await ways.open(workspaceOn(world), port)).toBeDefined();
    expect(world.dialled).toEqual([
      'test -d /sys/class/net/berth-abcdefghi/bridge',
      '172.18.0.2:3000',
      '172.18.0.2:3001',
    ]);
  });

  it.each([
    ['the engine runs without root', { isRootless: true }],
    ['the network has no bridge that was named', { bridge: null }],
    ['the bridge is not on the host: the address may be a stranger’s there', { hasBridge: false }],
    ['the container has no address', { address: null }],
  ])('is not taken where %s', async (_name, more) => {
    const world = { ...good(), ...more };
    const ways = new DirectWays(new ManualClock());
    expect(await ways.open(workspaceOn(world), 3000)).toBeUndefined();
    expect(world.dialled.filter((one) => one.startsWith('172.'))).toEqual([]);
  });

  it('is left for a while for a port that listens on the loopback alone', async () => {
    const world = good();
    const clock = new ManualClock();
    const ways = new DirectWays(clock);
    world.refusal = new BerthError('workspace.port-refused', 'Nothing answers.');
    expect(await ways.open(workspaceOn(world), 3000)).toBeUndefined();
    expect(await ways.open(workspaceOn(world), 3000)).toBeUndefined();
    expect(world.dialled).toHaveLength(2);
    world.refusal = undefined;
    expect(await ways.open(workspaceOn(world), 4000)).toBeDefined();
    await clock.advance(30_001);
    expect(await ways.open(workspaceOn(world), 3000)).toBeDefined();
  });

  it('is not waited for twice where it does not answer or is forbidden, until the next run', async () => {
    for (const code of ['timed-out', 'engine.forwarding-denied'] as const) {
      const world = good();
      const ways = new DirectWays(new ManualClock());
      world.refusal = new BerthError(code, 'No.');
      expect(await ways.open(workspaceOn(world), 3000)).toBeUndefined();
      expect(await ways.open(workspaceOn(world), 4000)).toBeUndefined();
      expect(world.dialled).toHaveLength(2);
      world.refusal = undefined;
      expect(await ways.open(workspaceOn(world, 'c2'), 3000)).toBeDefined();
    }
  });

  it('asks for the address again after the workspace stopped', async () => {
    const world = good();
    const ways = new DirectWays(new ManualClock());
    await ways.open(workspaceOn(world), 3000);
    ways.drop('ws_00000000000000000001');
    world.address = '172.18.0.3';
    await ways.open(workspaceOn(world), 3000);
    expect(world.dialled.at(-1)).toBe('172.18.0.3:3000');
  });

  it('says that the way was cut, and tries no other then', async () => {
    const world = { ...good(), refusal: new BerthError('connection-lost', 'Gone.') };
    await expect(new DirectWays(new ManualClock()).open(workspaceOn(world), 3000)).rejects.toThrow('Gone.');
  });
});

describe('a connection over a stream', () => {
  it('carries both ways, and each ends by itself', async () => {
    const { client, server } = await pair();
    const connection = connectionOver(client);
    const got: Buffer[] = [];
    const ended = Promise.withResolvers<void>();
    connection.onData(async (bytes) => void got.push(Buffer.from(bytes)));
    connection.onEnd(() => ended.resolve());
    await connection.send(Buffer.from('to the server'));
    connection.end();
    const sent: Buffer[] = [];
    for await (const chunk of server) sent.push(chunk as Buffer);
    expect(Buffer.concat(sent).toString()).toBe('to the server');
    server.end('and back');
    await Promise.all([ended.promise, connection.closed]);
    expect(Buffer.concat(got).toString()).toBe('and back');
  });

  it('reads no more than is used', async () => {
    const { client, server } = await pair();
    const connection = connectionOver(client);
    const use = Promise.withResolvers<void>();
    let bytes = 0;
    connection.onData((chunk) => {
      bytes += chunk.byteLength;
      return use.promise;
    });
    const sending = new Promise<void>((resolve) => server.end(Buffer.alloc(32 * 1024 * 1024), resolve));
    await expect.poll(() => bytes).toBeGreaterThan(0);
    const held = bytes;
    await new Promise((resolve) => setImmediate(resolve));
    expect(bytes).toBe(held);
    use.resolve();
    await sending;
    await expect.poll(() => bytes).toBe(32 * 1024 * 1024);
  });

  it('waits for room, and for nobody who is gone', async () => {
    const { client, server } = await pair();
    const connection = connectionOver(client);
    server.pause();
    const sending = connection.send(Buffer.alloc(64 * 1024 * 1024));
    server.destroy();
    await sending;
    await connection.closed.catch(() => undefined);
    await connection.send(Buffer.from('late'));
  });

  it('that breaks off is said to be lost', async () => {
    const { client, server } = await pair();
    const connection = connectionOver(client);
    connection.onData(async () => undefined);
    server.resetAndDestroy();
    await expect(connection.closed).rejects.toMatchObject({ code: 'connection-lost' });
  });

  it('whose end was none is broken off, and one that ended ends', async () => {
    for (const isReset of [true, false]) {
      const { client, server } = await pair();
      const connection = connectionOver(client, async () => isReset);
      const ended: string[] = [];
      connection.onData(async () => undefined);
      connection.onEnd(() => ended.push('end'));
      server.end('all of it');
      if (isReset) await expect(connection.closed).rejects.toMatchObject({ code: 'connection-lost' });
      else {
        await expect.poll(() => ended).toEqual(['end']);
        connection.end();
        await connection.closed;
      }
      expect(ended).toEqual(isReset ? [] : ['end']);
    }
  });

  it('that ended from here first is not asked about', async () => {
    const { client, server } = await pair();
    let asked = 0;
    const connection = connectionOver(client, async () => {
      asked += 1;
      return true;
    });
    connection.onData(async () => undefined);
    connection.end();
    server.on('end', () => server.end());
    server.resume();
    await connection.closed;
    expect(asked).toBe(0);
  });

  it('that is closed before it was ended from here was cut, and one that was given up was not', async () => {
    for (const isGivenUp of [false, true]) {
      const { client } = await pair();
      const connection = connectionOver(client);
      if (isGivenUp) connection.reset();
      else client.destroy();
      const outcome = connection.closed.then(
        () => 'closed',
        (error: BerthError) => error.code,
      );
      expect(await outcome).toBe(isGivenUp ? 'closed' : 'connection-lost');
    }
  });
});
