/** A served Berth over the network: the key goes to it alone, over TLS that is trusted, and refusals say what to do. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { dialServed, parseServer } from '#main/server/dial-served.ts';
import { serveConnection } from '#main/server/serve-connection.ts';
import { webSocketConnection } from '#main/server/websocket-connection.ts';
import { createClient } from '#renderer/transport/client.ts';
import { callerWith, dispatcherWith, recordingLog } from '#test/transports/plane-double.ts';

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});
const open: Server[] = [];

const key = 'berth_secret_0123456789';

async function listen(server: Server): Promise<number> {
  open.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** As a served Berth does it: who has the key is connected, everybody else gets 401. */
function serveSockets(server: Server, asked: IncomingMessage[] = []) {
  const sockets = new WebSocketServer({ noServer: true });
  const log = recordingLog();
  const dispatcher = dispatcherWith({ 'operations.clear': () => ({}) }, log);
  server.on('upgrade', (request, socket, head) => {
    asked.push(request);
    if (request.url !== '/api/v1/socket' || request.headers.authorization !== `Bearer ${key}`)
      return socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      serveConnection({ connection: webSocketConnection(webSocket), dispatcher, caller: callerWith(), log });
    });
  });
  return asked;
}

describe('a served Berth', () => {
  it('is asked with the key in the header, and nowhere else', async () => {
    const server = createServer();
    const asked = serveSockets(server);
    const port = await listen(server);
    const connection = await dialServed(parseServer(`http://127.0.0.1:${port}`), key);
    const client = createClient(connection);
    expect(await client.call('operations.clear', { ids: [] })).toEqual({});
    client.close();
    expect(asked.map(({ url, headers }) => [url, headers.authorization, headers.origin])).toEqual([
      ['/api/v1/socket', `Bearer ${key}`, undefined],
    ]);
  });

  it('says that a key is not taken, without the key', async () => {
    const server = createServer();
    serveSockets(server);
    const port = await listen(server);
    const refused = await dialServed(parseServer(`http://127.0.0.1:${port}`), 'wrong-key').catch(
      (error: unknown) => error,
    );
    expect(refused).toMatchObject({
      code: 'not-signed-in',
      message: expect.stringContaining('berth token create'),
    });
    expect(JSON.stringify(refused)).not.toContain('wrong-key');
  });

  it('does not follow to another place, and tells what is no Berth', async () => {
    const asked: string[] = [];
    const other = createServer();
    other.on('upgrade', (request, socket) => {
      asked.push(String(request.headers.authorization));
      socket.destroy();
    });
    const otherPort = await listen(other);
    const server = createServer();
    server.on('upgrade', (_request, socket) => {
      socket.end(`HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:${otherPort}/api/v1/socket\r\n\r\n`);
    });
    const port = await listen(server);
    await expect(dialServed(parseServer(`http://127.0.0.1:${port}`), key)).rejects.toMatchObject({
      code: 'connection-lost',
      details: { status: 302 },
    });
    expect(asked).toEqual([]);
    open.splice(open.indexOf(server), 1);
    await new Promise((resolve) => server.close(resolve));
    await expect(dialServed(parseServer(`http://127.0.0.1:${port}`), key)).rejects.toMatchObject({
      code: 'connection-lost',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('is not believed by a certificate that nobody vouches for; the key does not leave', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-tls-'));
    const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
        '-keyout',
        keyFile,
        '-out',
        certificateFile,
      ],
      { stdio: 'ignore' },
    );
    const server = createTlsServer({ key: await readFile(keyFile), cert: await readFile(certificateFile) });
    const asked = serveSockets(server as unknown as Server);
    const port = await listen(server as unknown as Server);
    await expect(dialServed(parseServer(`https://127.0.0.1:${port}`), key)).rejects.toMatchObject({
      code: 'connection-lost',
      message: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
    expect(asked).toEqual([]);
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    'berth.example.org',
    'ftp://berth.example.org',
    'http://berth.example.org',
    'http://127.0.0.1.example.org',
    'https://berth.example.org/path',
    'https://user:secret@berth.example.org',
    'https://berth.example.org/?token=x',
  ])('cannot be %s', (text) => {
    expect(() => parseServer(text)).toThrow(/cannot be used/);
  });
  it.each([
    'https://berth.example.org',
    'https://berth.example.org:8443/',
    'http://localhost:7474',
    'http://[::1]:7474',
  ])('can be %s', (text) => {
    expect(parseServer(text).pathname).toBe('/');
  });
});
