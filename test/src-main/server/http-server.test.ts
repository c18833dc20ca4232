/** The HTTP carrier on a real port: every route and upgrade against foreign hosts, origins, sessions and tickets. */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { BerthError } from '#contract/berth-error.ts';
import { servedDefaults } from '#main/config.ts';
import type { Handlers } from '#main/control-plane/handler.ts';
import { requestLink } from '#main/server/local-socket.ts';
import { limitRules } from '#main/server/rate-limits.ts';
import { restRoutes } from '#main/server/rest/route-table.ts';
import { serveConnection } from '#main/server/serve-connection.ts';
import { type RunningServer, startHttpServer } from '#main/server/start-http-server.ts';
import { createClient } from '#renderer/transport/client.ts';
import { webSocketConnection } from '#renderer/transport/websocket-connection.ts';
import { MemoryAccounts } from '#test/harness/memory-accounts.ts';
import { testKey } from '#test/harness/start-server.ts';
import { dispatcherWith, planeDoors, recordingLog } from '#test/transports/plane-double.ts';
import { type Answer, ask, textWithoutId, upgrade } from './http-client.ts';

const hostId = 'host_00000000000000000000';
let folder: string;
let server: RunningServer;
let log: ReturnType<typeof recordingLog>;
let accounts: MemoryAccounts;
const calls: { name: string; input: unknown }[] = [];

const handlers: Partial<Handlers> = {
  'about.get': (_input, { caller }) => ({
    version: '1',
    mode: caller.mode,
    user: { id: caller.userId, name: caller.userName },
    scopes: [...caller.scopes],
    platform: 'linux',
    dataFolder: '/data',
    isReadOnly: false,
  }),
  'hosts.images': (input) => {
    calls.push({ name: 'hosts.images', input });
    if (input.id !== hostId) throw new BerthError('not-found', 'No host.');
    return { images: [] };
  },
  'hosts.remove': (input) => {
    calls.push({ name: 'hosts.remove', input });
    return {};
  },
  'workspaces.destroy': (input) => {
    calls.push({ name: 'workspaces.destroy', input });
    throw new BerthError('host.not-connected', 'Connect the host first.');
  },
  'projects.edit': (input) => {
    calls.push({ name: 'projects.edit', input });
    throw new BerthError('project.name-taken', 'Taken.');
  },
};

async function start(port = 0, publicOrigin: string | null = null): Promise<RunningServer> {
  log = recordingLog();
  const dispatcher = dispatcherWith(handlers, log);
  return startHttpServer(
    {
      ...planeDoors,
      dispatcher,
      log,
      accounts,
      deriveKey: testKey,
      serve: (connection, caller) => {
        serveConnection({ connection, dispatcher, caller, log });
      },
    },
    {
      version: '1',
      dataFolder: folder,
      host: '127.0.0.1',
      port,
      publicOrigin,
      uiFolder: join(folder, 'ui'),
      served: servedDefaults,
    },
    // Every route is asked by nobody in particular, many times.
    { limits: { ...limitRules, strangers: { ...limitRules.strangers, points: 100_000 } } },
  );
}

const host = () => `127.0.0.1:${server.port}`;
const own = () => ({ host: host(), origin: `http://${host()}`, 'x-berth': '1' });
const ticketOf = (link: string) => new URL(link).hash.slice(1);

function postTicket(ticket: string, headers: Record<string, string> = own()): Promise<Answer> {
  return ask(server.port, {
    method: 'POST',
    path: '/api/v1/session',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ticket }),
  });
}

async function signIn(): Promise<string> {
  const answer = await postTicket(ticketOf(server.createSignInLink()));
  expect(answer.status).toBe(200);
  return String(answer.headers['set-cookie']).split(';')[0] ?? '';
}

