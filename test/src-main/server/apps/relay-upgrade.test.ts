/** Web sockets and other upgrades through the gateway, both ways and to both ends. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { waitUntil } from '#test/servers/wait-until.ts';
import { AppWorld } from './app-world.ts';

let world: AppWorld;
beforeEach(async () => {
  world = await AppWorld.start();
});
afterEach(() => world[Symbol.asyncDispose]());

describe('a web socket', () => {
  it('brings text and bytes both ways, its subprotocol and its app’s refusal', async () => {
    const app = await world.app('api-3000', (_, response) => response.writeHead(404).end('no such'));
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'two' });
    app.server.on('upgrade', (incoming, socket, head) => {
      if (incoming.url === '/none') socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno');
      else
        sockets.handleUpgrade(incoming, socket, head, (opened) => {
          opened.send(JSON.stringify([incoming.headers.origin, incoming.headers.cookie ?? null]));
          opened.on('message', (data, isBinary) => opened.send(data, { binary: isBinary }));
        });
    });
    const cookie = await world.letIn();
    const headers = { host: world.hostOf(), origin: world.originOf(), cookie: `${cookie}; sid=1` };
    const socket = new WebSocket(`ws://127.0.0.1:${world.port}/ws?x=1`, ['one', 'two'], { headers });
    expect(JSON.parse(String((await once(socket, 'message'))[0]))).toEqual([world.originOf(), 'sid=1']);
    expect(socket.protocol).toBe('two');
    const large = Buffer.alloc(3_000_000, 7);
    socket.send(large);
    expect(large.equals((await once(socket, 'message'))[0] as Buffer)).toBe(true);
    socket.close(4001, 'bye');
    await once(socket, 'close');
    await waitUntil(() => sockets.clients.size === 0, { what: 'the app’s socket is closed' });
    const refused = new WebSocket(`ws://127.0.0.1:${world.port}/none`, { headers });
    refused.on('error', () => undefined);
    const [, answer] = (await once(refused, 'unexpected-response')) as [unknown, IncomingMessage];
    expect(answer.statusCode).toBe(404);
    refused.terminate();
    sockets.close();
  });

  it('ends on both sides when the way is cut', async () => {
    const app = await world.app('api-3000', (_, response) => response.end());
    const sockets = new WebSocketServer({ server: app.server });
    const cookie = await world.letIn();
    const socket = new WebSocket(`ws://127.0.0.1:${world.port}/`, {
      headers: { host: world.hostOf(), origin: world.originOf(), cookie },
    });
    await once(socket, 'open');
    const closed = once(socket, 'close');
    app.cut();
    await closed;
    await waitUntil(() => sockets.clients.size === 0, { what: 'the app’s socket is closed' });
    sockets.close();
  });

  it('is not the only upgrade there is', async () => {
    const app = await world.app('api-3000', (_, response) => response.end());
    app.server.on('upgrade', (incoming, socket) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${incoming.headers.upgrade}\r\n\r\nfirst `,
      );
      socket.pipe(socket);
    });
    const cookie = await world.letIn();
    const answer = await world.raw(
      `GET / HTTP/1.1\r\nHost: ${world.hostOf()}\r\nOrigin: ${world.originOf()}\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nsaid at once`,
      { isHalfClosed: true },
    );
    expect(answer).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(answer).toMatch(/\r\nUpgrade: echo\r\n\r\nfirst said at once$/);
  });

  it('that is refused with half an answer, or broken off, is reset', async () => {
    const app = await world.app('api-3000', (_, response) => response.end());
    const answers = [
      'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nhello',
    ];
    app.server.on('upgrade', (incoming, socket) => {
      socket.write(answers[Number(incoming.url?.slice(1))] ?? '', () => (socket as Socket).resetAndDestroy());
    });
    const cookie = await world.letIn();
    for (const path of ['/0', '/1']) {
      const lines = [`GET ${path} HTTP/1.1`, `Host: ${world.hostOf()}`, `Origin: ${world.originOf()}`];
      const head = [...lines, `Cookie: ${cookie}`, 'Connection: Upgrade', 'Upgrade: raw', '', ''];
      await expect(world.raw(head.join('\r\n')), path).rejects.toMatchObject({ code: 'ECONNRESET' });
    }
  });
});
