/** Guests over HTTP on a real port: what a link's token buys, and that it buys nothing else on any route or upgrade. */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { BerthError } from '#contract/berth-error.ts';
import { contract } from '#contract/index.ts';
import { servedDefaults } from '#main/config.ts';
import { createDispatcher } from '#main/control-plane/dispatcher.ts';
import { guestHandlers } from '#main/control-plane/terminals/terminal-share-handlers.ts';
import { maxGuestsPerShare } from '#main/control-plane/terminals/terminal-shares.ts';
import { maxWrongPerMinute } from '#main/server/guest-entry.ts';
import { limitRules } from '#main/server/rate-limits.ts';
import { restRoutes } from '#main/server/rest/route-table.ts';
import { guestLimits, serveConnection } from '#main/server/serve-connection.ts';
import { type RunningServer, startHttpServer } from '#main/server/start-http-server.ts';
import { type ConnectedClient, createClient } from '#renderer/transport/client.ts';
import { webSocketConnection } from '#renderer/transport/websocket-connection.ts';
import { MemoryAccounts } from '#test/harness/memory-accounts.ts';
import { owner, otherId, shareWorld, terminalId } from '#test/harness/share-world.ts';
import { testKey } from '#test/harness/start-server.ts';
import { fixedRandom, handlersWith, recordingLog } from '#test/transports/plane-double.ts';
import { openGate } from '#test/harness/ownership.ts';
import { type Answer, ask, textWithoutId, upgrade } from './http-client.ts';

let folder: string;
let server: RunningServer;
let world: Awaited<ReturnType<typeof shareWorld>>;
let log: ReturnType<typeof recordingLog>;
let touched: string[];
const open: WebSocket[] = [];

async function start(publicOrigin: string | null = null): Promise<void> {
  touched = [];
  log = recordingLog();
  world = await shareWorld();
  const handlers = Object.fromEntries(
    Object.keys(contract).map((name) => [
      name,
      () => {
        touched.push(name);
        return {};
      },
    ]),
  );
  const dispatcher = createDispatcher(handlersWith(handlers), {
    gate: openGate,
    log,
    random: fixedRandom,
    guestHandlers: guestHandlers(world.shares),
  });
  server = await startHttpServer(
    {
      dispatcher,
      log,
      accounts: new MemoryAccounts(),
      deriveKey: testKey,
      guests: world.shares,
      serve: (connection, caller) => {
        const limits = caller.guest === undefined ? {} : guestLimits;
        serveConnection({ connection, dispatcher, caller, log, limits });
      },
    },
    {
      version: '1',
      dataFolder: folder,
      host: '127.0.0.1',
      port: 0,
      publicOrigin,
      uiFolder: join(folder, 'ui'),
      served: servedDefaults,
    },
    // Every route is asked by nobody in particular, many times.
    { limits: { ...limitRules, strangers: { ...limitRules.strangers, points: 100_000 } } },
  );
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-guest-'));
  await mkdir(join(folder, 'ui'), { recursive: true });
  await writeFile(join(folder, 'ui', 'index.html'), '<!doctype html>the window');
  await start();
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.terminate();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const host = () => `127.0.0.1:${server.port}`;
const own = () => ({ host: host(), origin: `http://${host()}`, 'x-berth': '1' });

async function share(access: 'read' | 'write' = 'read', expiresInMinutes = 60) {
  const made = await world.shares.share({ id: terminalId, access, expiresInMinutes }, owner);
  return { id: made.share.id, token: made.path.slice('/shared#'.length) };
}

function post(token: unknown, headers: Record<string, string> = own()) {
  return ask(server.port, {
    method: 'POST',
    path: '/api/v1/shared',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ token }),
  });
}
const setCookie = (answer: { headers: Readonly<Record<string, unknown>> }) =>
  String((answer.headers['set-cookie'] as string[] | undefined)?.[0] ?? '');

function askTicket(id: string, cookie: string) {
  const path = `/api/v1/shared/${id}/socket-ticket`;
  return ask(server.port, { method: 'POST', path, headers: { ...own(), cookie } });
}

async function cookieOf(token: string): Promise<string> {
  return setCookie(await post(token)).split(';')[0] ?? '';
}