async function socketTicket(cookie: string): Promise<string> {
  const path = '/api/v1/socket-ticket';
  const answer = await ask(server.port, { method: 'POST', path, headers: { ...own(), cookie } });
  expect(answer.status).toBe(200);
  return (JSON.parse(answer.text) as { ticket: string }).ticket;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-http-'));
  await mkdir(join(folder, 'ui', 'assets'), { recursive: true });
  await writeFile(join(folder, 'ui', 'index.html'), '<!doctype html>the window');
  await writeFile(join(folder, 'ui', 'assets', 'a-1234.js'), 'export {}');
  await writeFile(join(folder, 'secret.txt'), 'outside');
  await symlink(join(folder, 'secret.txt'), join(folder, 'ui', 'link.txt'));
  calls.length = 0;
  accounts = new MemoryAccounts();
  server = await start();
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Every path of the server with its method: the REST table, and what is not in it. */
const routes: { method: string; path: string }[] = [
  ...restRoutes().map(({ verb, path }) => ({
    method: verb,
    path: `/api/v1${path.replace(/:[a-z]+/gi, hostId)}`,
  })),
  { method: 'POST', path: '/api/v1/session' },
  { method: 'DELETE', path: '/api/v1/session' },
  { method: 'POST', path: '/api/v1/socket-ticket' },
  { method: 'GET', path: '/api/v1/openapi.json' },
  { method: 'GET', path: '/api/v1/no-such' },
  { method: 'GET', path: '/' },
  { method: 'GET', path: '/sign-in' },
  { method: 'GET', path: '/assets/a-1234.js' },
];

describe('every route', () => {
  it.each([
    ['a rebound name', (port: number) => `evil.example:${port}`],
    ['the port of another', () => '127.0.0.1:1'],
    ['no port', () => '127.0.0.1'],
    ['a longer name', (port: number) => `127.0.0.1:${port}.evil.example`],
    ['a look-alike', (port: number) => `localhost.:${port}`],
  ])('refuses %s as Host, with a session', async (_name, hostOf) => {
    const cookie = await signIn();
    for (const { method, path } of routes) {
      const headers = { ...own(), cookie, host: hostOf(server.port) };
      const answer = await ask(server.port, { method, path, headers });
      expect([method, path, answer.status]).toEqual([method, path, 403]);
    }
    expect(calls).toEqual([]);
  });

  it.each([
    ['a foreign page', 'http://evil.example'],
    ['another port', 'http://127.0.0.1:1'],
    ['a sandboxed frame', 'null'],
    ['https of the same name', 'https://127.0.0.1'],
  ])('refuses %s as Origin, with a session', async (_name, origin) => {
    const cookie = await signIn();
    for (const { method, path } of routes) {
      const answer = await ask(server.port, { method, path, headers: { ...own(), cookie, origin } });
      expect([method, path, answer.status]).toEqual([method, path, 403]);
    }
    expect(calls).toEqual([]);
  });

  it('refuses the API to pages of other sites and other ports, which a browser names in Sec-Fetch-Site', async () => {
    const cookie = await signIn();
    for (const site of ['cross-site', 'same-site'])
      for (const { method, path } of routes.filter(({ path: at }) => at.startsWith('/api/'))) {
        const headers = { ...own(), cookie, 'sec-fetch-site': site };
        expect((await ask(server.port, { method, path, headers })).status).toBe(403);
      }
    expect(calls).toEqual([]);
  });

  it('refuses a change without its header or without an origin', async () => {
    const cookie = await signIn();
    const changes = routes.filter(({ method }) => method !== 'GET');
    expect(changes.length).toBeGreaterThan(10);
    for (const { method, path } of changes) {
      const { 'x-berth': _, ...withoutHeader } = own();
      const { origin: __, ...withoutOrigin } = own();
      for (const headers of [withoutHeader, withoutOrigin, { ...own(), 'x-berth': '0' }]) {
        const answer = await ask(server.port, { method, path, headers: { ...headers, cookie } });
        expect([method, path, answer.status]).toEqual([method, path, 403]);
      }
    }
    expect(calls).toEqual([]);
  });

  it('of the API answers 401 without a session, with a wrong one and with an ended one', async () => {
    const ended = await signIn();
    await ask(server.port, {
      method: 'DELETE',
      path: '/api/v1/session',
      headers: { ...own(), cookie: ended },
    });
    const cookies = [undefined, `berth-${server.port}=x`, ended, ended.replace(`${server.port}`, '1')];
    for (const { method, path } of routes) {
      if (!path.startsWith('/api/') || (method === 'POST' && path === '/api/v1/session')) continue;
      for (const cookie of cookies) {
        const headers = { ...own(), ...(cookie === undefined ? {} : { cookie }) };
        const answer = await ask(server.port, { method, path, headers });
        expect([method, path, answer.status]).toEqual([method, path, 401]);
        expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'not-signed-in' } });
      }
    }
    expect(calls).toEqual([]);
  });

  it('answers no preflight: no page elsewhere is ever allowed to ask', async () => {
    const headers = {
      host: host(),
      origin: 'http://evil.example',
      'access-control-request-method': 'DELETE',
      'access-control-request-headers': 'x-berth',
    };
    for (const { path } of routes) {
      const answer = await ask(server.port, { method: 'OPTIONS', path, headers });
      expect(answer.status).toBe(403);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  it('forbids sniffing, framing, foreign scripts and caching, also in failures', async () => {
    const cookie = await signIn();
    for (const { method, path } of [...routes, { method: 'GET', path: '/no/such.js' }]) {
      const { headers } = await ask(server.port, { method, path, headers: { ...own(), cookie } });
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      // Chromium complains of each source that it cannot read, such as an IPv6 address, on each load.
      const sources = /connect-src 'self' ([^;]+)/.exec(policy)?.[1]?.split(' ');
      expect(sources).toEqual([`ws://127.0.0.1:${server.port}`, `ws://localhost:${server.port}`]);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
      });
      if (!path.startsWith('/assets/')) expect(headers['cache-control']).toBe('no-store');
    }
  });
});

