/** What goes through the gateway, both ways and as it came: bodies of any size, streams, upgrades, and what breaks. */
import { once } from 'node:events';
import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { BerthError } from '#contract/berth-error.ts';
import { heldBytes } from '#test/harness/held-bytes.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import { AppWorld } from './app-world.ts';

let world: AppWorld;
beforeEach(async () => {
  world = await AppWorld.start();
});
afterEach(() => world[Symbol.asyncDispose]());

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of incoming) text += String(chunk);
  return text;
}

/** What arrived, as JSON. */
function tell(incoming: IncomingMessage, response: ServerResponse): void {
  const { method, url, rawHeaders } = incoming;
  void bodyOf(incoming).then((body) => response.end(JSON.stringify({ method, url, rawHeaders, body })));
}

interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: string[];
  readonly body: string;
}

function headerOf({ rawHeaders }: Arrived, name: string): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
}

describe('a request', () => {
  it('arrives as it was sent, without what is for one connection or for Berth', async () => {
    await world.app('api-3000', tell);
    const cookie = `${await world.letIn()}; sid=1; berth-7474=secret`;
    const { text } = await world.ask({
      method: 'POST',
      path: '/a%20b?c=d&e',
      cookie,
      body: 'hello',
      headers: {
        'content-length': '5',
        'x-one': ['a', 'b'],
        connection: 'keep-alive, X-Named',
        'x-named': 'for one connection',
        'keep-alive': 'timeout=5',
        'proxy-authorization': 'Basic secret',
        'x-forwarded-for': '203.0.113.9',
        'x-forwarded-host': 'evil.example',
        forwarded: 'for=203.0.113.9',
        'x-real-ip': '203.0.113.9',
        authorization: 'Bearer berth_secret',
        origin: world.originOf(),
        referer: `${world.originOf()}/page`,
      },
    });
    const arrived = JSON.parse(text) as Arrived;
    expect(arrived).toMatchObject({ method: 'POST', url: '/a%20b?c=d&e', body: 'hello' });
    const all = Object.fromEntries(
      [
        'host',
        'cookie',
        'x-one',
        'x-named',
        'proxy-authorization',
        'authorization',
        'forwarded',
        'x-real-ip',
        'keep-alive',
        'origin',
        'referer',
        'content-length',
        'x-forwarded-for',
        'x-forwarded-host',
        'x-forwarded-proto',
        'x-forwarded-port',
      ].map((name) => [name, headerOf(arrived, name)]),
    );
    expect(all).toEqual({
      host: [world.hostOf()],
      cookie: ['sid=1'],
      'x-one': ['a', 'b'],
      'x-named': [],
      'proxy-authorization': [],
      authorization: [],
      forwarded: [],
      'x-real-ip': [],
      'keep-alive': [],
      origin: [world.originOf()],
      referer: [`${world.originOf()}/page`],
      'content-length': ['5'],
      'x-forwarded-for': ['198.51.100.7'],
      'x-forwarded-host': [world.hostOf()],
      'x-forwarded-proto': ['http'],
      'x-forwarded-port': [String(world.port)],
    });
  });

  it('arrives at an app that must think it is on localhost with that name everywhere', async () => {
    const app = await world.app(
      'api-3000',
      (incoming, response) => {
        if (incoming.url === '/go')
          response.writeHead(302, { Location: `http://localhost:${app.target.port}/there?x#y` }).end();
        else tell(incoming, response);
      },
      { hostHeader: 'localhost' },
    );
    const headers = { origin: world.originOf(), referer: `${world.originOf()}/page?a` };
    const arrived = JSON.parse((await world.ask({ method: 'POST', body: 'x', headers })).text) as Arrived;
    const own = `localhost:${app.target.port}`;
    expect(headerOf(arrived, 'host')).toEqual([own]);
    expect(headerOf(arrived, 'origin')).toEqual([`http://${own}`]);
    expect(headerOf(arrived, 'referer')).toEqual([`http://${own}/page?a`]);
    expect((await world.ask({ path: '/go' })).headers.location).toBe(`${world.originOf()}/there?x#y`);
  });

  it('keeps an app’s own token', async () => {
    await world.app('api-3000', tell);
    const { text } = await world.ask({ headers: { authorization: 'token of-jupyter' } });
    expect(headerOf(JSON.parse(text) as Arrived, 'authorization')).toEqual(['token of-jupyter']);
  });

  it('brings headers of more than 16 KiB, and answers with as many', async () => {
    await world.app('api-3000', (incoming, response) => {
      response.setHeader('X-Large', String(incoming.headers['x-large']));
      response.end();
    });
    const large = 'x'.repeat(40_000);
    expect((await world.ask({ headers: { 'x-large': large } })).headers['x-large']).toBe(large);
  });

  it('brings chunks and trailers, and waits for the app to want the body', async () => {
    const wanted = Promise.withResolvers<void>();
    const app = await world.app('api-3000', () => undefined);
    app.server.on('checkContinue', (incoming: IncomingMessage, response: ServerResponse) => {
      void wanted.promise.then(() => {
        response.writeContinue();
        response.setHeader('Trailer', 'X-Sum');
        return bodyOf(incoming).then((body) => {
          response.write(JSON.stringify({ body, trailers: incoming.trailers }));
          response.addTrailers({ 'X-Sum': '42' });
          response.end();
        });
      });
    });
    const cookie = await world.letIn();
    const outgoing = world.request(cookie, {
      method: 'PUT',
      headers: { expect: '100-continue', 'transfer-encoding': 'chunked', trailer: 'X-End' },
    });
    let isWanted = false;
    outgoing.once('continue', () => {
      expect(isWanted).toBe(true);
      outgoing.write('one ');
      outgoing.addTrailers({ 'X-End': 'yes' });
      outgoing.end('two');
    });
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    outgoing.flushHeaders();
    await waitUntil(() => world.door.apps.get('api-3000')?.connections.size === 1, {
      what: 'the app is asked',
    });
    isWanted = true;
    wanted.resolve();
    const [answer] = await answered;
    expect(JSON.parse(await bodyOf(answer))).toEqual({ body: 'one two', trailers: { 'x-end': 'yes' } });
    expect(answer.trailers).toEqual({ 'x-sum': '42' });
  });

  it('is refused by the app before its body is sent, where the app does so', async () => {
    const app = await world.app('api-3000', () => undefined);
    app.server.on('checkContinue', (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(413, { Connection: 'close' }).end('too large');
    });
    const { status, text } = await world.ask({
      method: 'PUT',
      headers: { expect: '100-continue', 'content-length': '5' },
      body: 'hello',
    });
    expect({ status, text }).toEqual({ status: 413, text: 'too large' });
  });

  it.each(['HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'])('may be %s', async (method) => {
    await world.app('api-3000', (incoming, response) => {
      response.setHeader('X-Method', String(incoming.method));
      response.setHeader('Content-Length', '3');
      response.end(incoming.method === 'HEAD' ? undefined : 'abc');
    });
    const told = await world.ask({ method });
    expect(told.headers).toMatchObject({ 'x-method': method, 'content-length': '3' });
    expect(told).toMatchObject({ status: 200, isCut: false, text: method === 'HEAD' ? '' : 'abc' });
  });

  it('whose sender goes in the middle never looks whole to the app', async () => {
    const ended: string[] = [];
    await world.app('api-3000', (incoming) => {
      incoming.resume();
      incoming.on('end', () => ended.push('whole'));
      incoming.on('error', () => ended.push('cut'));
    });
    const cookie = await world.letIn();
    const socket = connect({ port: world.port, host: '127.0.0.1' });
    socket.write(
      `POST / HTTP/1.1\r\nHost: ${world.hostOf()}\r\nCookie: ${cookie}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
    );
    await waitUntil(() => world.door.apps.get('api-3000')?.connections.size === 1, {
      what: 'the app is asked',
    });
    socket.destroy();
    await waitUntil(() => ended.length > 0, { what: 'the app is told' });
    expect(ended).toEqual(['cut']);
  });
});

describe('an answer', () => {
  it('comes as it was given, without what would reach beyond the app', async () => {
    await world.app('api-3000', (_, response) => {
      response.writeHead(207, 'Of Its Own', [
        'Set-Cookie',
        'a=1; Domain=localhost',
        'Set-Cookie',
        'b=2',
        'Set-Cookie',
        `berth-app-${world.port}=stolen`,
        'Clear-Site-Data',
        '"*"',
        'Alt-Svc',
        'h3=":443"',
        'Strict-Transport-Security',
        'max-age=1',
        'Connection',
        'close, X-Named',
        'X-Named',
        'gone',
        'Content-Security-Policy',
        "default-src 'self'",
        'X-Frame-Options',
        'DENY',
        'Location',
        '//elsewhere.example/',
      ]);
      response.end('body');
    });
    const { status, headers, text } = await world.ask({});
    expect({ status, text }).toEqual({ status: 207, text: 'body' });
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    for (const name of ['clear-site-data', 'alt-svc', 'strict-transport-security', 'x-named'])
      expect(headers, name).not.toHaveProperty(name);
    // In a tab nobody but the app itself shows it, and its own rules hold.
    expect(headers['content-security-policy']).toBe("default-src 'self', frame-ancestors 'self'");
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers.location).toBe('//elsewhere.example/');
  });

  it('in a frame of Berth’s page may be shown there, and keeps its cookies there', async () => {
    await world.app('api-3000', (_, response) => {
      response.writeHead(200, [
        'Set-Cookie',
        'a=1; SameSite=Strict',
        'Content-Security-Policy',
        "default-src 'self'; frame-ancestors 'none', frame-ancestors x.example; img-src *",
        'Content-Security-Policy',
        "frame-ancestors 'none'",
        'X-Frame-Options',
        'DENY',
      ]);
      response.end();
    });
    const cookie = await world.letIn('api-3000', 'frame');
    expect(cookie).toContain('berth-app-frame-');
    const { headers } = await world.ask({ cookie });
    expect(headers['set-cookie']).toEqual(['a=1; SameSite=None; Secure; Partitioned']);
    expect(headers).not.toHaveProperty('x-frame-options');
    expect(headers['content-security-policy']).toBe(
      "default-src 'self', img-src *, frame-ancestors 'self' http://127.0.0.1:7474",
    );
    // The value of one is none of the other.
    const value = cookie.split('=')[1] ?? '';
    expect((await world.ask({ cookie: `berth-app-${world.port}=${value}` })).status).toBe(403);
  });

  it('streams: each event comes when it is sent', async () => {
    const going: { response?: ServerResponse } = {};
    await world.app('api-3000', (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.flushHeaders();
      going.response = response;
    });
    const cookie = await world.letIn();
    const outgoing = world.request(cookie);
    // The head comes before any of the body is there.
    const answer = await world.head(outgoing);
    for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
      going.response?.write(text);
      const [chunk] = (await once(answer, 'data')) as [Buffer];
      expect(String(chunk)).toBe(text);
    }
    outgoing.destroy();
  });

  it('that breaks in the middle is cut, whichever way it is framed', async () => {
    await world.app('api-3000', (incoming, response) => {
      if (incoming.url === '/length') response.setHeader('Content-Length', '100');
      response.write('beginning', () => response.destroy());
    });
    for (const path of ['/length', '/chunks']) {
      const told = await world.ask({ path });
      expect(told).toMatchObject({ status: 200, text: 'beginning', isCut: true });
    }
  });

  it('whose app resets it never looks whole, to whichever version it goes', async () => {
    await world.wire((socket) => {
      // Its end would be that of the connection.
      socket.once('data', () =>
        socket.write('HTTP/1.1 200 OK\r\n\r\nbeginning', () => socket.resetAndDestroy()),
      );
    });
    const cookie = await world.letIn();
    expect(await world.ask({ cookie })).toMatchObject({ status: 200, isCut: true });
    const old = `GET / HTTP/1.0\r\nHost: ${world.hostOf()}\r\nCookie: ${cookie}\r\n\r\n`;
    await expect(world.raw(old)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('that breaks with the way into the workspace is cut', async () => {
    const app = await world.app('api-3000', (_, response) => response.write('beginning'));
    const cookie = await world.letIn();
    const outgoing = world.request(cookie);
    const answer = await world.head(outgoing);
    await once(answer, 'data');
    app.cut();
    const [error] = (await once(answer, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });

  it('without a length ends with the connection of an app that speaks HTTP/1.0', async () => {
    await world.wire((socket) => {
      socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\nX-Old: yes\r\n\r\nuntil the end'));
    });
    const told = await world.ask({});
    expect(told).toMatchObject({ status: 200, text: 'until the end', isCut: false });
  });

  it('that is not HTTP is a bad gateway; what is not there is away', async () => {
    let greeting: string | undefined = '220 mail.example.org ESMTP\r\n';
    await world.wire((socket) => (greeting === undefined ? socket.destroy() : socket.end(greeting)));
    const page = { accept: 'text/html' };
    const broken = await world.ask({ headers: page });
    expect(broken.status).toBe(502);
    expect(broken.text).toContain('is no HTTP');
    greeting = undefined;
    expect((await world.ask({})).status).toBe(502);
  });

  it('through one connection follows another: ways into a workspace are used again', async () => {
    const app = await world.app('api-3000', (incoming, response) => {
      incoming.resume();
      response.end('x');
    });
    const cookie = await world.letIn();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let count = 0; count < 20; count += 1)
      expect(
        (await world.ask({ cookie, agent, ...(count % 2 === 0 ? {} : { method: 'POST', body: 'a' }) }))
          .status,
      ).toBe(200);
    expect(app.dials).toBe(1);
    agent.destroy();
  });

  it('through a connection of one session is never another’s', async () => {
    const app = await world.app('api-3000', (_, response) => response.end('x'));
    const [one, other] = [await world.letIn(), await world.letIn()];
    for (const cookie of [one, other, one, other]) expect((await world.ask({ cookie })).text).toBe('x');
    expect(app.dials).toBe(2);
  });

  it('with more behind it is the last of its connection', async () => {
    const app = await world.wire((socket) => {
      const planted = 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nplanted';
      socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${planted}`));
    });
    const cookie = await world.letIn();
    for (let count = 0; count < 3; count += 1) expect((await world.ask({ cookie })).text).toBe('ok');
    expect(app.dials).toBe(3);
  });

  it('that nobody asked for ends the connection that it came on', async () => {
    const app = await world.app('api-3000', (_, response) => response.end('x'));
    app.server.on('request', (incoming: IncomingMessage) => {
      setImmediate(() => incoming.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nplanted'));
    });
    const cookie = await world.letIn();
    for (let count = 0; count < 2; count += 1) {
      expect((await world.ask({ cookie })).text).toBe('x');
      await waitUntil(() => app.connections.size === 0, { what: 'the connection is ended' });
    }
    expect(app.dials).toBe(2);
  });

  it('to what was sent is not asked for again: it may have been done', async () => {
    const app = await world.app('api-3000', (incoming, response) => {
      incoming.resume();
      response.end('x');
    });
    let posted = 0;
    app.server.prependListener('request', (incoming: IncomingMessage) => {
      if (incoming.method !== 'POST') return;
      posted += 1;
      incoming.socket.destroy();
    });
    const cookie = await world.letIn();
    expect((await world.ask({ cookie })).text).toBe('x');
    expect((await world.ask({ cookie, method: 'POST', body: 'a' })).status).toBe(502);
    expect((await world.ask({ cookie })).text).toBe('x');
    expect((await world.ask({ cookie, method: 'POST' })).status).toBe(502);
    expect(posted).toBe(2);
  });

  it('is asked for again where an idle way had ended in the moment of its use', async () => {
    const app = await world.app('api-3000', (_, response) => response.end('x'));
    let count = 0;
    app.server.prependListener('request', (incoming: IncomingMessage) => {
      count += 1;
      if (count === 2) incoming.socket.destroy();
    });
    const cookie = await world.letIn();
    expect((await world.ask({ cookie })).text).toBe('x');
    expect((await world.ask({ cookie })).text).toBe('x');
    expect(count).toBe(3);
  });
});

