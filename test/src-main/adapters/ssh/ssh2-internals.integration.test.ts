/** Against ssh2's own server: keys are prepared at the first exchange and at each renewal, and packets still pass. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import ssh2, { type Client, type ClientChannel, type Connection, type ServerChannel } from 'ssh2';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { prepareKeys } from '#main/adapters/ssh/ssh2-internals.ts';

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

async function connect(cipher: string): Promise<void> {
  client = new ssh2.Client();
  client.on('handshake', () => counts.push(prepareKeys(client)));
  const ready = once(client, 'ready');
  client.connect({
    host: '127.0.0.1',
    port: (server.address() as unknown as AddressInfo).port,
    username: 'tester',
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