async function comeIn(made: {
  id: string;
  token: string;
}): Promise<{ client: ConnectedClient; socket: WebSocket }> {
  const answer = await askTicket(made.id, await cookieOf(made.token));
  expect(answer.status).toBe(200);
  const { ticket } = JSON.parse(answer.text) as { ticket: string };
  const socket = await upgrade(server.port, { protocols: ['berth.v1', `ticket.${ticket}`], headers: own() });
  if (typeof socket === 'number') throw new Error(`the upgrade was refused with ${socket}`);
  open.push(socket);
  socket.binaryType = 'arraybuffer';
  return { client: createClient(webSocketConnection(socket as never)), socket };
}

const codeOf = (error: unknown) => JSON.stringify((error as BerthError).toShape());

describe('the way in', () => {
  it('is a cookie for one share’s paths that no script reads', async () => {
    const made = await share();
    const answer = await post(made.token);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { shareId: made.id }]);
    expect(setCookie(answer)).toMatch(
      new RegExp(
        `^berth-${server.port}-guest=${made.token}; Path=/api/v1/shared/${made.id}; Max-Age=3600; HttpOnly; SameSite=Strict$`,
      ),
    );
  });

  it('is secure behind a name with TLS', async () => {
    await server.close();
    await start('https://berth.example');
    const { token } = await share();
    const headers = { host: 'berth.example', origin: 'https://berth.example', 'x-berth': '1' };
    expect(setCookie(await post(token, headers))).toMatch(/^__Secure-berth-guest=.*; Secure$/);
  });

  it('leaves no token in the log', async () => {
    const made = await share();
    await comeIn(made);
    await post('wrong-token-of-somebody');
    const lines = JSON.stringify([log.entries, world.log]);
    expect(lines).toContain('A guest came in');
    expect(lines).not.toContain(made.token);
    expect(lines).not.toContain('wrong-token-of-somebody');
  });

  it('is closed to foreign hosts, foreign pages and plain forms', async () => {
    const { token, id } = await share();
    const foreign = [
      { ...own(), host: `evil.example:${server.port}` },
      { ...own(), origin: 'http://evil.example' },
      { host: host(), origin: `http://${host()}` },
      { ...own(), 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of foreign) {
      expect((await post(token, headers as Record<string, string>)).status).toBe(403);
      const path = `/api/v1/shared/${id}/socket-ticket`;
      expect((await ask(server.port, { method: 'POST', path, headers: headers as never })).status).toBe(403);
    }
  });

  it('answers the same bytes for a link that expired, was revoked, or never was', async () => {
    const [expired, revoked] = [await share('read', 1), await share()];
    const cookies = [await cookieOf(expired.token), await cookieOf(revoked.token)];
    await world.clock.advance(60_000);
    await world.shares.unshare(revoked.id);
    const unknown = await ask(server.port, { path: '/api/no-such', headers: own() });
    expect(unknown.status).toBe(404);
    const seen = (answer: Answer) => [answer.status, textWithoutId(answer)];
    for (const token of [expired.token, revoked.token, 'never-was'])
      expect(seen(await post(token))).toEqual(seen(unknown));
    for (const [index, { id }] of [expired, revoked].entries())
      expect(seen(await askTicket(id, cookies[index] ?? ''))).toEqual(seen(unknown));
  });

  it('takes no other share’s cookie, and no owner’s', async () => {
    const [first, second] = [await share(), await share('write')];
    const cookie = await cookieOf(first.token);
    expect((await askTicket(second.id, cookie)).status).toBe(404);
    expect((await askTicket('share_x', cookie)).status).toBe(404);
    expect((await askTicket(first.id, '')).status).toBe(404);
    expect((await askTicket(first.id, cookie.replace('-guest', ''))).status).toBe(404);
    expect((await askTicket(first.id, cookie)).status).toBe(200);
  });

  it('is slow for a guesser', async () => {
    const { token } = await share();
    for (let index = 0; index < maxWrongPerMinute; index++)
      expect((await post(`guess-${index}`)).status).toBe(404);
    expect((await post('guess')).status).toBe(429);
    expect((await post(token)).status).toBe(429);
  });

  it.each([[undefined], [1], [''], ['x'.repeat(201)], [{}]])('refuses %j as a token', async (token) => {
    expect((await post(token)).status).toBe(400);
  });
});