describe('signing in', () => {
  it('works once per link, sets a cookie that no script reads, and leaves no trace of the ticket', async () => {
    const link = server.createSignInLink();
    expect(link).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${server.port}/sign-in#[\\w-]{43}$`));
    const ticket = ticketOf(link);
    const first = await postTicket(ticket);
    expect(first.status).toBe(200);
    const cookie = String(first.headers['set-cookie']);
    expect(cookie).toMatch(
      new RegExp(`^berth-${server.port}=[\\w-]{43}; Path=/; Max-Age=\\d+; HttpOnly; SameSite=Strict$`),
    );
    expect((await postTicket(ticket)).status).toBe(401);
    const value = cookie.split(/[=;]/)[1] ?? '';
    for (const secret of [ticket, value]) expect(JSON.stringify(log.entries)).not.toContain(secret);
  });

  it('knows the session again after a restart on the same port', async () => {
    const cookie = await signIn();
    const { port } = server;
    await server.close();
    server = await start(port);
    const answer = await ask(port, { path: '/api/v1/about', headers: { ...own(), cookie } });
    expect(answer.status).toBe(200);
  });

  it('lets nobody try from an address after thirty tries in a minute, not even with a right link', async () => {
    for (let n = 0; n < 30; n += 1) expect((await postTicket(`wrong-${n}`)).status).toBe(401);
    const answer = await postTicket(ticketOf(server.createSignInLink()));
    expect(answer.status).toBe(429);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'too-many' } });
    expect(answer.headers['ratelimit-policy']).toBe('"sign-in";q=30;w=60');
    expect(answer.headers.ratelimit).toMatch(/^"sign-in";r=0;t=\d+$/);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('does not count what a foreign page sends', async () => {
    const headers = { ...own(), origin: 'http://evil.example' };
    for (let n = 0; n < 40; n += 1) expect((await postTicket(`wrong-${n}`, headers)).status).toBe(403);
    await expect(signIn()).resolves.toBeTruthy();
  });

  it('refuses what is no ticket, and what is far too long', async () => {
    const headers = { ...own(), 'content-type': 'application/json' };
    const long = (bytes: number) => `{"ticket":"${'x'.repeat(bytes)}"}`;
    for (const body of ['', 'x', '[]', '{"ticket":7}', long(10_000), long(20_000)]) {
      const answer = await ask(server.port, { method: 'POST', path: '/api/v1/session', headers, body });
      expect(answer.status).toBe(body.length > 16_384 ? 413 : 400);
    }
  });

  it('uses a host-bound, secure cookie and only the public name behind a proxy', async () => {
    await server.close();
    server = await start(0, 'https://berth.example');
    const headers = { host: 'berth.example', origin: 'https://berth.example', 'x-berth': '1' };
    const answer = await postTicket(ticketOf(server.createSignInLink()), headers);
    expect(String(answer.headers['set-cookie'])).toMatch(/^__Host-berth=.*; Path=\/;.*; Secure$/);
    expect((await postTicket('x', own())).status).toBe(403);
  });

  it('gives a fresh link to this user through the socket in the data folder', async () => {
    expect((await stat(join(folder, 'control.sock'))).mode & 0o777).toBe(0o600);
    const link = await requestLink(folder);
    expect((await postTicket(ticketOf(link ?? ''))).status).toBe(200);
    await server.close();
    await expect(requestLink(folder)).resolves.toBeUndefined();
    server = await start();
  });
});

