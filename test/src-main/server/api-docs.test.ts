/** The documentation over HTTP: public, under a strict policy, and with a line for every code. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorCodes } from '#contract/error-codes.ts';
import { servedDefaults } from '#main/config.ts';
import { signInRoutes } from '#main/server/openapi-sign-in.ts';
import { type RunningServer, startHttpServer } from '#main/server/start-http-server.ts';
import { MemoryAccounts } from '#test/harness/memory-accounts.ts';
import { testKey } from '#test/harness/start-server.ts';
import { dispatcherWith, recordingLog, planeDoors } from '#test/transports/plane-double.ts';
import { ask } from './http-client.ts';

let folder: string;
let server: RunningServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-docs-'));
  const log = recordingLog();
  server = await startHttpServer(
    {
      ...planeDoors,
      dispatcher: dispatcherWith({}, log),
      log,
      accounts: new MemoryAccounts(),
      deriveKey: testKey,
      serve: () => undefined,
    },
    {
      version: '4.5.6',
      dataFolder: folder,
      host: '127.0.0.1',
      port: 0,
      publicOrigin: null,
      uiFolder: folder,
      served: servedDefaults,
    },
  );
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});
const get = (path: string, headers: Record<string, string> = {}) =>
  ask(server.port, { path, headers: { host: `127.0.0.1:${server.port}`, ...headers } });

describe('the documentation', () => {
  it('is there for whoever is not signed in, and says what it is', async () => {
    const answer = await get('/api/openapi.json');
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
    expect(JSON.parse(answer.text)).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Berth', version: '4.5.6' },
    });
    const again = await get('/api/openapi.json', { 'if-none-match': String(answer.headers.etag) });
    expect(again.status).toBe(304);
    expect(JSON.parse(answer.text)).toMatchObject({
      components: { securitySchemes: { session: { name: `berth-${server.port}` } } },
    });
  });

  it('is a page without a script or a style of its own, that may load nothing from elsewhere', async () => {
    const { status, headers, text } = await get('/api/docs');
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).not.toContain('unsafe');
    expect(text).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son[a-z]+=|https?:/);
    const sources = [...text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path = '']) => path);
    expect(sources.length).toBeGreaterThan(3);
    for (const path of sources) {
      const answer = await get(path);
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.text.length).toBeGreaterThan(100);
    }
  });

  it('has a line for every code, where the type of its problem leads', async () => {
    const { text } = await get('/api/docs');
    const { type } = JSON.parse((await get('/api/v1/projects')).text) as { type: string };
    expect(type).toBe('/api/docs#code-not-signed-in');
    for (const code of Object.keys(errorCodes)) expect(text).toContain(`<tr id="code-${code}">`);
  });

  it('describes ways to sign in that are there', async () => {
    for (const [path, item] of Object.entries(signInRoutes().paths))
      for (const verb of Object.keys(item))
        for (const at of path.startsWith('/auth/') ? [path] : [path, `/v1${path}`]) {
          const answer = await ask(server.port, {
            method: verb.toUpperCase(),
            path: at,
            headers: { host: `127.0.0.1:${server.port}` },
          });
          const what = `${verb} ${at} → ${answer.status}`;
          expect(item[verb]?.responses, what).toHaveProperty(String(answer.status));
          expect(answer.headers['content-type'], what).toMatch(/json/);
        }
  });

  it('gives no other file of its folder', async () => {
    for (const path of [
      '/api/docs/index.html',
      '/api/docs/package.json',
      '/api/docs/..%2fpackage.json',
      '/api/docs/',
    ])
      expect((await get(path)).status).toBe(404);
  });
});

describe('every answer', () => {
  it('has an id of its own, also where it is refused at the door', async () => {
    const paths = ['/v1', '/v1/projects', '/api/v1/no-such', '/api/docs', '/', '/sign-in', '/no.js'];
    const ids: string[] = [];
    for (const path of paths) ids.push(String((await get(path)).headers['x-request-id']));
    const refused = await get('/v1', { host: 'evil.example' });
    expect(refused.status).toBe(403);
    ids.push(String(refused.headers['x-request-id']));
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
