/** Who is let into an app, by a real gateway in front of real servers; and what nobody gets past it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { waitUntil } from '#test/servers/wait-until.ts';
import { AppWorld, stranger } from './app-world.ts';

let world: AppWorld;
beforeEach(async () => {
  world = await AppWorld.start();
});
afterEach(() => world[Symbol.asyncDispose]());

const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

describe('a link into an app', () => {
  it('leads to the app’s own origin, with its ticket where no browser sends it', async () => {
    await world.app('api-3000', (_, response) => response.end('the app'));
    const { url, expiresAtMs } = world.gateway.createLink({
      label: 'api-3000',
      path: '/deep?x=1#y',
      visitor: world.visitor,
      shownIn: 'browser',
    });
    expect(url).toMatch(new RegExp(`^http://api-3000\\.localhost:${world.port}/\\.berth/enter#[\\w-]{43}$`));
    expect(expiresAtMs).toBe(world.nowMs + 60_000);
    const told = await world.enter('api-3000', new URL(url).hash.slice(1));
    expect(told).toMatchObject({ status: 200, text: '/deep?x=1#y' });
    const cookie = String(told.headers['set-cookie']).split(';')[0] ?? '';
    expect(String(told.headers['set-cookie'])).toBe(`${cookie}; Path=/; HttpOnly; SameSite=Lax`);
    expect(await world.ask({ cookie })).toMatchObject({ status: 200, text: 'the app' });
  });

  it('works once, within a minute, and for its own app alone', async () => {
    await world.app('api-3000', (_, response) => response.end('the app'));
    await world.app('web-80', (_, response) => response.end('another'));
    const ticket = world.ticketFor();
    expect((await world.enter('api-3000', ticket)).status).toBe(200);
    expect((await world.enter('api-3000', ticket)).status).toBe(403);
    expect((await world.enter('web-80', world.ticketFor('api-3000'))).status).toBe(403);
    const late = world.ticketFor();
    world.nowMs += 60_001;
    expect((await world.enter('api-3000', late)).status).toBe(403);
    expect((await world.enter('api-3000', 'x'.repeat(5_000))).status).toBe(403);
    expect((await world.enter('api-3000', '')).status).toBe(403);
  });

  it('is posted by the app’s own page alone: nobody elsewhere signs a browser in', async () => {
    await world.app('api-3000', (_, response) => response.end('the app'));
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: world.originOf('web-80') },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ])
      expect((await world.enter('api-3000', world.ticketFor(), headers as never)).status).toBe(403);
  });

  it('never leads out of the app, whatever its path says', async () => {
    await world.app('api-3000', (_, response) => response.end('the app'));
    for (const path of [
      '//evil.example/',
      '/\\evil.example',
      'https://evil.example/',
      '/%2f/evil.example',
      '/.//evil.example',
    ]) {
      const { text } = await world.enter('api-3000', world.ticketFor('api-3000', 'browser', path));
      expect(new URL(text, world.originOf()).origin, path).toBe(world.originOf());
      expect(text.startsWith('//'), path).toBe(false);
    }
  });

  it('brings a page that runs nothing but its own script, and shows nothing of the app', async () => {
    await world.app('api-3000', (_, response) => response.end('the app'));
    const told = await world.ask({ path: '/.berth/enter', cookie: '' });
    expect(told.status).toBe(200);
    expect(told.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    const policy = String(told.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect((await world.ask({ path: '/.berth/enter.js', cookie: '' })).text).toContain(
      'history.replaceState',
    );
    expect((await world.ask({ path: '/.berth/else' })).status).toBe(404);
  });

  it('is in no line of the log', async () => {
    await world.app('api-3000', (_, response) => response.end('the app'));
    const ticket = world.ticketFor();
    const { headers } = await world.enter('api-3000', ticket);
    const value = String(headers['set-cookie']).split(/[=;]/)[1] ?? '';
    await world.ask({
      cookie: `berth-app-${world.port}=${value}`,
      headers: { origin: 'http://evil.example' },
    });
    const lines = JSON.stringify(world.log.entries);
    expect(lines).toContain('foreign origin');
    expect(lines).not.toContain(ticket);
    expect(lines).not.toContain(value);
  });
});

describe('an app', () => {
  it('is for nobody without its session, and says the same of one that is not there', async () => {
    let asked = 0;
    await world.app('api-3000', (_, response) => {
      asked += 1;
      response.end('the app');
    });
    await world.app('web-80', (_, response) => response.end('another'));
    const cookie = await world.letIn('web-80');
    for (const given of ['', cookie, `berth-app-${world.port}=guess`]) {
      const there = await world.ask({ cookie: given, headers: page });
      const nowhere = await world.ask({ label: 'none-1', cookie: given, headers: page });
      expect(there.status).toBe(403);
      expect(there.text).toContain('Open this app from Berth');
      expect(nowhere.text).toBe(there.text);
    }
    expect((await world.ask({ cookie: '', headers: { accept: 'application/json' } })).text).toBe(
      'Open this app from Berth.\n',
    );
    expect(asked).toBe(0);
  });

  it('ends with the session that asked for the link, with what goes on in its name', async () => {
    await world.app('api-3000', (_, response) => response.write('beginning'));
    const cookie = await world.letIn();
    const isCut = await world.begin(cookie);
    world.door.isThere = false;
    world.gateway.recheck();
    expect(await isCut()).toBe(true);
    expect((await world.ask({ cookie })).status).toBe(403);
    world.door.isThere = true;
    // It is over for good.
    expect((await world.ask({ cookie })).status).toBe(403);
  });

  it('lasts through a restart, judged as before; a link that nobody followed does not', async () => {
    const app = await world.app('api-3000', (_, response) => response.end('the app'));
    const cookie = await world.letIn();
    const [value] = cookie.split('=').slice(1);
    const ticket = world.ticketFor();
    world.restart();
    expect(await world.ask({ cookie })).toMatchObject({ status: 200, text: 'the app' });
    expect((await world.enter('api-3000', ticket)).status).toBe(403);
    // What is kept is of no use to whoever reads it.
    const [kept] = [...world.door.kept.values()];
    expect(JSON.stringify(kept)).not.toContain(value);
    expect((await world.ask({ cookie: cookie.replace(String(value), String(kept?.id)) })).status).toBe(403);
    // Over one connection, as before.
    const dials = app.dials;
    for (let count = 0; count < 3; count += 1) await world.ask({ cookie });
    expect(app.dials).toBe(dials);
    world.restart();
    world.nowMs += 7 * 24 * 3_600_000;
    expect((await world.ask({ cookie })).status).toBe(403);
    expect(world.door.kept.size).toBe(0);
  });

  it('ends for its owner of before when it is somebody else’s', async () => {
    await world.app('api-3000', (_, response) => response.end('the app'));
    const cookie = await world.letIn();
    world.door.change('api-3000', { ownerId: stranger });
    expect((await world.ask({ cookie })).status).toBe(403);
    const { status } = await world.enter('api-3000', world.ticketFor());
    expect(status).toBe(403);
  });

  it('ends a web socket as soon as it may not be', async () => {
    const app = await world.app('api-3000', (_, response) => response.end());
    const sockets = new WebSocketServer({ server: app.server });
    sockets.on('connection', (socket) => socket.send('hello'));
    const cookie = await world.letIn();
    const socket = new WebSocket(`ws://127.0.0.1:${world.port}/ws`, {
      headers: { host: world.hostOf(), origin: world.originOf(), cookie },
    });
    await once(socket, 'message');
    const closed = once(socket, 'close');
    world.door.change('api-3000', { ownerId: stranger });
    await closed;
    sockets.close();
  });

  it('says that it was stopped, and goes on once it is started', async () => {
    await world.app('api-3000', (_, response) => response.end('the app'));
    const cookie = await world.letIn();
    world.door.change('api-3000', { isWanted: false });
    const told = await world.ask({ cookie, headers: page });
    expect(told.status).toBe(503);
    expect(told.text).toContain('was stopped');
    world.door.change('api-3000', { isWanted: true });
    expect((await world.ask({ cookie })).text).toBe('the app');
  });
});

describe('a page elsewhere', () => {
  it.each([
    ['posts with the cookie', 'POST', { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['posts without saying who it is', 'POST', { 'sec-fetch-site': 'cross-site' }],
    ['posts from a hidden origin', 'POST', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    [
      'sends a form in a navigation',
      'POST',
      { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site', ...page },
    ],
    [
      'is an app of the same domain',
      'POST',
      { origin: 'http://web-80.localhost', 'sec-fetch-site': 'same-site' },
    ],
    [
      'reads with a script',
      'GET',
      { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' },
    ],
    [
      'loads it as an image',
      'GET',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    ],
    [
      'loads it as a script of a neighbour',
      'GET',
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
    ],
    [
      'embeds it',
      'GET',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'object' },
    ],
    ['claims two origins', 'POST', { origin: ['http://evil.example', 'http://api-3000.localhost'] }],
  ] as const)('is refused when it %s', async (_, method, headers) => {
    let asked = 0;
    await world.app('api-3000', (_request, response) => {
      asked += 1;
      response.end('the app');
    });
    expect((await world.ask({ method, headers: headers as never })).status).toBe(403);
    expect(asked).toBe(0);
  });

  it('may be followed from, as any link, and the app’s own pages may do everything', async () => {
    await world.app('api-3000', (_, response) => response.end('the app'));
    const own = { origin: world.originOf(), 'sec-fetch-site': 'same-origin' };
    for (const asked of [
      { headers: { ...page, 'sec-fetch-site': 'cross-site' } },
      { method: 'POST', headers: own },
      { method: 'DELETE', headers: own },
      // A page of the app that hides its address.
      { method: 'POST', headers: { origin: 'null', 'sec-fetch-site': 'same-origin' } },
      { headers: { 'sec-fetch-site': 'none', ...page } },
      // No browser.
      { method: 'PUT' },
    ])
      expect((await world.ask(asked)).status).toBe(200);
  });

  it('opens no web socket, nor does who has no origin', async () => {
    const app = await world.app('api-3000', (_, response) => response.end());
    const sockets = new WebSocketServer({ server: app.server });
    const cookie = await world.letIn();
    for (const headers of [
      { origin: 'http://evil.example', cookie },
      { origin: world.originOf('web-80'), cookie },
      { origin: 'null', cookie },
      { cookie },
      { origin: world.originOf() },
    ]) {
      const socket = new WebSocket(`ws://127.0.0.1:${world.port}/`, {
        headers: { host: world.hostOf(), ...headers } as Record<string, string>,
      });
      const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
      expect(answer.statusCode).toBe(403);
      socket.on('error', () => undefined);
      socket.terminate();
    }
    expect(sockets.clients.size).toBe(0);
    sockets.close();
  });
});

describe('a request that could mean two things', () => {
  const head = (lines: readonly string[]) => `${lines.join('\r\n')}\r\n\r\n`;

  it.each([
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6'], 'hello'],
    ['the same length twice', ['Content-Length: 5', 'Content-Length: 5'], 'hello'],
    ['a length and a coding', ['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['a coding that ends in another', ['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'],
    ['a coding before chunked', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'],
    ['two codings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['a coding with something before it', ['Transfer-Encoding: xchunked'], '0\r\n\r\n'],
    ['a signed length', ['Content-Length: +5'], 'hello'],
    ['a length in hex', ['Content-Length: 0x5'], 'hello'],
    ['a space before the colon', ['Content-Length : 5'], 'hello'],
    ['a folded header', ['X-Folded: a', ' Transfer-Encoding: chunked'], ''],
    ['a bare newline', ['X-A: b\nTransfer-Encoding: chunked'], '0\r\n\r\n'],
  ])('is refused for %s, and the app never hears of it', async (_, lines, body) => {
    let asked = 0;
    await world.app('api-3000', (_request, response) => {
      asked += 1;
      response.end('the app');
    });
    const cookie = await world.letIn();
    const own = ['POST / HTTP/1.1', `Host: ${world.hostOf()}`, `Cookie: ${cookie}`, 'Connection: close'];
    const answer = await world.raw(head([...own, ...lines]) + body);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|501) /);
    expect(asked).toBe(0);
  });

  it.each([
    ['an address in place of a path', (host: string) => [`GET http://${host}/ HTTP/1.1`, `Host: ${host}`]],
    [
      'another’s address in place of a path',
      (host: string) => ['GET http://evil.example/ HTTP/1.1', `Host: ${host}`],
    ],
    ['two hosts', (host: string) => ['GET / HTTP/1.1', `Host: ${host}`, 'Host: evil.example']],
    ['two hosts, ours last', (host: string) => ['GET / HTTP/1.1', 'Host: evil.example', `Host: ${host}`]],
    ['no host', () => ['GET / HTTP/1.1']],
    ['a tunnel', (host: string) => [`CONNECT ${host} HTTP/1.1`, `Host: ${host}`]],
    ['a trace', (host: string) => ['TRACE / HTTP/1.1', `Host: ${host}`]],
    ['a name that was bound anew', () => ['GET / HTTP/1.1', 'Host: rebound.example.org']],
    ['the bare address', (host: string) => ['GET / HTTP/1.1', `Host: 127.0.0.1:${host.split(':')[1]}`]],
  ])('is refused for %s', async (_, lines) => {
    let asked = 0;
    await world.app('api-3000', (_request, response) => {
      asked += 1;
      response.end('the app');
    });
    const cookie = await world.letIn();
    const answer = await world.raw(
      head([...lines(world.hostOf()), `Cookie: ${cookie}`, 'Connection: close']),
    );
    expect(answer).toMatch(/^(HTTP\/1\.1 (400|403|405) |$)/);
    expect(asked).toBe(0);
  });

  it('brings no second request along: what follows a body is judged by itself', async () => {
    const paths: string[] = [];
    await world.app('api-3000', (request, response) => {
      paths.push(request.url ?? '');
      request.resume();
      request.on('end', () => response.end('the app'));
    });
    const cookie = await world.letIn();
    const inner = head(['GET /smuggled HTTP/1.1', `Host: ${world.hostOf()}`]);
    const answer = await world.raw(
      `${head(['POST /outer HTTP/1.1', `Host: ${world.hostOf()}`, `Cookie: ${cookie}`, `Content-Length: ${inner.length}`])}${inner}${head(['GET /next HTTP/1.1', `Host: ${world.hostOf()}`, 'Connection: close'])}`,
    );
    expect(paths).toEqual(['/outer']);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403']);
  });

  it('does not become HTTP/2 within, where nobody would look', async () => {
    await world.app('api-3000', (_, response) => response.end('the app'));
    const cookie = await world.letIn();
    const lines = [
      'GET / HTTP/1.1',
      `Host: ${world.hostOf()}`,
      `Origin: ${world.originOf()}`,
      `Cookie: ${cookie}`,
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    ];
    expect(await world.raw(head(lines))).toMatch(/^HTTP\/1\.1 501 /);
  });
});

describe('the end', () => {
  it('leaves nothing open', async () => {
    const app = await world.app('api-3000', (_, response) => response.write('beginning'));
    const sockets = new WebSocketServer({ server: app.server });
    const cookie = await world.letIn();
    const socket = new WebSocket(`ws://127.0.0.1:${world.port}/ws`, {
      headers: { host: world.hostOf(), origin: world.originOf(), cookie },
    });
    await once(socket, 'open');
    const isCut = await world.begin(cookie);
    const closed = once(socket, 'close');
    world.gateway.close();
    await closed;
    expect(await isCut()).toBe(true);
    await waitUntil(() => app.connections.size === 0, { what: 'both are gone' });
    sockets.close();
  });

  it('comes to a browser that goes in the middle, and to the app’s work for it', async () => {
    const app = await world.app('api-3000', (_, response) => response.write('beginning'));
    const cookie = await world.letIn();
    const socket = connect({ port: world.port, host: '127.0.0.1' });
    socket.write(`GET / HTTP/1.1\r\nHost: ${world.hostOf()}\r\nCookie: ${cookie}\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
    await waitUntil(() => app.connections.size === 0, { what: 'the app’s connection is gone' });
  });
});
