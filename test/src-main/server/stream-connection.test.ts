/** Messages on a stream of bytes: whatever way it is cut into chunks, and whatever somebody else writes into it. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Connection } from '#contract/frame.ts';
import { maxMessageBytes, streamConnection } from '#main/server/stream-connection.ts';

let folder: string;
let listener: Server;
let peer: Socket;
let socket: Socket;
let connection: Connection;
let heard: unknown[];
let hasClosed: boolean;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-stream-'));
  listener = createServer();
  const path = join(folder, 's');
  listener.listen(path);
  await once(listener, 'listening');
  const accepted = once(listener, 'connection');
  peer = createConnection(path);
  [socket] = (await accepted) as [Socket];
  connection = streamConnection(socket);
  heard = [];
  hasClosed = false;
  connection.onFrame((frame) => heard.push(frame));
  connection.onBinary((id, payload) => heard.push([id, Buffer.from(payload).toString()]));
  connection.onClose(() => {
    hasClosed = true;
  });
});
afterEach(async () => {
  peer.destroy();
  socket.destroy();
  listener.close();
  await rm(folder, { recursive: true, force: true });
});

function message(kind: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.byteLength + 1, 0);
  head.writeUInt8(kind, 4);
  return Buffer.concat([head, body]);
}
const frame = (value: unknown) => message(0, Buffer.from(JSON.stringify(value)));
const binary = (id: number, text: string) => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(id);
  return message(1, Buffer.concat([head, Buffer.from(text)]));
};

describe('a stream connection', () => {
  it('finds messages in single bytes and in one chunk alike', async () => {
    const bytes = Buffer.concat([frame({ a: 1 }), binary(7, 'hello'), frame({ b: 'ü' }), binary(8, '')]);
    for (const byte of bytes) peer.write(Buffer.of(byte));
    peer.write(bytes);
    const once4 = [{ a: 1 }, [7, 'hello'], { b: 'ü' }, [8, '']];
    await expect.poll(() => heard).toEqual([...once4, ...once4]);
    expect(hasClosed).toBe(false);
  });

  it.each([
    ['a message without a kind', Buffer.alloc(5)],
    ['one larger than the bound', Buffer.concat([bigHead(maxMessageBytes + 1), Buffer.of(0)])],
    ['an unknown kind', message(2, Buffer.from('{}'))],
    ['what is no JSON', message(0, Buffer.from('{'))],
    ['bytes for no stream', message(1, Buffer.alloc(3))],
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
  ])('ends at %s, and hears nothing after it', async (_what, bytes) => {
    peer.write(Buffer.concat([frame({ before: true }), bytes, frame({ after: true })]));
    await expect.poll(() => hasClosed).toBe(true);
    expect(heard).toEqual([{ before: true }, undefined]);
  });

  it('carries a message of the greatest size', async () => {
    const text = 'x'.repeat(maxMessageBytes - 1 - 2);
    peer.write(frame(text));
    await vi.waitFor(() => expect(heard).toHaveLength(1), { timeout: 5_000 });
    expect(heard[0]).toBe(text);
  });

  it('says what has not left yet, and when it has', async () => {
    const drained = vi.fn();
    connection.onDrain?.(drained);
    const payload = new Uint8Array(4 * 1024 * 1024);
    connection.sendBinary(1, payload);
    connection.sendBinary(1, payload);
    expect(connection.bufferedBytes).toBeGreaterThan(payload.byteLength);
    expect(drained).not.toHaveBeenCalled();
    peer.resume();
    await expect.poll(() => connection.bufferedBytes).toBe(0);
    expect(drained).toHaveBeenCalledTimes(2);
  });

  it('lets its last words leave before it ends, and ends even if nobody reads', async () => {
    const said: Buffer[] = [];
    peer.on('data', (chunk: Buffer) => said.push(chunk));
    connection.send({ t: 'pong', n: 1 });
    connection.close();
    await once(peer, 'close');
    expect(Buffer.concat(said).toString()).toContain('"pong"');
  });

  it('is gone when the other end is', async () => {
    peer.destroy();
    await expect.poll(() => hasClosed).toBe(true);
    connection.send({ t: 'pong', n: 1 });
    connection.sendBinary(1, new Uint8Array(1));
  });
});

function bigHead(sizeBytes: number): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(sizeBytes);
  return head;
}
