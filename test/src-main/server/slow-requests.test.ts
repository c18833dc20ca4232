/** Senders that are slow, silent, endless or oversized: answered, and let go. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '#test/harness/start-server.ts';

let berth: TestServer;
const open: Socket[] = [];

beforeEach(async () => {
  berth = await startServer({ timing: { signInBodyMs: 100, slow: { silenceMs: 150, restMs: 50 } } });
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  await berth.close();
});

/** Sends exactly this, and gives everything that came until the server let go. */
async function untilEnd(text: string, onData?: (socket: Socket) => void): Promise<string> {
  const socket = connect(berth.port, '127.0.0.1');
  open.push(socket);
  let got = '';
  socket.on('data', (data) => {
    got += data.toString();
    onData?.(socket);
  });
  // The server ends connections that still send.
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  return got;
}

const head = (path: string, headers: Record<string, string>) =>
  `POST ${path} HTTP/1.1\r\n${Object.entries({ host: berth.host, ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);

describe('a body', () => {
  it.each(['/token', '/register', '/password/forgot'])(
    'that stops arriving at %s is answered 408, and its connection closed',
    async (path) => {
      const text = await untilEnd(`${head(path, { ...form, 'content-length': '100' })}username=`);
      expect(statusOf(text)).toBe(408);
    },
  );

  it('that is announced as too large is answered 413 before it came', async () => {
    const text = await untilEnd(head('/token', { ...form, 'content-length': '10000000' }));
    expect(statusOf(text)).toBe(413);
  });

  it('that grows without end is answered 413 at the limit', async () => {
    const chunk = 'x'.repeat(4_000);
    const part = `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
    const text = await untilEnd(head('/token', { ...form, 'transfer-encoding': 'chunked' }) + part.repeat(5));
    expect(statusOf(text)).toBe(413);
  });

  it('that nobody reads does not hold its connection after the answer', async () => {
    const text = await untilEnd(
      head('/api/v1/hosts', { 'content-type': 'application/json', 'content-length': '100' }),
    );
    expect(statusOf(text)).toBe(401);
  });

  it('that nobody answers yet is given up when nothing comes for long', async () => {
    // A call of the API has a minute for its body: silence ends it before.
    const key = berth.accounts.addKey(berth.accounts.addPerson('a@example.org', 'correct horse'), [
      'account.write',
    ]);
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
    const text = await untilEnd(`${head('/api/v1/api-keys', { ...headers, 'content-length': '100' })}{`);
    expect(statusOf(text)).toBe(408);
  });
});

describe('a head', () => {
  it('that is larger than any of ours is refused', async () => {
    const text = await untilEnd(head('/token', { ...form, 'x-filler': 'x'.repeat(20_000) }));
    expect(statusOf(text)).toBe(431);
  });

  it('with two lengths, or with a length and chunks, is refused', async () => {
    const two = `POST /token HTTP/1.1\r\nhost: ${berth.host}\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n`;
    expect(statusOf(await untilEnd(two))).toBe(400);
    const both = head('/token', { ...form, 'content-length': '5', 'transfer-encoding': 'chunked' });
    expect(statusOf(await untilEnd(`${both}0\r\n\r\n`))).toBe(400);
  });

  it('with two Hosts, or none, is refused', async () => {
    const two = `GET /user HTTP/1.1\r\nhost: ${berth.host}\r\nhost: evil.example\r\nconnection: close\r\n\r\n`;
    expect(statusOf(await untilEnd(two))).toBe(403);
    const origins = `GET /user HTTP/1.1\r\nhost: ${berth.host}\r\norigin: ${berth.origin}\r\norigin: null\r\nconnection: close\r\n\r\n`;
    expect(statusOf(await untilEnd(origins))).toBe(403);
    expect(statusOf(await untilEnd('GET /user HTTP/1.1\r\nconnection: close\r\n\r\n'))).toBe(400);
    expect(statusOf(await untilEnd('GET /user HTTP/1.0\r\n\r\n'))).toBe(403);
  });
});

it('answers an honest client on the same connection again and again', async () => {
  const body = 'username=a&password=b';
  const one = head('/token', { ...form, 'content-length': String(body.length) }) + body;
  const last = head('/token', { ...form, 'content-length': String(body.length), connection: 'close' }) + body;
  const text = await untilEnd(one + one + last);
  expect(text.match(/HTTP\/1\.1 400/g)).toHaveLength(3);
});
