/** Apps beside Berth itself on one server: told apart by Host before anything else, and gone with the session. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppTarget } from '#main/control-plane/forwards/app-door.ts';
import { startServer, type StartServerOptions, type TestServer } from '#test/harness/start-server.ts';
import { ask } from '#test/src-main/server/http-client.ts';
import { FakeApp, FakeDoor, owner } from './app-world.ts';

let app: Server;
let door: FakeDoor;
let server: TestServer | undefined;
beforeEach(async () => {
  door = new FakeDoor();
  app = createServer({ maxHeaderSize: 128 * 1024 }, (request, response) =>
    response.end(JSON.stringify(request.headers)),
  ).listen(0, '127.0.0.1');
  await once(app, 'listening');
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  app.closeAllConnections();
  app.close();
});

async function start(options: StartServerOptions = {}, over: Partial<AppTarget> = {}): Promise<TestServer> {
  server = await startServer({ ...options, apps: door });
  door.apps.set('api-3000', new FakeApp((app.address() as { port: number }).port, 'api-3000', over));
  return server;
}

/** In the name of a session that is good until `end`. */
async function letIn(to: TestServer): Promise<{ host: string; cookie: string; end: () => void }> {
  door.isThere = true;
  const visitor = { userId: owner, access: null };
  const link = await door.carrier?.createLink({ label: 'api-3000', path: '/', visitor, shownIn: 'browser' });
  const { host, origin, hash } = new URL(link?.url ?? '');
  const entered = await ask(to.port, {
    method: 'POST',
    path: '/.berth/enter',
    headers: { host, origin },
    body: hash.slice(1),
  });
  expect(entered.status).toBe(200);
  const cookie = String(entered.headers['set-cookie']).split(';')[0] ?? '';
  return { host, cookie, end: () => (door.isThere = false) };
}

describe('apps of a served Berth on loopback', () => {
  it('are below localhost at its own port, and the window may show them', async () => {
    const to = await start();
    expect(await door.carrier?.originOf('api-3000')).toBe(`http://api-3000.localhost:${to.port}`);
    const { headers } = await to.get('/');
    expect(headers['content-security-policy']).toContain(`; frame-src http://*.localhost:${to.port}; `);
    expect(headers).not.toHaveProperty('cross-origin-embedder-policy');
    const { host, cookie } = await letIn(to);
    const own = await to.ownerCookie();
    const told = await ask(to.port, { path: '/', headers: { host, cookie: `${cookie}; ${own}; sid=1` } });
    expect(JSON.parse(told.text)).toMatchObject({ host, cookie: 'sid=1' });
    // Nothing of Berth's own answers there, and nothing of the app's at Berth's.
    expect(told.headers).not.toHaveProperty('x-frame-options');
    for (const path of ['/api/v1/about', '/sign-in', '/api/v1/session'])
      expect(JSON.parse((await ask(to.port, { path, headers: { host, cookie } })).text).host).toBe(host);
    expect((await ask(to.port, { path: '/.berth/enter', headers: to.own })).text).not.toContain('Opening');
  });

  it('never get a token of Berth’s, good or old, and keep their own', async () => {
    const to = await start();
    const { host, cookie } = await letIn(to);
    to.accounts.addPerson('ann@example.org', 'a long enough phrase');
    const { access_token: token } = await to.tokens('ann@example.org', 'a long enough phrase');
    const seen = async (authorization: string) =>
      JSON.parse((await ask(to.port, { path: '/', headers: { host, cookie, authorization } })).text)
        .authorization;
    expect(await seen(`Bearer ${token}`)).toBeUndefined();
    expect(await seen('Bearer berth_0123')).toBeUndefined();
    expect(await seen('Bearer a.b.c')).toBe('Bearer a.b.c');
    expect(await seen('Basic dTpw')).toBe('Basic dTpw');
  });

  it('end when their session does, at once', async () => {
    const to = await start();
    const { host, cookie, end } = await letIn(to);
    app.removeAllListeners('request');
    app.on('request', (_, response) => response.write('beginning'));
    const socket = connect({ port: to.port, host: '127.0.0.1' });
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n\r\n`);
    await once(socket, 'data');
    const closed = once(socket, 'close');
    await to.ownerCookie();
    end();
    to.accounts.signOutEverywhere(owner);
    await closed;
    expect((await ask(to.port, { path: '/', headers: { host, cookie } })).status).toBe(403);
  });

  it('have headers as large as they like, and Berth has not', async () => {
    const to = await start();
    const { host, cookie } = await letIn(to);
    const large = 'x'.repeat(30_000);
    const told = await ask(to.port, { path: '/', headers: { host, cookie, 'x-large': large } });
    expect(JSON.parse(told.text)['x-large']).toBe(large);
    expect((await to.get('/', { 'x-large': large })).status).toBe(431);
  });

  it('have no address where another program has the other half of the port', async (context) => {
    const to = await start();
    const other = createServer().listen({ port: to.port, host: '::1', ipv6Only: true });
    const outcome = await Promise.race([
      once(other, 'listening').then(() => 'listens'),
      once(other, 'error'),
    ]);
    if (outcome !== 'listens') context.skip('this computer has no ::1');
    await expect(door.carrier?.originOf('api-3000')).rejects.toMatchObject({ code: 'app.no-address' });
    other.close();
    await once(other, 'close');
    expect(await door.carrier?.originOf('api-3000')).toBe(`http://api-3000.localhost:${to.port}`);
    const second = createServer().listen({ port: to.port, host: '::1', ipv6Only: true });
    expect((await once(second, 'error'))[0]).toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('apps of a Berth with a public address', () => {
  const publicOrigin = 'https://berth.example.org';

  it('are below the domain that was given, over TLS, and nowhere else', async () => {
    const to = await start({ publicOrigin, served: { appsOrigin: 'https://*.apps.example.net' } });
    expect(await door.carrier?.originOf('api-3000')).toBe('https://api-3000.apps.example.net');
    const { host, cookie } = await letIn(to);
    expect(cookie).toMatch(/^__Host-berth-app=/);
    const told = await ask(to.port, { path: '/', headers: { host, cookie } });
    expect(JSON.parse(told.text)).toMatchObject({
      host,
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '443',
    });
    const { headers } = await ask(to.port, { path: '/', headers: { host: 'berth.example.org' } });
    expect(headers['content-security-policy']).toContain('; frame-src https://*.apps.example.net; ');
    for (const other of [
      `api-3000.localhost:${to.port}`,
      'api-3000.berth.example.org',
      'a.b.apps.example.net',
      'apps.example.net',
    ])
      expect((await ask(to.port, { path: '/', headers: { host: other, cookie } })).status, other).toBe(403);
  });

  it('have none where no domain was given, and whoever asks is told what to do', async () => {
    const to = await start({ publicOrigin });
    const said = { code: 'app.no-address', message: expect.stringContaining('APPS_ORIGIN=https://*.') };
    await expect(door.carrier?.originOf('api-3000')).rejects.toMatchObject(said);
    const visitor = { userId: owner, access: null };
    await expect(
      door.carrier?.createLink({ label: 'api-3000', path: '/', visitor, shownIn: 'frame' }),
    ).rejects.toMatchObject(said);
    const { headers } = await ask(to.port, { path: '/', headers: { host: 'berth.example.org' } });
    expect(headers['content-security-policy']).not.toContain('frame-src');
    expect(headers['cross-origin-embedder-policy']).toBe('require-corp');
  });
});