describe('REST', () => {
  it('answers calls, with names of the path and typed values of the query', async () => {
    const headers = { ...own(), cookie: await signIn() };
    const about = await ask(server.port, { path: '/api/v1/about', headers });
    expect(JSON.parse(about.text)).toMatchObject({ mode: 'served', version: '1' });
    const images = await ask(server.port, { path: `/api/v1/hosts/${hostId}/images`, headers });
    expect([images.status, JSON.parse(images.text)]).toEqual([200, { images: [] }]);
    const workspaceId = 'ws_00000000000000000000';
    const path = `/api/v1/workspaces/${workspaceId}?keepVolume=false`;
    const destroy = await ask(server.port, { method: 'DELETE', path, headers });
    expect(destroy.status).toBe(409);
    // What the window's own pages read stands beside what RFC 9457 asks for.
    expect(JSON.parse(destroy.text)).toMatchObject({
      code: 'host.not-connected',
      error: { code: 'host.not-connected', message: 'Connect the host first.', details: {} },
    });
    expect(calls.at(-1)?.input).toEqual({ id: workspaceId, keepVolume: false });
  });

  it('answers an unknown path and a thing that is not there with the same bytes', async () => {
    const headers = { ...own(), cookie: await signIn() };
    const unknown = await ask(server.port, { path: '/api/v1/no-such', headers });
    const absent = await ask(server.port, {
      path: '/api/v1/hosts/host_00000000000000000009/images',
      headers,
    });
    // But for the request's own id, which is random.
    expect([unknown.status, textWithoutId(unknown)]).toEqual([404, textWithoutId(absent)]);
    expect(absent.status).toBe(404);
  });

  it('refuses bodies that are no JSON object, another type, or at odds with the path', async () => {
    const base = { ...own(), cookie: await signIn() };
    const json = { ...base, 'content-type': 'application/json' };
    const path = '/api/v1/projects/proj_00000000000000000000';
    const bodies: [Record<string, string>, string, number][] = [
      [json, '{', 400],
      [json, '[]', 400],
      [json, 'null', 400],
      [{ ...base, 'content-type': 'text/plain' }, '{"name":"a"}', 415],
      [json, '{"id":"proj_00000000000000000001"}', 400],
      [json, '{"name":""}', 400],
    ];
    for (const [headers, body, status] of bodies) {
      const answer = await ask(server.port, { method: 'PATCH', path, headers, body });
      expect([body, answer.status]).toEqual([body, status]);
    }
    expect(calls).toEqual([]);
    const good = await ask(server.port, { method: 'PATCH', path, headers: json, body: '{"name":"b"}' });
    expect(good.status).toBe(409);
    expect(calls).toEqual([{ name: 'projects.edit', input: { id: 'proj_00000000000000000000', name: 'b' } }]);
  });
});

