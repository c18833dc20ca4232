/** Apps on the desktop: nothing listens before one is wanted, and addresses stay the same. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppVisitor } from '#main/control-plane/forwards/app-door.ts';
import { createLocalApps, type LocalApps } from '#main/server/apps/local-apps.ts';
import { ask } from '#test/src-main/server/http-client.ts';
import { recordingLog } from '#test/transports/plane-double.ts';
import { FakeApp, FakeDoor, owner } from './app-world.ts';

let folder: string;
const open: LocalApps[] = [];
const door = new FakeDoor();
const visitor: AppVisitor = { userId: owner, access: null };

function start(log = recordingLog()): LocalApps {
  const apps = createLocalApps({ door, dataFolder: folder, log });
  open.push(apps);
  return apps;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-apps-'));
});
afterEach(async () => {
  for (const apps of open.splice(0)) await apps.close();
  await rm(folder, { recursive: true, force: true });
});

async function canConnect(port: number, host: string): Promise<boolean> {
  const socket = connect({ port, host });
  const outcome = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return outcome;
}

describe('apps on this computer', () => {
  it('have one port from the first on, and the same after a restart', async () => {
    const first = start();
    await expect(readFile(join(folder, 'apps-port'), 'utf8')).rejects.toThrow('ENOENT');
    const [one, two] = await Promise.all([
      first.carrier.originOf('api-3000'),
      first.carrier.originOf('web-80'),
    ]);
    const port = Number(new URL(one).port);
    expect(one).toBe(`http://api-3000.localhost:${port}`);
    expect(two).toBe(`http://web-80.localhost:${port}`);
    expect(await canConnect(port, '127.0.0.1')).toBe(true);
    await first.close();
    expect(await canConnect(port, '127.0.0.1')).toBe(false);
    expect(await start().carrier.originOf('api-3000')).toBe(one);
  });

  it('let a browser in by their link', async () => {
    const server = createServer((_, response) => response.end('the app')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    door.apps.set('api-3000', new FakeApp((server.address() as { port: number }).port, 'api-3000'));
    const { carrier } = start();
    const wish = { label: 'api-3000', path: '/', visitor, shownIn: 'browser' } as const;
    const link = new URL((await carrier.createLink(wish)).url);
    const port = Number(link.port);
    const host = link.host;
    const entered = await ask(port, {
      method: 'POST',
      path: '/.berth/enter',
      headers: { host, origin: link.origin },
      body: link.hash.slice(1),
    });
    const cookie = String(entered.headers['set-cookie']).split(';')[0] ?? '';
    expect((await ask(port, { path: '/', headers: { host, cookie } })).text).toBe('the app');
    // It answers for apps alone.
    for (const other of [`127.0.0.1:${port}`, `localhost:${port}`, 'rebound.example.org'])
      expect((await ask(port, { path: '/', headers: { host: other, cookie } })).status).toBe(403);
    server.closeAllConnections();
    server.close();
  });

  it('take another port where theirs is somebody else’s, say so, and keep that', async () => {
    const other = createTcpServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port: taken } = other.address() as { port: number };
    await writeFile(join(folder, 'apps-port'), `${taken}\n`);
    const log = recordingLog();
    const first = start(log);
    const port = Number(new URL(await first.carrier.originOf('a')).port);
    expect(port).not.toBe(taken);
    expect(log.entries).toContainEqual(
      expect.objectContaining({ level: 'warn', fields: { kept: taken, port } }),
    );
    other.close();
    await once(other, 'close');
    await first.close();
    expect(new URL(await start().carrier.originOf('a')).port).toBe(String(port));
  });

  it('take no port of which another program has one half', async (context) => {
    const other = createTcpServer().listen({ port: 0, host: '::1', ipv6Only: true });
    const outcome = await Promise.race([
      once(other, 'listening').then(() => 'listens'),
      once(other, 'error'),
    ]);
    if (outcome !== 'listens') context.skip('this computer has no ::1');
    const { port: half } = other.address() as { port: number };
    await writeFile(join(folder, 'apps-port'), `${half}\n`);
    const port = Number(new URL(await start().carrier.originOf('a')).port);
    expect(port).not.toBe(half);
    expect(await canConnect(half, '127.0.0.1')).toBe(false);
    expect(await canConnect(port, '::1')).toBe(true);
    other.close();
  });

  it('begin anew where what was kept is no port, and no more once Berth ends', async () => {
    await writeFile(join(folder, 'apps-port'), '12abc');
    const apps = start();
    const port = Number(new URL(await apps.carrier.originOf('a')).port);
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(port).toBeLessThan(32_000);
    await apps.close();
    await expect(apps.carrier.originOf('a')).rejects.toMatchObject({ code: 'cancelled' });
  });
});
