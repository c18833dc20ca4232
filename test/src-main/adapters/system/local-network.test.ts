/** The loopback of this machine. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { createLocalNetwork } from '#main/adapters/system/local-network.ts';
import type { LocalConnection, LocalListener } from '#main/control-plane/interfaces/local-network.ts';

const network = createLocalNetwork();
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function listen(
  port: number | null,
  onConnection: (connection: LocalConnection) => void = (connection) => connection.resume(),
): Promise<LocalListener> {
  const listener = await network.listen(port, onConnection);
  ends.push(() => listener.close());
  return listener;
}
async function holder(host: string): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  ends.push(() => server.close());
  return { server, port: (server.address() as AddressInfo).port };
}
async function dialed(port: number, host = '127.0.0.1') {
  const socket = connect({ port, host, allowHalfOpen: true });
  ends.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

describe('a listener', () => {
  it('takes what comes over either loopback, each direction by itself', async () => {
    const { port } = await listen(null, (connection) => {
      buffer(connection).then(
        (bytes) => connection.end(bytes.reverse()),
        () => undefined,
      );
    });
    for (const host of ['127.0.0.1', '::1']) {
      const socket = await dialed(port, host);
      socket.end('abc');
      expect((await buffer(socket)).toString()).toBe('cba');
    }
  });

  it('resets what is open when it is closed, and its port is free at once', async () => {
    const taken = Promise.withResolvers<LocalConnection>();
    const listener = await listen(null, (connection) => taken.resolve(connection));
    const { port } = listener;
    const socket = await dialed(port);
    await taken.promise;
    const broken = once(socket, 'error');
    await listener.close();
    expect(((await broken) as [NodeJS.ErrnoException])[0].code).toBe('ECONNRESET');
    expect((await listen(port)).port).toBe(port);
  });

  it.each(['127.0.0.1', '::1'])('gets no port that somebody has on %s, and says who', async (host) => {
    const { port } = await holder(host);
    await expect(network.listen(port, () => undefined)).rejects.toMatchObject({
      code: 'forward.port-taken',
      details: { port, program: expect.stringMatching(/./) },
    });
  });
});

describe('a connection', () => {
  it('reaches whoever listens on either loopback, and is refused where nobody does', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      const { server, port } = await holder(host);
      server.on('connection', (socket) => void socket.on('error', () => undefined).end('here'));
      expect((await buffer(await network.connect(port))).toString()).toBe('here');
    }
    await expect(network.connect(1)).rejects.toMatchObject({ code: 'workspace.port-refused' });
  });

  it('outlives the wish for it, and is given up with it before', async () => {
    const { server, port } = await holder('127.0.0.1');
    const told: (string | undefined)[] = [];
    server.on('connection', (socket) => {
      socket.on('end', () => told.push('end')).resume();
      socket.on('error', (error: NodeJS.ErrnoException) => told.push(error.code));
    });
    const wish = new AbortController();
    const connection = await network.connect(port, wish.signal);
    wish.abort();
    expect(connection.destroyed).toBe(false);
    connection.resetAndDestroy();
    await expect.poll(() => told).toEqual(['ECONNRESET']);
    await expect(network.connect(port, wish.signal)).rejects.toThrow('aborted');
  });
});
