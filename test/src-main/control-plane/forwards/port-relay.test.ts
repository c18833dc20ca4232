/** Connections through the real relay program, on this machine; and what a relay that talks nonsense does to them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseListening } from '#main/control-plane/forwards/listening-sockets.ts';
import { PortRelay, type RelayedConnection } from '#main/control-plane/forwards/port-relay.ts';
import type { HostProcess } from '#main/control-plane/interfaces/host-connection.ts';
import { endWithThisProcess } from '#test/servers/stop-process.ts';

const program = new URL('../../../../resources/remote/dial-relay.py', import.meta.url).pathname;
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function processOf(argv: readonly [string, ...string[]]): HostProcess {
  const child = spawn(argv[0], argv.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  endWithThisProcess(child);
  child.stdin.on('error', () => undefined);
  ends.push(() => child.kill('SIGKILL'));
  return {
    onOutput: (listener) => void child.stdout.on('data', listener),
    onErrorOutput: (listener) => void child.stderr.on('data', listener),
    onEnd: (listener) => void child.once('close', (exitCode) => listener({ exitCode })),
    write: (bytes) => child.stdin.write(bytes),
    onDrain: (listener) => void child.stdin.on('drain', listener),
    endInput: () => void child.stdin.end(),
    pause: () => void child.stdout.pause(),
    resume: () => void child.stdout.resume(),
    release: () => void child.stdin.end(),
  };
}

let idle = 0;
function relayed(argv: readonly [string, ...string[]] = ['python3', '-I', '-B', program]) {
  idle = 0;
  const relay = new PortRelay(processOf(argv), () => {
    idle += 1;
  });
  ends.push(() => relay.close());
  return relay;
}

async function serverOf(onConnection: (socket: Socket) => void, host = '127.0.0.1'): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, onConnection).listen(0, host);
  await once(server, 'listening');
  ends.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe('a relay', () => {
  it('carries both directions, and the end of each apart', async () => {
    const port = await serverOf((socket) => {
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('end', () => socket.end(Buffer.concat(chunks).reverse()));
    });
    const relay = relayed();
    const connection = await relay.open({ port });
    const received: Uint8Array[] = [];
    connection.onData(async (bytes) => void received.push(bytes));
    const sent = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => index % 251));
    await connection.send(sent);
    connection.end();
    await connection.closed;
    expect(Buffer.concat(received).equals(Buffer.from(sent).reverse())).toBe(true);
    expect([relay.connectionCount, idle]).toEqual([0, 1]);
  });

  it('reaches a server that listens on IPv6 alone, and says when none does', async () => {
    const port = await serverOf((socket) => socket.end('six'), '::1');
    const relay = relayed();
    const connection = await relay.open({ port });
    const text = await new Promise<string>((resolve) =>
      connection.onData(async (bytes) => resolve(Buffer.from(bytes).toString())),
    );
    expect(text).toBe('six');
    await expect(relay.open({ port: 1 })).rejects.toMatchObject({ code: 'workspace.port-refused' });
  });

  it('stops at a window for whoever takes nothing, and lets others pass', async () => {
    const port = await serverOf((socket) => socket.end(Buffer.alloc(3_000_000)));
    const relay = relayed();
    const slow = await relay.open({ port });
    let taken = 0;
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
    slow.onData(async (bytes) => {
      taken += bytes.byteLength;
      await mayGoOn;
    });
    const fast = await relay.open({ port });
    let count = 0;
    fast.onData(async (bytes) => {
      count += bytes.byteLength;
    });
    fast.end();
    await fast.closed;
    expect(count).toBe(3_000_000);
    expect(taken).toBe(262_144);
    goOn();
    slow.end();
    await slow.closed;
    expect(taken).toBe(3_000_000);
  });

  it('says of a client that it broke off, at once and also while it answers', async () => {
    const relay = relayed();
    const port = await freePort();
    const arrived: RelayedConnection[] = [];
    await relay.listen(port, (connection) => {
      connection.onData(async () => undefined);
      arrived.push(connection);
    });
    for (const isAnswering of [false, true]) {
      const client = connect({ port, host: '127.0.0.1' });
      client.on('error', () => undefined);
      client.write('hello');
      await vi.waitUntil(() => arrived.length > 0, { timeout: 15_000 });
      const connection = arrived.pop();
      if (isAnswering) await connection?.send(Buffer.from('answer'));
      if (isAnswering) await once(client, 'data');
      client.resetAndDestroy();
      await expect(connection?.closed).rejects.toMatchObject({ code: 'connection-lost' });
    }
  });

  it('resets what is broken off, on the other side too', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const port = await serverOf((socket) => {
      socket.on('error', resolve);
      socket.on('close', resolve);
      socket.resume();
    });
    const connection = await relayed().open({ port });
    connection.reset();
    expect(await promise).toMatchObject({ code: 'ECONNRESET' });
    await connection.closed;
  });

  it('ends everything that goes through it when it ends, or talks nonsense', async () => {
    const port = await serverOf(() => undefined);
    const relay = relayed();
    const connection = await relay.open({ port });
    relay.close();
    await expect(connection.closed).rejects.toMatchObject({ code: 'connection-lost' });
    await expect(relay.open({ port })).rejects.toMatchObject({ code: 'connection-lost' });
    const broken = relayed(['sh', '-c', 'echo why >&2; exit 3']);
    await expect(broken.open({ port })).rejects.toMatchObject({
      message: expect.stringContaining('why'),
    });
    // Ready, then a frame of two gigabytes.
    const mad = relayed([
      'sh',
      '-c',
      `printf '\\000\\000\\000\\000\\000\\000\\000\\000\\000\\002\\000\\000\\000\\001\\177\\000\\000\\000'; sleep 60`,
    ]);
    await expect(mad.open({ port })).rejects.toMatchObject({ code: 'connection-lost' });
  });

  it('leaves out the silence of sound, and nothing else of it, in whole frames', async () => {
    const bytesPerMs = 192;
    const tone = Buffer.from(Array.from({ length: 200 * bytesPerMs }, (_, index) => (index % 251) + 1));
    const bound = 64 * 1024;
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
    const port = await serverOf((socket) => {
      // A rest of music, then half a minute of nothing, which the network cuts amid a frame.
      socket.write(Buffer.concat([tone, Buffer.alloc(400 * bytesPerMs), tone]));
      socket.write(Buffer.alloc(30_000 * bytesPerMs + 2), () => undefined);
      void mayGoOn.then(() => socket.end(Buffer.concat([Buffer.alloc(2), tone])));
    });
    const relay = relayed();
    const [raw, heard] = [await relay.open({ port }), await relay.open({ port, skipsSilence: true })];
    const received: Uint8Array[] = [];
    let rawBytes = 0;
    heard.onData(async (bytes) => void received.push(bytes));
    raw.onData(async (bytes) => {
      rawBytes += bytes.byteLength;
    });
    await vi.waitUntil(() => rawBytes >= 30_800 * bytesPerMs, { timeout: 15_000 });
    goOn();
    for (const one of [raw, heard]) one.end();
    await Promise.all([raw.closed, heard.closed]);
    const all = Buffer.concat(received);
    expect(rawBytes).toBe(31_000 * bytesPerMs + 4);
    expect(all.subarray(0, 800 * bytesPerMs)).toEqual(
      Buffer.concat([tone, Buffer.alloc(400 * bytesPerMs), tone]),
    );
    expect(all.subarray(-tone.length)).toEqual(tone);
    const silence = all.subarray(800 * bytesPerMs, -tone.length);
    expect(silence.every((byte) => byte === 0)).toBe(true);
    expect(silence.length).toBeGreaterThanOrEqual(500 * bytesPerMs);
    expect(silence.length).toBeLessThanOrEqual(500 * bytesPerMs + 2 * bound);
    expect(silence.length % 4).toBe(0);
  });

  it('resolves names where it is, and says why somebody cannot be reached', async () => {
    const port = await serverOf((socket) => socket.end('by name'));
    const relay = relayed();
    const connection = await relay.open({ host: 'localhost', port });
    expect(await firstOf(connection)).toBe('by name');
    await expect(relay.open({ host: '127.0.0.1', port: 1 })).rejects.toMatchObject({
      details: { errno: 111 },
    });
    // A name that is none (over 63 characters in a part) ends this one attempt and nothing else.
    for (const host of ['nowhere.invalid', 'x'.repeat(200)])
      await expect(relay.open({ host, port })).rejects.toMatchObject({ code: 'workspace.port-refused' });
    expect(await firstOf(await relay.open({ port }))).toBe('by name');
  });

  it('listens on its loopback until it is told not to, and tells what listens', async () => {
    const relay = relayed();
    const port = await freePort();
    const arrived = Promise.withResolvers<RelayedConnection>();
    const listener = await relay.listen(port, (connection) => arrived.resolve(connection));
    const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    ends.push(() => client.destroy());
    client.write('from there');
    const connection = await arrived.promise;
    expect(await firstOf(connection)).toBe('from there');
    await connection.send(Buffer.from('from here'));
    connection.end();
    expect((await buffer(client)).toString()).toBe('from here');
    expect(parseListening(await relay.look())).toContainEqual(
      expect.objectContaining({ port, isLoopback: true }),
    );
    await expect(relay.listen(port, () => undefined)).rejects.toMatchObject({ code: 'forward.port-taken' });
    client.end();
    await connection.closed;
    expect(relay.isIdle).toBe(false);
    listener.close();
    await listener.closed;
    expect(relay.isIdle).toBe(true);
    await vi.waitFor(
      async () => {
        const refused = connect({ port, host: '127.0.0.1' });
        const code = await new Promise((resolve) => {
          refused.once('connect', () => resolve('connected'));
          refused.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
        });
        refused.destroy();
        expect(code).toBe('ECONNREFUSED');
      },
      { timeout: 8_000 },
    );
    const lost = await relay.listen(port, () => undefined);
    relay.close();
    await expect(lost.closed).rejects.toMatchObject({ code: 'connection-lost' });
  });
});

function firstOf(connection: RelayedConnection): Promise<string> {
  return new Promise((resolve) => connection.onData(async (bytes) => resolve(Buffer.from(bytes).toString())));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
