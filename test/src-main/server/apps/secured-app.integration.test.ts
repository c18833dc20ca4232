/** Apps that speak TLS alone. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import { expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { makeCertificates } from '#test/servers/certificates.ts';
import { AppWorld } from './app-world.ts';

it('comes over TLS from an app that has only that, whoever signed its certificate', async () => {
  await using world = await AppWorld.start();
  const { key, certificate } = await makeCertificates();
  const server = createServer({ key, cert: certificate }, (incoming, response) => {
    if (incoming.url === '/go') response.writeHead(301, { Location: `https://${incoming.headers.host}/x` });
    response.end('secured');
  });
  const app = await world.behind('api-3000', server, { protocol: 'https' });
  const sockets = new WebSocketServer({ server: app.server });
  sockets.on('connection', (socket) => socket.send('secured'));
  const cookie = await world.letIn();
  for (let count = 0; count < 3; count += 1)
    expect(await world.ask({ cookie })).toMatchObject({ status: 200, text: 'secured' });
  expect(app.dials).toBe(1);
  // It believes to be at https, and is at http as the browser knows it.
  expect((await world.ask({ cookie, path: '/go' })).headers.location).toBe(`${world.originOf()}/x`);
  const socket = new WebSocket(`ws://127.0.0.1:${world.port}/`, {
    headers: { host: world.hostOf(), origin: world.originOf(), cookie },
  });
  expect(String((await once(socket, 'message'))[0])).toBe('secured');
  socket.terminate();
  sockets.close();
  const plain = await world.app('web-80', (_, response) => response.end(), { protocol: 'https' });
  expect((await world.ask({ label: 'web-80' })).status).toBe(502);
  expect(plain.connections.size).toBe(0);
});
