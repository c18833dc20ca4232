/**
 * A real Chromium on hostile pages: a foreign origin on this very machine, a name rebound to loopback, and a browser that
 * was never signed in. None may read a byte of the API, open a socket or change anything, on any route that there is.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contract } from '#contract/index.ts';
import { openWindow, type ServedBerth, startServedBerth, type Window } from './served-berth.ts';

const routes = Object.values(contract).flatMap((method) =>
  method.kind === 'call' && 'rest' in method && method.rest !== undefined ? [method.rest] : [],
);
const placeholder = 'host_00000000000000000000';

let berth: ServedBerth;
let window: Window;
let foreign: Server;
let foreignOrigin: string;

beforeAll(async () => {
  berth = await startServedBerth();
  window = await openWindow(berth, {
    args: [`--host-resolver-rules=MAP rebound.test 127.0.0.1, MAP foreign.test 127.0.0.1`],
  });
  foreign = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><title>foreign</title>');
  });
  await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
  foreignOrigin = `http://foreign.test:${(foreign.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await window?.close();
  await new Promise((resolve) => foreign?.close(resolve));
  await berth?.stop();
});

interface Attempt {
  readonly what: string;
  readonly got: string;
}

/** What ends the session of whoever may ask it: our own window asks everything but these. */
const endings = ['/api/v1/account/sign-out-everywhere', '/logout', '/v1/logout', '/logout/everywhere'];

/** Runs inside a page: tries a list of requests and reports whatever came back readable. */
async function attack(
  page: import('playwright').Page,
  target: string,
  except: readonly string[] = [],
): Promise<Attempt[]> {
  const all = [
    ...routes.map((route) => ({
      method: route.method,
      path: `/api/v1${route.path.replace(/:\w+/g, placeholder)}`,
    })),
    { method: 'GET', path: '/api/v1/openapi.json' },
    { method: 'POST', path: '/api/v1/socket-ticket' },
    { method: 'POST', path: '/api/v1/sign-in' },
    { method: 'GET', path: '/user' },
    { method: 'GET', path: '/v1/user' },
    { method: 'POST', path: '/v1/socket-ticket' },
    ...endings.map((path) => ({ method: 'POST', path })),
    { method: 'GET', path: '/' },
  ];
  const requests = all.filter(({ path }) => !except.includes(path));
  return page.evaluate(
    async ({ target, requests }) => {
      const got: { what: string; got: string }[] = [];
      for (const { method, path } of requests) {
        for (const mode of ['cors', 'no-cors', 'same-origin'] as const) {
          for (const headers of [{}, { 'X-Berth': '1', 'Content-Type': 'application/json' }]) {
            try {
              const response = await fetch(target + path, {
                method,
                mode,
                credentials: 'include',
                headers,
                ...(method === 'GET' ? {} : { body: '{}' }),
              });
              const text = response.type === 'opaque' ? '' : await response.text();
              if (response.ok || text.includes('"items"') || text.includes('version'))
                got.push({
                  what: `${mode} ${method} ${path}`,
                  got: `${response.status} ${text.slice(0, 80)}`,
                });
            } catch {
              // Refused by the browser or the server: as it should be.
            }
          }
        }
      }
      for (const path of ['/api/v1/socket', '/socket', '/', '/api/v1/stream']) {
        const opened = await new Promise<boolean>((resolve) => {
          const socket = new WebSocket(target.replace('http', 'ws') + path);
          socket.onopen = () => resolve(true);
          socket.onerror = () => resolve(false);
        });
        if (opened) got.push({ what: `socket ${path}`, got: 'opened' });
      }
      return got;
    },
    { target, requests },
  );
}

describe('hostile pages', () => {
  it('covers every REST route of the contract', () => {
    expect(routes.length).toBeGreaterThan(10);
  });

  it('answers the same requests from its own window, so that an empty list means something', async () => {
    const got = await attack(window.page, berth.origin, endings);
    expect(got.map(({ what }) => what)).toContain('same-origin GET /api/v1/about');
    expect(got.map(({ what }) => what)).toContain('same-origin GET /user');
    expect(got.length).toBeGreaterThan(3);
  });

  it('gives a foreign origin nothing, though the browser is signed in', async () => {
    const page = await window.context.newPage();
    await page.goto(foreignOrigin);
    expect(await attack(page, berth.origin)).toEqual([]);
    await page.close();
  });

  it('gives another port of the same loopback address nothing', async () => {
    const page = await window.context.newPage();
    await page.goto(foreignOrigin.replace('foreign.test', '127.0.0.1'));
    expect(await attack(page, berth.origin)).toEqual([]);
    await page.close();
  });

  it('serves nothing under a name that was rebound to it', async () => {
    const port = new URL(berth.origin).port;
    const page = await window.context.newPage();
    const response = await page.goto(`http://rebound.test:${port}/`);
    expect(response?.status()).toBeGreaterThanOrEqual(400);
    expect(await attack(page, `http://rebound.test:${port}`)).toEqual([]);
    await page.close();
  });

  it('gives a browser that was never signed in nothing but the page', async () => {
    await using context = await window.browser.newContext();
    const page = await context.newPage();
    await page.goto(`${berth.origin}/sign-in`);
    const got = await attack(page, berth.origin);
    expect(got.filter(({ what }) => !what.endsWith('GET /'))).toEqual([]);
  });

  it('takes a sign-in link once', async () => {
    const link = await berth.link();
    await using first = await window.browser.newContext();
    const page = await first.newPage();
    await page.goto(link);
    await page.getByRole('tablist').first().waitFor();
    await using second = await window.browser.newContext();
    const other = await second.newPage();
    await other.goto(link);
    await other.getByText(/link/i).first().waitFor();
    expect(await other.getByRole('tablist').count()).toBe(0);
  });

  it('changed nothing by all of this', async () => {
    await window.page.reload();
    await window.page.getByText('No hosts yet').first().waitFor();
  });
});
