/** Answers in pieces of any size, and apps that are hostile: no byte of one answer is ever another’s, and none half looks whole. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppLine } from '#main/server/apps/app-line.ts';
import type { AppAnswer } from '#main/server/apps/app-answer.ts';
import type { RawHeaders } from '#main/server/apps/header-lists.ts';
import { AppWorld, type FakeApp } from './app-world.ts';

interface Told {
  readonly body: string;
  /** Undefined: it was cut. */
  readonly trailers: RawHeaders | undefined;
}

function readAll(answer: AppAnswer): Promise<Told> {
  let body = '';
  return new Promise((resolve) => {
    answer.readTo({
      take(bytes) {
        body += bytes.toString('latin1');
        return true;
      },
      onRoom: () => undefined,
      end: (trailers) => resolve({ body, trailers }),
      cut: () => resolve({ body, trailers: undefined }),
    });
  });
}

/** A line, and the app's side of it, which says these bytes to each request. */
function lineTo(text: string, { pieceBytes = Infinity, isEnded = false } = {}) {
  const [near, far] = duplexPair();
  const idle: AppLine[] = [];
  far.on('error', () => undefined);
  far.on('data', () => {
    const bytes = Buffer.from(text, 'latin1');
    const size = Math.min(pieceBytes, Math.max(1, bytes.length));
    for (let at = 0; at < bytes.length; at += size) far.write(bytes.subarray(at, at + size));
    if (isEnded) far.end();
  });
  return { line: new AppLine(near, (one) => idle.push(one)), idle, far };
}

const asked = { method: 'GET', path: '/', headers: ['Host', 'app'], body: undefined } as const;
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('an answer', () => {
  it.each([1, 2, 3, 7, Infinity])('is the same in pieces of %s bytes', async (pieceBytes) => {
    const one = `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Made\r\nX-A:  a \xe9 b\t \r\nX-A:\r\nx-a: c\r\nContent-Length: 5\r\n\r\nhello`;
    const first = lineTo(one, { pieceBytes });
    const answer = await first.line.ask(asked);
    expect(answer).toMatchObject({
      status: 201,
      headers: ['X-A', 'a \xe9 b', 'X-A', '', 'x-a', 'c', 'Content-Length', '5'],
    });
    expect(await readAll(answer)).toEqual({ body: 'hello', trailers: [] });
    const two = `${chunked}5;ext=1\r\nhello\r\n00000a\r\nand more!!\r\n0\r\nX-Sum: 1\r\nX-More: \xe9\r\n\r\n`;
    const second = lineTo(two, { pieceBytes });
    expect(await readAll(await second.line.ask(asked))).toEqual({
      body: 'helloand more!!',
      trailers: ['X-Sum', '1', 'X-More', '\xe9'],
    });
    // Both may be asked again, and say the same.
    for (const { line, idle } of [first, second]) {
      expect(idle).toEqual([line]);
      expect((await readAll(await line.ask(asked))).trailers).toBeDefined();
      line.destroy();
    }
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['HEAD', chunked],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
    ['GET', 'HTTP/1.1 204 None\r\n\r\n'],
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ])('to %s may have no body: %j', async (method, text) => {
    const { line } = lineTo(text);
    expect(await readAll(await line.ask({ ...asked, method }))).toEqual({ body: '', trailers: [] });
    line.destroy();
  });

  it('without a length goes on until the app ends it, and is cut where anything else does', async () => {
    const text = 'HTTP/1.1 200 OK\r\n\r\nuntil\r\n\r\nthe end';
    const whole = lineTo(text, { isEnded: true });
    expect(await readAll(await whole.line.ask(asked))).toEqual({
      body: 'until\r\n\r\nthe end',
      trailers: [],
    });
    expect(whole.line.isOpen).toBe(false);
    expect(whole.idle).toEqual([]);
    for (const end of [
      (near: Duplex) => near.destroy(),
      (near: Duplex) => near.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })),
    ]) {
      const [near, far] = duplexPair();
      far.once('data', () => far.write(text));
      const answer = await new AppLine(near, () => undefined).ask(asked);
      const told = readAll(answer);
      end(near);
      expect(await told).toMatchObject({ trailers: undefined });
    }
  });

  it('whose way breaks while nobody takes more of it is cut', async () => {
    const [near, far] = duplexPair();
    const body = 'x'.repeat(300_000);
    far.on('error', () => undefined);
    far.once('data', () => far.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${body}`));
    const answer = await new AppLine(near, () => undefined).ask(asked);
    const cut = Promise.withResolvers<void>();
    const taken = Promise.withResolvers<void>();
    answer.readTo({
      take() {
        taken.resolve();
        return false;
      },
      onRoom: () => undefined,
      end: () => cut.reject(new Error('It looks whole.')),
      cut: cut.resolve,
    });
    await taken.promise;
    near.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    await cut.promise;
  });

  it.each([
    ['it says so', 'HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n'],
    ['it is old', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['more came than was asked for', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n'],
    ['an answer without a body has one', 'HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\nhello'],
    ['a length is named of no body', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
  ])('is the last of its connection where %s', async (_, text) => {
    const { line, idle } = lineTo(text);
    const closed = new Promise<void>((resolve) => line.onClose(resolve));
    expect((await readAll(await line.ask(asked))).trailers).toEqual([]);
    await closed;
    expect(line.isOpen).toBe(false);
    expect(idle).toEqual([]);
  });

  it('that ends too early is none', async () => {
    for (const text of ['HTTP/1.1 200 OK\r\nX-A', ''])
      await expect(lineTo(text, { isEnded: true }).line.ask(asked), text).rejects.toThrow(Error);
    for (const text of [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell',
      `${chunked}5\r\nhello\r\n`,
      `${chunked}0\r\nX-Sum: 1\r\n`,
    ]) {
      const answer = await lineTo(text, { isEnded: true }).line.ask(asked);
      expect((await readAll(answer)).trailers, text).toBeUndefined();
    }
  });

  it.each([
    ['HEAD', undefined],
    ['DELETE', 'a body'],
    ['GET', 'a body'],
  ])('to %s leaves its connection to the next', async (method, body) => {
    const { line, idle, far } = lineTo(
      'HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n',
    );
    let sent = '';
    far.on('data', (bytes) => (sent += String(bytes)));
    const headers = body === undefined ? [] : ['Content-Length', String(body.length)];
    for (let count = 1; count <= 3; count += 1) {
      await readAll(await line.ask({ ...asked, method, headers, body }));
      expect(idle).toHaveLength(count);
    }
    expect(sent.toLowerCase()).not.toContain('connection: close');
    line.destroy();
  });

  it('is not waited for over a connection that has ended', async () => {
    const { line } = lineTo(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`);
    await readAll(await line.ask(asked));
    line.destroy();
    await expect(line.ask(asked)).rejects.toThrow(Error);
    expect(line.isUntouched).toBe(true);
  });
});

