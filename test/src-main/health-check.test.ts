import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkHealth } from '#main/health-check.ts';

/** Answers with a status, and keeps what it was asked. */
async function listen(status: number): Promise<{ readonly port: number; readonly asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    response.writeHead(status).end('x');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

const plain = { publicOrigin: null, isTls: false };

describe('asking for health', () => {
  it('comes to the port by the name that is answered', async () => {
    const { port, asked } = await listen(200);
    const cases = [
      [{ host: '127.0.0.1', port, ...plain }, `127.0.0.1:${port}`],
      [{ host: '0.0.0.0', port, ...plain, publicOrigin: 'http://localhost:7474' }, 'localhost:7474'],
      [{ host: '127.0.0.1', port, ...plain, publicOrigin: 'https://berth.example.org' }, 'berth.example.org'],
    ] as const;
    for (const [question, name] of cases) {
      expect(await checkHealth(question)).toEqual({ isWell: true, text: 'Berth is well.' });
      expect([asked.at(-1)?.url, asked.at(-1)?.headers.host]).toEqual(['/health', name]);
    }
  });

  it('says what it got instead', async () => {
    const { port } = await listen(503);
    const place = `127.0.0.1 port ${port}`;
    expect(await checkHealth({ host: '127.0.0.1', port, ...plain })).toEqual({
      isWell: false,
      text: `Berth on ${place} answers with 503.`,
    });
    expect(await checkHealth({ host: '127.0.0.1', port, ...plain, isTls: true })).toMatchObject({
      isWell: false,
    });
    const { port: free } = await listen(200);
    expect(await checkHealth({ host: '127.0.0.2', port: free, ...plain })).toEqual({
      isWell: false,
      text: `No Berth answers on 127.0.0.2 port ${free} (ECONNREFUSED).`,
    });
  });
});
