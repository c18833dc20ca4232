/** What ports say of themselves: real servers of each kind, on this machine's loopback. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import { probePort, protocolOf } from '#main/control-plane/forwards/probe.ts';
import { makeCertificates } from '#test/servers/certificates.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function probe(server: Server): Promise<string | undefined> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  const connection = async () => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  };
  return await probePort(connection, { port, clock: createSystemClock() });
}
const saying = (text: string) =>
  createServer((socket: Socket) => void socket.on('error', () => undefined).write(text));

describe('a port', () => {
  it('that speaks first is a screen if it is one', async () => {
    expect(await probe(saying('RFB 003.008\n'))).toBe('vnc');
    expect(await probe(saying('SSH-2.0-OpenSSH_9.2\r\n'))).toBe('tcp');
  });

  it('that answers HTTP speaks it, whatever it answers', async () => {
    const server = createHttpServer((_request, response) => void response.writeHead(404).end());
    expect(await probe(server)).toBe('http');
  });

  it('that takes long over its first page, as while it builds it, speaks HTTP all the same', async () => {
    let asked = 0;
    const server = createHttpServer(() => {
      asked += 1;
    });
    expect(await probe(server)).toBe('http');
    expect(asked).toBe(1);
    server.closeAllConnections();
  });

  it('that wants TLS is found out', async () => {
    const { certificate: cert, key } = await makeCertificates();
    expect(await probe(createHttpsServer({ cert, key }, (_request, response) => void response.end()))).toBe(
      'https',
    );
  });

  it('that says nothing is not known, and nonsense is TCP, within three seconds', async () => {
    const startedMs = performance.now();
    expect(await probe(createServer((socket) => void socket.on('error', () => undefined)))).toBeUndefined();
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect(
      await probe(
        createServer(
          (socket) => void socket.on('error', () => undefined).once('data', () => socket.end('?')),
        ),
      ),
    ).toBe('tcp');
  });
});

describe('an answer', () => {
  it.each<[string, string | undefined]>([
    ['HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n', 'https'],
    [
      'HTTP/1.1 400 Bad Request\r\n\r\n<center>The plain HTTP request was sent to HTTPS port</center>',
      'https',
    ],
    ['HTTP/1.1 400 Bad Request\r\n\r\n', 'http'],
    ['HTTP/1.1 301 Moved\r\nLocation: https://x/\r\n\r\n', 'http'],
    ['\u0015\u0003\u0001\u0000\u0002\u0002\u0016', 'https'],
    ['-ERR unknown command\r\n', 'tcp'],
    ['', undefined],
  ])('%j says %s', (answer, protocol) => {
    expect(protocolOf(Buffer.from(answer, 'latin1'))).toBe(protocol);
  });
});