describe('a request', () => {
  it.each([
    ['a path that is two lines', { ...asked, path: '/ HTTP/1.1\r\nX-Planted: 1\r\n\r\n' }],
    ['a value that is two lines', { ...asked, headers: ['X-A', 'a\r\nX-Planted: 1'] }],
    ['a name that is two lines', { ...asked, headers: ['X-A: a\r\nX-Planted', '1'] }],
    ['two lengths', { ...asked, headers: ['Content-Length', '1', 'Content-Length', '2'] }],
  ])('that would be two is not sent: %s', async (_, wish) => {
    const { line, far } = lineTo('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    let sent = '';
    far.on('data', (bytes) => (sent += String(bytes)));
    await expect(line.ask(wish)).rejects.toThrow(Error);
    expect(sent).toBe('');
    line.destroy();
  });
});

describe('a hostile app', () => {
  const planted = 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nplanted';
  const head = (line: string) => `HTTP/1.1 200 OK\r\n${line}\r\n\r\n${planted}`;
  let world: AppWorld;
  beforeEach(async () => {
    world = await AppWorld.start();
  });
  afterEach(() => world[Symbol.asyncDispose]());

  /** Says these bytes to /bad, and to anything else an honest answer. */
  async function appThatSays(bytes: string): Promise<FakeApp & { sockets: Socket[] }> {
    const sockets: Socket[] = [];
    const app = await world.app('api-3000', () => undefined);
    app.server.removeAllListeners('connection');
    app.server.on('connection', (socket: Socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (sent) => {
        const isBad = String(sent).startsWith('GET /bad');
        socket.write(isBad ? bytes : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'latin1');
      });
    });
    return Object.assign(app, { sockets });
  }

  it.each([
    ['another protocol', '220 mail.example.org ESMTP\r\n'],
    ['another version', 'HTTP/2 200\r\n\r\n'],
    ['a status of two digits', `HTTP/1.1 20 OK\r\n\r\n${planted}`],
    ['a switch that nobody asked for', `HTTP/1.1 101 Switching Protocols\r\n\r\n${planted}`],
    ['a whole switch', `HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n${planted}`],
    ['two lengths', head('Content-Length: 5\r\nContent-Length: 6')],
    ['the same length twice', head('Content-Length: 5\r\nContent-Length: 5')],
    ['a list of lengths', head('Content-Length: 5, 5')],
    ['a signed length', head('Content-Length: +5')],
    ['a length in hex', head('Content-Length: 0x5')],
    ['a length that no number holds', head(`Content-Length: ${'9'.repeat(30)}`)],
    ['a length and a coding', head('Content-Length: 5\r\nTransfer-Encoding: chunked')],
    ['a coding and a length', head('Transfer-Encoding: chunked\r\nContent-Length: 5')],
    ['a coding before chunked', head('Transfer-Encoding: gzip, chunked')],
    ['a coding behind chunked', head('Transfer-Encoding: chunked, gzip')],
    ['a coding that is almost chunked', head('Transfer-Encoding: xchunked')],
    ['two codings', head('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked')],
    ['a space before the colon', head('Content-Length : 5')],
    ['a folded header', head('X-A: b\r\n Content-Length: 5')],
    ['a folded length', head('Content-Length: 5\r\n 0')],
    ['a bare newline', head('X-A: b\nContent-Length: 5')],
    ['a bare return', head('X-A: b\rContent-Length: 5')],
    ['a control character', head('X-A: b\x00c')],
    ['a line without a colon', head('nothing')],
    ['a header without a name', head(': nothing')],
    ['headers without an end', `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(140_000)}`],
  ])('that says %s is no app', { timeout: 20_000 }, async (_, bytes) => {
    const app = await appThatSays(bytes);
    const cookie = await world.letIn();
    const told = await world.ask({ cookie, path: '/bad' });
    expect(told.status).toBe(502);
    expect(told.text).toContain('is no HTTP');
    expect(told.text).not.toContain('planted');
    for (let count = 0; count < 2; count += 1) expect((await world.ask({ cookie })).text).toBe('ok');
    expect(app.dials).toBe(2);
  });

  it.each([
    ['without a size', '\r\n'],
    ['of a signed size', '-1\r\n'],
    ['that is longer than it says', '4\r\nhello\r\n'],
    ['that is shorter than it says', `9\r\nhello\r\n0\r\n\r\n`],
    ['of a size that no memory has', 'fffffffffffffffff\r\n'],
    ['that ends in a bare newline', '5\nhello\n0\n\n'],
    ['before a bad trailer', '0\r\nno trailer\r\n\r\n'],
    ['before trailers without an end', `0\r\nX-A: ${'x'.repeat(140_000)}`],
  ])('has its answer cut at a chunk %s', { timeout: 20_000 }, async (_, bytes) => {
    const app = await appThatSays(`${chunked}5\r\nfirst\r\n`);
    const cookie = await world.letIn();
    const headers = { host: world.hostOf(), cookie };
    const way = { host: '127.0.0.1', port: world.port, path: '/bad', agent: false, headers };
    const [answer] = (await once(request(way).end(), 'response')) as [IncomingMessage];
    answer.on('error', () => undefined);
    let text = '';
    answer.on('data', (piece) => (text += String(piece)));
    await once(answer, 'data');
    app.sockets[0]?.write(`${bytes}${planted}`);
    await new Promise((resolve) => answer.once('close', resolve));
    expect(answer.complete).toBe(false);
    expect(text).not.toContain('planted');
    for (let count = 0; count < 2; count += 1) expect((await world.ask({ cookie })).text).toBe('ok');
    expect(app.dials).toBe(2);
  });

  it.each([
    ['a whole one', planted],
    ['half of one', planted.slice(0, 20)],
    ['no HTTP', 'planted'],
  ])('cannot plant %s behind an answer', { timeout: 20_000 }, async (_, bytes) => {
    const app = await appThatSays(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${bytes}`);
    const cookie = await world.letIn();
    for (let count = 0; count < 3; count += 1)
      expect((await world.ask({ cookie, path: '/bad' })).text).toBe('ok');
    expect((await world.ask({ cookie })).text).toBe('ok');
    expect(app.dials).toBe(4);
  });

  it('has bytes of a reason that no header may carry put out', async () => {
    await appThatSays('HTTP/1.1 200 Made \xe9\r\nContent-Length: 2\r\n\r\nok');
    expect(await world.ask({ path: '/bad' })).toMatchObject({ status: 200, text: 'ok' });
  });
});
