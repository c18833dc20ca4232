/** Sockets of programs and windows: how they may prove who asks, and that they end with what opened them. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { UserId } from '#contract/ids.ts';
import { createClient } from '#renderer/transport/client.ts';
import { webSocketConnection } from '#renderer/transport/websocket-connection.ts';
import { startServer, type TestServer } from '#test/harness/start-server.ts';
import { upgrade } from './http-client.ts';

const email = 'ann@example.org';
const password = 'correct horse battery';
const cors = 'https://app.example';
let nowMs: number;
let berth: TestServer;
let ann: UserId;
const open: WebSocket[] = [];

beforeEach(async () => {
  nowMs = Date.parse('2026-01-02T03:04:05Z');
  berth = await startServer({
    nowMs: () => nowMs,
    timing: { recheckMs: 10 },
    served: { corsOrigins: [cors] },
  });
  ann = berth.accounts.addPerson(email, password);
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.terminate();
  await berth.close();
});

const protocols = ['berth.v1'];
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function ticketFor(headers: Record<string, string>, path = '/v1/socket-ticket'): Promise<string> {
  const answer = await berth.postJson(path, {}, headers);
  expect(answer.status).toBe(200);
  return (JSON.parse(answer.text) as { ticket: string }).ticket;
}

async function opened(asked: Parameters<typeof upgrade>[1]): Promise<WebSocket> {
  const socket = await upgrade(berth.port, { protocols, ...asked });
  if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
  open.push(socket);
  return socket;
}

async function closing(socket: WebSocket): Promise<[code: number, reason: string]> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return [code, reason.toString()];
}

describe('a socket of a program', () => {
  it('opens with an access token or an API key, without Origin, as that person', async () => {
    const { access_token } = await berth.tokens(email, password);
    const key = berth.accounts.addKey(ann, ['settings.read']);
    for (const token of [access_token, key]) {
      const socket = await opened({ headers: bearer(token) });
      expect(socket.protocol).toBe('berth.v1');
      socket.binaryType = 'arraybuffer';
      const client = createClient(webSocketConnection(socket as unknown as globalThis.WebSocket));
      await expect(client.call('about.get', {})).resolves.toMatchObject({ user: { id: ann } });
      client.close();
    }
  });

  it('opens with a ticket that a token bought, once, also from a page that may call from elsewhere', async () => {
    const { access_token } = await berth.tokens(email, password);
    for (const headers of [{}, { origin: cors }, { origin: berth.origin }]) {
      const ticket = await ticketFor(bearer(access_token));
      const offers = [...protocols, `ticket.${ticket}`];
      await opened({ protocols: offers, headers });
      await expect(upgrade(berth.port, { protocols: offers, headers })).resolves.toBe(401);
    }
  });

  it('is refused with a bad token, also beside a good cookie and a good ticket', async () => {
    const cookie = await berth.ownerCookie();
    const ticket = await ticketFor({ ...berth.own, cookie }, '/api/v1/socket-ticket');
    const headers = { ...bearer('wrong'), cookie, origin: berth.origin };
    const offers = [...protocols, `ticket.${ticket}`];
    await expect(upgrade(berth.port, { protocols: offers, headers })).resolves.toBe(401);
    // It was not even looked at.
    await opened({ protocols: offers, headers: { origin: berth.origin } });
  });

  it('is refused from a foreign page and under a foreign name, with a good token', async () => {
    const { access_token } = await berth.tokens(email, password);
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { host: `evil.example:${berth.port}` },
      { 'sec-fetch-site': 'cross-site' },
    ])
      await expect(
        upgrade(berth.port, { protocols, headers: { ...bearer(access_token), ...headers } }),
      ).resolves.toBe(403);
  });

  it('is refused at paths that only look like its own', async () => {
    const { access_token } = await berth.tokens(email, password);
    for (const path of [
      '/api/v1/socket/',
      '/api/v1/../v1/socket',
      '/api/v1/./socket',
      '//api/v1/socket',
      '/API/v1/socket',
      '/api/v1/socket?',
      '/api/v1/socket%3f',
      '/api%2fv1/socket',
      '/api/v1/socket?ticket=x',
      '/ws',
    ])
      await expect(rawUpgrade(path, bearer(access_token)), path).resolves.toBe(404);
  });
});

describe('a socket of a window', () => {
  it('never opens by the cookie’s authority without our own Origin, not with a ticket that it bought', async () => {
    const cookie = await berth.cookie(email, password);
    const ticket = await ticketFor({ ...berth.own, cookie }, '/api/v1/socket-ticket');
    const offers = [...protocols, `ticket.${ticket}`];
    for (const headers of [{}, { cookie }, { origin: cors }, { origin: cors, cookie }])
      await expect(upgrade(berth.port, { protocols: offers, headers })).resolves.toBe(403);
    await expect(upgrade(berth.port, { protocols, headers: { cookie, origin: berth.origin } })).resolves.toBe(
      401,
    );
    await opened({ protocols: offers, headers: { origin: berth.origin } });
  });
});

describe('an open socket', () => {
  it('ends when its session is signed out, and only that one', async () => {
    const [first, second] = [await berth.tokens(email, password), await berth.tokens(email, password)];
    const socket = await opened({ headers: bearer(first.access_token) });
    const other = await opened({ headers: bearer(second.access_token) });
    const closed = closing(socket);
    await berth.postJson('/logout', {}, bearer(first.access_token));
    await expect(closed).resolves.toEqual([1008, 'signed out']);
    expect(other.readyState).toBe(WebSocket.OPEN);
  });

  it('ends when its person’s rights change or end, with every proof', async () => {
    const key = berth.accounts.addKey(ann, ['settings.read', 'workspaces.write']);
    const cookie = await berth.cookie(email, password);
    const ticket = await ticketFor({ ...berth.own, cookie }, '/api/v1/socket-ticket');
    const sockets = [
      await opened({ headers: bearer(key) }),
      await opened({
        protocols: [...protocols, `ticket.${ticket}`],
        headers: { origin: berth.origin },
      }),
    ];
    const narrowed = sockets.map(closing);
    berth.accounts.changeRole(ann, 'viewer');
    await expect(Promise.all(narrowed)).resolves.toEqual([
      [1012, 'access changed'],
      [1012, 'access changed'],
    ]);
    const again = await opened({ headers: bearer(key) });
    const closed = closing(again);
    berth.accounts.disable(ann);
    await expect(closed).resolves.toEqual([1008, 'signed out']);
  });

  it('ends when its key is removed, not when another of the same person is', async () => {
    const [key, other] = [1, 2].map(() => berth.accounts.addKey(ann, ['settings.read']));
    const socket = await opened({ headers: bearer(key ?? '') });
    berth.accounts.removeKey(other ?? '');
    const closed = closing(socket);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    berth.accounts.removeKey(key ?? '');
    await expect(closed).resolves.toEqual([1008, 'signed out']);
  });

  it('ends when its key expires, though nobody tells', async () => {
    const key = berth.accounts.addKey(ann, ['settings.read'], nowMs + 1_000);
    const closed = closing(await opened({ headers: bearer(key) }));
    nowMs += 1_000;
    await expect(closed).resolves.toEqual([1008, 'signed out']);
  });

  it('outlives its access token, which is for opening it, while the session lives', async () => {
    const { access_token } = await berth.tokens(email, password);
    const socket = await opened({ headers: bearer(access_token) });
    nowMs += 3_600_000;
    expect((await berth.about(access_token)).status).toBe(401);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    const closed = closing(socket);
    berth.accounts.signOutEverywhere(ann);
    await expect(closed).resolves.toEqual([1008, 'signed out']);
  });

  it('is one of at most thirty-two of its browser', async () => {
    const cookie = await berth.cookie(email, password);
    const attempt = async () => {
      const ticket = await ticketFor({ ...berth.own, cookie }, '/api/v1/socket-ticket');
      const offers = [...protocols, `ticket.${ticket}`];
      return upgrade(berth.port, { protocols: offers, headers: { origin: berth.origin } });
    };
    for (let n = 0; n < 32; n += 1) {
      const socket = await attempt();
      if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
      open.push(socket);
    }
    await expect(attempt()).resolves.toBe(429);
  });
});

/** `ws` tidies a path up before it sends it; this does not. */
async function rawUpgrade(path: string, headers: Record<string, string>): Promise<number> {
  const socket = connect(berth.port, '127.0.0.1');
  const lines = Object.entries({
    host: berth.host,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-protocol': 'berth.v1',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  const [first] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d+)/.exec(first.toString())?.[1]);
}