describe('a guest', () => {
  it('of every other route is nobody, with its cookie and with its token in the owner’s', async () => {
    const made = await share('write');
    const cookie = await cookieOf(made.token);
    const routes = [
      ...restRoutes().map(({ verb, path }) => ({
        method: verb,
        path: `/api/v1${path.replace(/:[a-z]+/gi, terminalId)}`,
      })),
      { method: 'DELETE', path: '/api/v1/session' },
      { method: 'POST', path: '/api/v1/socket-ticket' },
      { method: 'GET', path: '/api/v1/openapi.json' },
      { method: 'GET', path: `/api/v1/shared/${made.id}` },
      { method: 'GET', path: `/api/v1/shared/${made.id}/socket-ticket` },
      { method: 'GET', path: '/api/v1/shared' },
    ];
    expect(routes.length).toBeGreaterThan(15);
    for (const { method, path } of routes) {
      const bare = await ask(server.port, { method, path, headers: own() });
      expect(bare.status).toBe(401);
      for (const one of [cookie, cookie.replace('-guest', '')]) {
        const answer = await ask(server.port, { method, path, headers: { ...own(), cookie: one } });
        expect([method, path, answer.status, textWithoutId(answer)]).toEqual([
          method,
          path,
          401,
          textWithoutId(bare),
        ]);
      }
    }
    expect(touched).toEqual([]);
  });

  it('of every other method finds nothing, over its socket too', async () => {
    const { client } = await comeIn(await share('write'));
    const answers = new Set<string>();
    for (const [name, { kind }] of Object.entries(contract)) {
      if (name === 'terminals.shared' || name === 'terminals.attach') continue;
      for (const input of [{}, { id: terminalId }, { id: otherId }]) {
        const call = kind === 'call' ? client.call(name as never, input as never) : undefined;
        if (call) await call.catch((error: unknown) => answers.add(codeOf(error)));
        const stream = kind === 'stream' ? client.stream(name as never, input as never) : undefined;
        if (stream) await stream.next().catch((error: unknown) => answers.add(codeOf(error)));
        const bytes = kind === 'bytes' ? client.bytes(name as never, input as never) : undefined;
        if (bytes) await bytes.ended.catch((error: unknown) => answers.add(codeOf(error)));
      }
    }
    await client.bytes('terminals.attach', { id: otherId }).ended.catch((error: unknown) => {
      answers.add(codeOf(error));
    });
    expect(touched).toEqual([]);
    expect([...answers]).toEqual([expect.stringContaining('"not-found"')]);
  });

  it('watches and types through its own two doors', async () => {
    const { client } = await comeIn(await share('write'));
    const told = await client.stream('terminals.shared', {}).next();
    expect(told.value).toMatchObject({ terminalId, access: 'write', title: 'bash' });
    const screen = client.bytes('terminals.attach', { id: terminalId });
    const seen = Promise.withResolvers<string>();
    screen.onBytes((bytes, done) => {
      seen.resolve(Buffer.from(bytes).toString());
      done();
    });
    expect(await seen.promise).toBe('the screen');
    screen.send(Buffer.from('ls\r'));
    await expect.poll(() => world.typed).toEqual(['ls\r']);
  });

  it('uses a ticket once, and another’s or an owner’s door not at all', async () => {
    const made = await share();
    const { ticket } = JSON.parse((await askTicket(made.id, await cookieOf(made.token))).text) as {
      ticket: string;
    };
    const protocols = ['berth.v1', `ticket.${ticket}`];
    expect(
      await upgrade(server.port, { protocols, headers: { ...own(), origin: 'http://evil.example' } }),
    ).toBe(403);
    expect(await upgrade(server.port, { protocols, path: '/api/v1/shared', headers: own() })).toBe(404);
    const socket = await upgrade(server.port, { protocols, headers: own() });
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
    open.push(socket);
    expect(await upgrade(server.port, { protocols, headers: own() })).toBe(401);
    const protocolsOf = (text: string) => ['berth.v1', `ticket.${text}`];
    expect(await upgrade(server.port, { protocols: protocolsOf(made.token), headers: own() })).toBe(401);
  });

  it('is told why, and its socket is closed, when its link is revoked', async () => {
    const made = await share();
    const { client, socket } = await comeIn(made);
    const told = client.stream('terminals.shared', {});
    await told.next();
    const screen = client.bytes('terminals.attach', { id: terminalId });
    await screen.opened;
    const closed = once(socket, 'close');
    await world.shares.unshare(made.id);
    expect((await told.next()).value).toMatchObject({ end: 'link' });
    await screen.ended;
    await closed;
  });

  it('beyond the last place waits outside, and comes in when one leaves', async () => {
    const made = await share();
    const first = await comeIn(made);
    for (let index = 1; index < maxGuestsPerShare; index++) await comeIn(made);
    expect((await post(made.token)).status).toBe(429);
    first.socket.close();
    await once(first.socket, 'close');
    await turn();
    await expect.poll(async () => (await post(made.token)).status).toBe(200);
  });
});
