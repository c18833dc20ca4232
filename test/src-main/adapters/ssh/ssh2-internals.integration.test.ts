/**
 * Against ssh2's own server: keys are prepared at the first exchange and at each renewal, packets pass as they were whatever
 * their size, and those of one turn leave together.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect as connectSocket, type Socket } from 'node:net';
import ssh2, { type Client, type ClientChannel, type Connection, type ServerChannel } from 'ssh2';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { gatherWrites, prepareKeys } from '#main/adapters/ssh/ssh2-internals.ts';

const { Server, utils } = ssh2;
let server: InstanceType<typeof Server>;
let client: Client;
let counts: number[];
let serverSide: Connection;

beforeEach(async () => {
  const { private: hostKey } = utils.generateKeyPairSync('ed25519');
  server = new Server({ hostKeys: [hostKey] }, (connection) => {
    serverSide = connection;
    connection.on('error', () => undefined);
    connection.on('authentication', (attempt) => attempt.accept());
    connection.on('session', (accept) =>
      accept().on('exec', (acceptExec) => {
        const channel: ServerChannel = acceptExec();
        channel.pipe(channel);
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  counts = [];
});
afterEach(async () => {
  client.end();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

async function connect(cipher: string, sock?: Socket): Promise<void> {
  client = new ssh2.Client();
  client.on('handshake', () => counts.push(prepareKeys(client)));
  const ready = once(client, 'ready');
  client.connect({
    host: '127.0.0.1',
    port: (server.address() as unknown as AddressInfo).port,
    username: 'tester',
    ...(sock && { sock }),
    algorithms: { cipher: [cipher as 'aes256-gcm@openssh.com'] },
  });
  await ready;
}

async function echoed(text: string): Promise<string> {
  const channel = await new Promise<ClientChannel>((resolve, reject) =>
    client.exec('echo', (error, opened) => (error ? reject(error) : resolve(opened))),
  );
  channel.end(text);
  let back = '';
  for await (const chunk of channel) back += String(chunk);
  return back;
}

it('prepares both keys of AES-GCM, also after they were renewed', async () => {
  await connect('aes256-gcm@openssh.com');
  expect(await echoed('a'.repeat(100_000))).toHaveLength(100_000);
  expect(counts).toEqual([2]);
  await new Promise<void>((resolve) => serverSide.rekey(() => resolve()));
  expect(await echoed('b'.repeat(100_000))).toHaveLength(100_000);
  expect(counts).toEqual([2, 2]);
});

it('leaves ciphers alone that are made once', async () => {
  await connect('aes256-ctr');
  expect(await echoed('still here')).toBe('still here');
  expect(counts).toEqual([0]);
});

it.each(['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com'])(
  'seals packets of all sizes as they were, while keys are renewed too: %s',
  async (cipher) => {
    await connect(cipher);
    const channel = await new Promise<ClientChannel>((resolve, reject) =>
      client.exec('echo', (error, opened) => (error ? reject(error) : resolve(opened))),
    );
    const back: Buffer[] = [];
    channel.on('data', (chunk: Buffer) => back.push(chunk));
    // 1 byte to more than one packet; more packets than the last byte of the nonce can count.
    const sent = Array.from({ length: 600 }, (_, number) => randomBytes(1 + ((number * 7_919) % 40_000)));
    let isRenewed = false;
    for (const [number, piece] of sent.entries()) {
      if (number === 300) serverSide.rekey(() => (isRenewed = true));
      if (!channel.write(piece)) await once(channel, 'drain');
    }
    channel.end();
    await once(channel, 'close');
    expect(Buffer.concat(back).equals(Buffer.concat(sent))).toBe(true);
    expect(isRenewed).toBe(true);
    expect(counts).toEqual([2, 2]);
  },
);

it('lets the packets of one turn leave together', async () => {
  const socket = connectSocket((server.address() as unknown as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  gatherWrites(socket);
  await connect('aes128-gcm@openssh.com', socket);
  const channel = await new Promise<ClientChannel>((resolve, reject) =>
    client.exec('echo', (error, opened) => (error ? reject(error) : resolve(opened))),
  );
  type Gathering = { _writev: (parts: readonly unknown[]) => void };
  const gathered = vi.spyOn(socket as unknown as Gathering, '_writev');
  const single = vi.spyOn(socket, '_write');
  for (let number = 0; number < 10; number++) channel.write('packet\n');
  await new Promise((resolve) => process.nextTick(resolve));
  const parts = gathered.mock.calls.map(([all]) => all.length);
  expect({ parts, single: single.mock.calls.length }).toEqual({ parts: [30], single: 0 });
  let back = '';
  channel.end();
  for await (const chunk of channel) back += String(chunk);
  expect(back).toBe('packet\n'.repeat(10));
});
