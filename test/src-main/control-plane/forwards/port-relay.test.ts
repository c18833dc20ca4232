/** Connections through the real relay program, on this machine; and what a relay that talks nonsense does to them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { PortRelay } from '#main/control-plane/forwards/port-relay.ts';
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
    const connection = await relay.open({ port: port });
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
    const connection = await relay.open({ port: port });
    const text = await new Promise<string>((resolve) =>
      connection.onData(async (bytes) => resolve(Buffer.from(bytes).toString())),
    );
    expect(text).toBe('six');
    await expect(relay.open({ port: 1 })).rejects.toMatchObject({ code: 'workspace.port-refused' });
  });

  it('stops at a window for whoever takes nothing, and lets others pass', async () => {
    const port = await serverOf((socket) => socket.end(Buffer.alloc(3_000_000)));
    const relay = relayed();
    const slow = await relay.open({ port: port });
    let taken = 0;
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
    slow.onData(async (bytes) => {
      taken += bytes.byteLength;
      await mayGoOn;
    });
    const fast = await relay.open({ port: port });
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

  it('resets what is broken off, on the other side too', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const port = await serverOf((socket) => {
      socket.on('error', resolve);
      socket.on('close', resolve);
    });
    const connection = await relayed().open({ port: port });
    connection.reset();
    await promise;
    await connection.closed;
  });

  it('ends everything that goes through it when it ends, or talks nonsense', async () => {
    const port = await serverOf(() => undefined);
    const relay = relayed();
    const connection = await relay.open({ port: port });
    relay.close();
    await expect(connection.closed).rejects.toMatchObject({ code: 'connection-lost' });
    await expect(relay.open({ port: port })).rejects.toMatchObject({ code: 'connection-lost' });
    const broken = relayed(['sh', '-c', 'echo why >&2; exit 3']);
    await expect(broken.open({ port: port })).rejects.toMatchObject({
      message: expect.stringContaining('why'),
    });
    // Ready, then a frame of two gigabytes.
    const mad = relayed([
      'sh',
      '-c',
      `printf '\\000\\000\\000\\000\\000\\000\\000\\000\\000\\002\\000\\000\\000\\001\\177\\000\\000\\000'; sleep 60`,
    ]);
    await expect(mad.open({ port: port })).rejects.toMatchObject({ code: 'connection-lost' });
  });
});
