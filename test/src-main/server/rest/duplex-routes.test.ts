/** Byte streams over a web socket of their own, with the smallest server that upgrades. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { BerthError } from '#contract/berth-error.ts';
import { byteFlow } from '#contract/frame.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import type { Handlers } from '#main/control-plane/handler.ts';
import { duplexRoutes, openDuplex } from '#main/server/rest/duplex-routes.ts';
import { callerWith, dispatcherWith, recordingLog } from '#test/transports/plane-double.ts';

const path = '/terminals/term_00000000000000000000/attach';
const log = recordingLog();
const noQuery = new URLSearchParams();
let server: Server | undefined;
let sockets: WebSocketServer | undefined;
afterEach(() => {
  for (const socket of sockets?.clients ?? []) socket.terminate();
  server?.closeAllConnections();
  server?.close();
});

async function connect(attach: Handlers['terminals.attach']) {
  const dispatcher = dispatcherWith({ 'terminals.attach': attach }, log);
  const run = openDuplex(path, { dispatcher, caller: callerWith(), query: noQuery, log });
  if (run === undefined) throw new Error('there is no such route');
  const upgrader = new WebSocketServer({ noServer: true });
  sockets = upgrader;
  server = createServer();
  server.on('upgrade', (request, socket, head) => upgrader.handleUpgrade(request, socket, head, run));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const got = collect(client);
  await once(client, 'open');
  return { client, ...got };
}

/** What came, and how it ended. */
function collect(client: WebSocket) {
  let bytes = Buffer.alloc(0);
  client.on('message', (data: Buffer) => (bytes = Buffer.concat([bytes, data])));
  const closed = once(client, 'close').then(([code, reason]) => [code as number, String(reason)] as const);
  return { text: () => bytes.toString(), size: () => bytes.length, closed };
}

describe('a duplex route', () => {
  it('is there for the terminals', () => {
    expect(duplexRoutes).toContainEqual(
      expect.objectContaining({ method: 'terminals.attach', path: '/terminals/:id/attach' }),
    );
  });

  it('carries bytes both ways, and ends as it ended', async () => {
    const { client, text, size, closed } = await connect(async ({ id }, channel) => {
      await channel.send(Buffer.from(`${id}:`));
      await new Promise<void>((resolve) => {
        channel.onReceive(async (bytes) => {
          await channel.send(Buffer.from(bytes).reverse());
          if (bytes.includes(0x2e)) resolve();
        });
      });
    });
    client.send(Buffer.from('abc'));
    await expect.poll(text).toBe('term_00000000000000000000:cba');
    // Text is its bytes.
    client.send('äö.');
    expect(await closed).toEqual([1000, 'ended']);
    expect(size()).toBe('term_00000000000000000000:cba'.length + 5);
  });

  it('closes with the status and the code of what failed, after what was said before', async () => {
    const { text, closed } = await connect(async (_input, channel) => {
      await channel.send(Buffer.from('last words'));
      throw new BerthError('terminal.ended', 'It has ended.');
    });
    expect(await closed).toEqual([4410, 'terminal.ended']);
    expect(text()).toBe('last words');
  });

  it('shows nothing of a fault of ours but that there was one', async () => {
    const { closed } = await connect(() => Promise.reject(new Error('canary')));
    expect(await closed).toEqual([4500, 'internal']);
    expect(log.entries.some(({ level }) => level === 'error')).toBe(true);
  });

  it('waits while the socket is full, and ends when it is gone', async () => {
    let sentBytes = 0;
    let isOver = false;
    const { client } = await connect(async (_input, channel, { signal }) => {
      const part = Buffer.alloc(byteFlow.batchBytes);
      try {
        while (!signal.aborted) {
          await channel.send(part);
          sentBytes += part.length;
        }
      } finally {
        isOver = true;
      }
    });
    client.pause();
    let before = -1;
    await expect
      .poll(
        () => {
          const isStill = sentBytes === before;
          before = sentBytes;
          return isStill;
        },
        { interval: 200 },
      )
      .toBe(true);
    expect(sentBytes).toBeLessThan(64 * 1024 * 1024);
    client.terminate();
    await expect.poll(() => isOver).toBe(true);
  });

  it('reads no more than is used', async () => {
    let receivedBytes = 0;
    let useOn: () => void = () => {};
    const { client } = await connect(
      (_input, channel, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve(), { once: true });
          channel.onReceive((bytes) => {
            receivedBytes += bytes.byteLength;
            return new Promise<void>((used) => (useOn = used));
          });
        }),
    );
    const part = Buffer.alloc(byteFlow.initialBytes);
    for (let n = 0; n < 64; n += 1) client.send(part);
    await expect.poll(() => receivedBytes).toBeGreaterThanOrEqual(part.length);
    let before = -1;
    await expect
      .poll(
        () => {
          const isStill = receivedBytes === before;
          before = receivedBytes;
          return isStill;
        },
        { interval: 100 },
      )
      .toBe(true);
    // What the library had read already is delivered; no more is read.
    const stopped = receivedBytes;
    expect(stopped).toBeLessThan(64 * part.length);
    useOn();
    client.terminate();
  });

  it.each([
    ['another path', '/terminals/term_00000000000000000000/other'],
    ['a longer one', `${path}/more`],
    ['none', ''],
    ['one that is badly encoded', '/terminals/%ff/attach'],
  ])('is not %s', (_name, other) => {
    const dispatcher = dispatcherWith({}, log);
    expect(openDuplex(other, { dispatcher, caller: callerWith(), query: noQuery, log })).toBeUndefined();
  });

  it('refuses before the handshake what can be refused there', () => {
    const dispatcher = dispatcherWith({}, log);
    const open = (at: string, caller: Caller) => () =>
      openDuplex(at, { dispatcher, caller, query: noQuery, log });
    expect(open(path, callerWith(['terminals.read']))).toThrow('There is nothing here by that name.');
    expect(open('/terminals/nonsense/attach', callerWith())).toThrow('Not valid: id');
  });
});