describe('a workspace that cannot be reached', () => {
  const page = { accept: 'text/html,*/*', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const stopped = new BerthError('workspace.not-running', '“api” <is> stopped. Start it first.');

  it('has a page that says so and becomes the app by itself', async () => {
    const app = await world.app('api-3000', (_, response) => response.end('the app'));
    const cookie = await world.letIn();
    app.problem = stopped;
    const told = await world.ask({ cookie, headers: page });
    expect(told.status).toBe(503);
    expect(Number(told.headers['retry-after'])).toBeGreaterThan(0);
    expect(told.headers['content-type']).toContain('text/html');
    expect(told.headers['cache-control']).toBe('no-store');
    expect(told.text).toContain('“api” &lt;is&gt; stopped.');
    expect(told.text).toMatch(/http-equiv="refresh"/);
    expect(told.headers['content-security-policy']).toMatch(/^default-src 'none';.*frame-ancestors 'self'$/);
    app.problem = undefined;
    expect((await world.ask({ cookie, headers: page })).text).toBe('the app');
  });

  it('never has what was posted sent again by itself', async () => {
    const app = await world.app('api-3000', (_, response) => response.end('the app'));
    app.problem = stopped;
    const told = await world.ask({
      method: 'POST',
      body: 'a=1',
      headers: { ...page, origin: world.originOf(), 'sec-fetch-site': 'same-origin' },
    });
    expect(told.status).toBe(503);
    expect(told.text).not.toContain('refresh');
    expect(told.text).toContain('may not have arrived');
  });

  it('is a line of text for a script, and a status for a web socket', async () => {
    const app = await world.app('api-3000', (_, response) => response.end('the app'));
    const cookie = await world.letIn();
    app.problem = new BerthError('connection-lost', 'The connection to the host was lost.');
    const told = await world.ask({
      cookie,
      headers: { accept: 'application/json', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
    });
    expect(told).toMatchObject({ status: 503, text: 'The connection to the host was lost.\n' });
    const socket = new WebSocket(`ws://127.0.0.1:${world.port}/`, {
      headers: { host: world.hostOf(), origin: world.originOf(), cookie },
    });
    socket.on('error', () => undefined);
    const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    expect(answer.statusCode).toBe(503);
    socket.terminate();
  });

  it('that is lost while the app thinks is away, not broken', async () => {
    const app = await world.app('api-3000', () => app.cut());
    expect((await world.ask({ method: 'POST', body: 'x' })).status).toBe(503);
  });
});

describe('large bodies', () => {
  const chunk = Buffer.alloc(256 * 1024, 'x');
  const count = 256;
  const totalBytes = chunk.length * count;

  function* chunks(onTaken: () => void = () => undefined): Generator<Buffer> {
    for (let sent = 0; sent < count; sent += 1) {
      onTaken();
      yield chunk;
    }
  }

  /** At the pace of whoever takes it. */
  function flood(outlet: Writable, onTaken?: () => void): Promise<void> {
    return pipeline(Readable.from(chunks(onTaken), { objectMode: false }), outlet);
  }

  it('of 64 MiB take no memory, down and up', async () => {
    let peakBytes = 0;
    let looks = 0;
    const look = () => {
      looks += 1;
      if (looks % 32 === 0) peakBytes = Math.max(peakBytes, heldBytes());
    };
    await world.app('api-3000', (incoming, response) => {
      if (incoming.method === 'GET') {
        void flood(response, look).catch(() => undefined);
        return;
      }
      let bytes = 0;
      incoming.on('data', (data: Buffer) => (bytes += data.length));
      incoming.on('end', () => response.end(String(bytes)));
    });
    const cookie = await world.letIn();
    const beforeBytes = heldBytes();
    const answer = await world.head(world.request(cookie));
    let bytes = 0;
    for await (const data of answer) bytes += (data as Buffer).length;
    expect(bytes).toBe(totalBytes);
    const outgoing = world.request(cookie, { method: 'POST' });
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    await flood(outgoing, look);
    expect(await bodyOf((await answered)[0])).toBe(String(totalBytes));
    expect(looks).toBe(2 * count);
    expect(peakBytes - beforeBytes).toBeLessThan(8 * 1024 * 1024);
  });

  it('wait for a browser that takes nothing', async () => {
    let sentBytes = 0;
    await world.app('api-3000', (_, response) => {
      const counted = chunks(() => (sentBytes += chunk.length));
      Readable.from(counted, { objectMode: false }).pipe(response);
    });
    const cookie = await world.letIn();
    const outgoing = world.request(cookie);
    const answer = await world.head(outgoing);
    // It has filled all there is on the way when it does not grow any more.
    let before = -1;
    await waitUntil(
      () => {
        const isStill = before === sentBytes && sentBytes > 0;
        before = sentBytes;
        return isStill;
      },
      { what: 'the app waits', intervalMs: 200 },
    );
    // What the kernel holds for the two connections: each of their four ends has a few MiB of room.
    expect(sentBytes).toBeLessThan(totalBytes / 2);
    answer.destroy();
    outgoing.destroy();
  });
});