describe('the socket', () => {
  const protocols = (ticket: string) => ['berth.v1', `ticket.${ticket}`];

  it('opens with a ticket and serves the plane to the owner', async () => {
    const ticket = await socketTicket(await signIn());
    const socket = await upgrade(server.port, {
      protocols: protocols(ticket),
      headers: { origin: own().origin },
    });
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
    expect(socket.protocol).toBe('berth.v1');
    const client = createClient(webSocketConnection(asWebSocket(socket)));
    await expect(client.call('about.get', {})).resolves.toMatchObject({ mode: 'served' });
    client.close();
  });

  it('takes a ticket once, and not after its session has ended', async () => {
    const cookie = await signIn();
    const ticket = await socketTicket(cookie);
    const late = await socketTicket(cookie);
    const headers = { origin: own().origin };
    const socket = await upgrade(server.port, { protocols: protocols(ticket), headers });
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
    await expect(upgrade(server.port, { protocols: protocols(ticket), headers })).resolves.toBe(401);
    const closed = once(socket, 'close');
    await ask(server.port, { method: 'DELETE', path: '/api/v1/session', headers: { ...own(), cookie } });
    await closed;
    await expect(upgrade(server.port, { protocols: protocols(late), headers })).resolves.toBe(401);
  });

  it('refuses foreign origins, no origin, foreign hosts, other paths and missing tickets; the ticket stays good', async () => {
    const cookie = await signIn();
    const ticket = await socketTicket(cookie);
    const origin = own().origin;
    const offers = protocols(ticket);
    const attempts: [Parameters<typeof upgrade>[1], number][] = [
      [{ protocols: offers, headers: { origin: 'http://evil.example', cookie } }, 403],
      [{ protocols: offers, headers: { origin: 'null', cookie } }, 403],
      [{ protocols: offers, headers: { cookie } }, 403],
      [{ protocols: offers, headers: { origin, host: `evil.example:${server.port}`, cookie } }, 403],
      [{ protocols: offers, headers: { origin, 'sec-fetch-site': 'same-site', cookie } }, 403],
      [{ protocols: offers, headers: { origin, cookie }, path: '/api/v1/other' }, 404],
      [{ protocols: offers, headers: { origin, cookie }, path: '/' }, 404],
      [{ protocols: offers, headers: { origin, cookie }, path: `/api/v1/socket?ticket=${ticket}` }, 404],
      [{ protocols: [], headers: { origin, cookie } }, 401],
      [{ protocols: ['berth.v1'], headers: { origin, cookie } }, 401],
      [{ protocols: [`ticket.${ticket}`], headers: { origin, cookie } }, 401],
      [{ protocols: protocols('wrong'), headers: { origin, cookie } }, 401],
    ];
    for (const [attempt, status] of attempts)
      await expect(upgrade(server.port, attempt)).resolves.toBe(status);
    const socket = await upgrade(server.port, { protocols: offers, headers: { origin } });
    expect(typeof socket).not.toBe('number');
    if (typeof socket !== 'number') socket.terminate();
  });

  it('is closed when a message is larger than any input can be', async () => {
    const ticket = await socketTicket(await signIn());
    const socket = await upgrade(server.port, {
      protocols: protocols(ticket),
      headers: { origin: own().origin },
    });
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
    const closed = once(socket, 'close');
    socket.send(Buffer.alloc(16 * 1024 * 1024 + 1));
    const [code] = (await closed) as [number];
    expect(code).toBe(1009);
  });

  it('is closed when the server closes', async () => {
    const ticket = await socketTicket(await signIn());
    const socket = await upgrade(server.port, {
      protocols: protocols(ticket),
      headers: { origin: own().origin },
    });
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
    const closed = once(socket, 'close');
    await server.close();
    await closed;
    await expect.poll(() => socket.readyState).toBe(WebSocket.CLOSED);
    server = await start();
  });
});

describe('the files of the window', () => {
  const get = (path: string) =>
    ask(server.port, { path, headers: { host: host(), accept: 'text/html,*/*' } });

  it('are the page for every place in it, and assets that stay cached', async () => {
    for (const path of ['/', '/hosts', '/workspaces/ws_1']) {
      const answer = await get(path);
      expect([path, answer.status, answer.text]).toEqual([path, 200, '<!doctype html>the window']);
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    }
    const asset = await get('/assets/a-1234.js');
    expect(asset.headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(asset.headers['cache-control']).toContain('immutable');
    expect((await get('/assets/gone.js')).status).toBe(404);
  });

  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '/assets/%00.js',
    '/%',
    '/link.txt',
    '/.hidden.txt',
    '//secret.txt',
    '/C:/secret.txt',
  ])('never leave their folder: %s', async (path) => {
    const answer = await get(path);
    expect(answer.text).not.toContain('outside');
    expect([404, 200]).toContain(answer.status);
    if (answer.status === 200) expect(answer.text).toContain('the window');
  });

  it('say what to do when the window is not built', async () => {
    await rm(join(folder, 'ui', 'index.html'));
    const answer = await get('/');
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('npm run build');
    expect((await get('/sign-in')).text).toContain('<title>Sign in');
  });
});

/** The `ws` client has the browser's interface: addEventListener, binaryType, send, close, bufferedAmount. */
function asWebSocket(socket: WebSocket): globalThis.WebSocket {
  socket.binaryType = 'arraybuffer';
  return socket as unknown as globalThis.WebSocket;
}
