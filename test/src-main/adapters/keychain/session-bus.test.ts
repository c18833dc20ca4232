import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { busItself, sessionBusPath, withSessionBus } from '#main/adapters/keychain/session-bus.ts';

let folder: string;
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-bus-'));
});
afterEach(async () => {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

describe('sessionBusPath', () => {
  it.each([
    ['unix:path=/run/user/1000/bus', '/run/user/1000/bus'],
    ['unix:path=/tmp/a%20b,guid=123', '/tmp/a b'],
    ['tcp:host=x;unix:guid=1,path=/second', '/second'],
    ['unix:abstract=/tmp/dbus-x', '\0/tmp/dbus-x'],
    ['tcp:host=localhost,port=1', undefined],
    ['nonsense', undefined],
  ])('of %s', (address, path) => {
    expect(sessionBusPath({ DBUS_SESSION_BUS_ADDRESS: address })).toBe(path);
  });

  it('is the one in the runtime folder where no address is given and a bus is there', () => {
    expect(sessionBusPath({ XDG_RUNTIME_DIR: folder })).toBeUndefined();
    writeFileSync(join(folder, 'bus'), '');
    expect(sessionBusPath({ XDG_RUNTIME_DIR: folder, DBUS_SESSION_BUS_ADDRESS: '' })).toBe(
      join(folder, 'bus'),
    );
    expect(sessionBusPath({})).toBeUndefined();
  });
});

describe('withSessionBus', () => {
  /** A bus that says what it is told to, whatever it is asked. */
  function listen(
    answer: (received: Buffer, reply: (bytes: Buffer | string) => void) => void,
  ): Promise<string> {
    const path = join(folder, 'socket');
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (received) => answer(received, (bytes) => socket.write(bytes)));
    });
    return new Promise((resolve) => server?.listen(path, () => resolve(path)));
  }
  const ask = (path: string, timeoutMs = 5000) =>
    withSessionBus(path, timeoutMs, (bus) => bus.call({ ...busItself, member: 'GetId' }));

  it('gives up a bus that says nothing', async () => {
    const path = await listen(() => undefined);
    await expect(ask(path, 50)).rejects.toMatchObject({ busName: 'unreachable' });
  });

  it('gives up a bus that refuses, hangs up, is absent, or sends without end', async () => {
    const refusing = await listen((_received, reply) => reply('REJECTED EXTERNAL\r\n'));
    await expect(ask(refusing)).rejects.toMatchObject({ busName: 'unreachable' });
    await expect(ask(join(folder, 'nobody'))).rejects.toMatchObject({ busName: 'unreachable' });
    await new Promise((resolve) => server?.close(resolve));
    const endless = Buffer.alloc(16);
    endless.write('l');
    endless.writeUInt32LE(0xffff_ff00, 4);
    const flooding = await listen((received, reply) =>
      reply(received.includes('AUTH') ? 'OK 1234\r\n' : endless),
    );
    await expect(ask(flooding)).rejects.toMatchObject({ busName: 'unreachable' });
  });
});
