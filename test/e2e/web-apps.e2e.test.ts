/**
 * Web apps of real workspaces, driven by Chromium through a served Berth: each at its own origin with its own cookies, for
 * nobody but who was let in, through a cut way and back.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type IncomingMessage } from 'node:http';
import { get as getSecured } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates } from '../servers/certificates.ts';
import { chromiumLaunchOptions } from '../servers/chromium.ts';
import { addHostFileFor } from '../servers/demo-host.ts';
import { loadImage, nodeImage } from '../servers/images.ts';
import { type RemoteHost, startRemoteHost } from '../servers/remote-host.ts';
import { waitUntil } from '../servers/wait-until.ts';
import { ensureBuilt } from './launch-served.ts';
import { openWindow, type ServedBerth, startServedBerth, type Window } from './served-berth.ts';

const stack = new AsyncDisposableStack();
let host: RemoteHost;
let berth: ServedBerth;
let window: Window;
/** Of `api` and `web`, in which the same program runs. */
const workspaceIds: Record<string, string> = {};
const forwardIds: Record<string, string> = {};

beforeAll(async () => {
  [host] = await Promise.all([startRemoteHost({ name: 'quay' }), ensureBuilt()]);
  stack.use(host);
  await loadImage(host, await nodeImage());
  const folder = await mkdtemp(join(tmpdir(), 'berth-web-apps-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const hostFile = join(folder, 'host.json');
  await writeFile(hostFile, JSON.stringify(addHostFileFor(host, 'quay')), { mode: 0o600 });
  berth = stack.use(await startServedBerth({ args: ['--add-host', hostFile] }));
  window = stack.adopt(
    await openWindow(berth, { args: ['--host-resolver-rules=MAP *.test 127.0.0.1'] }),
    (one) => one.close(),
  );
  await window.page.getByRole('treeitem', { name: /quay.*ready/ }).waitFor({ timeout: 30_000 });
  const project = await send('POST', 'projects', {
    name: 'apps',
    image: 'berth-node:test',
    environment: [],
    limits: { cpus: null, memoryBytes: null, pids: 256 },
    mountPoint: '/home/dev',
    profile: 'standard',
    runtime: 'default',
    shell: null,
  });
  const [quay] = (await send('GET', 'hosts')).items;
  for (const name of ['api', 'web']) {
    const wish = { name, projectId: project.id, hostId: quay?.id, volumeName: null };
    workspaceIds[name] = (await send('POST', 'workspaces', wish)).workspace.id;
    await window.page
      .getByRole('treeitem', { name: new RegExp(`${name}.*running`) })
      .waitFor({ timeout: 60_000 });
    await startApp(name);
    const forward = await send('POST', 'forwards', {
      workspaceId: workspaceIds[name],
      kind: 'app',
      port: 3000,
    });
    forwardIds[name] = forward.id;
  }
});
afterAll(() => stack.disposeAsync());

/** What is looked at of the answers. */
interface Sent {
  readonly id: string;
  readonly url: string;
  readonly localPort: number;
  readonly workspace: { readonly id: string };
  readonly items: readonly { readonly id: string }[];
}

/** As the window's page does. */
function send(method: string, path: string, body?: object): Promise<Sent> {
  return window.page.evaluate(
    async ({ method, path, body }) => {
      const response = await fetch(`/api/v1/${path}`, {
        method,
        headers: { 'X-Berth': '1', 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as Sent;
    },
    { method, path, body },
  );
}

async function containerOf(name: string): Promise<string> {
  const label = `label=dev.berth.workspace=${workspaceIds[name]}`;
  // Those that help it for a moment have no specification.
  const own = ['--filter', label, '--filter', 'label=dev.berth.spec-hash'];
  return (await host.docker('ps', '--quiet', ...own)).trim();
}

/** Through the engine, as somebody's own terminal would. */
async function startApp(name: string): Promise<void> {
  const container = await containerOf(name);
  const program = await readFile(new URL('web-app.cjs', import.meta.url));
  await host.runChecked(['docker', 'exec', '-i', container, 'sh', '-c', 'cat > /tmp/web-app.cjs'], {
    input: program,
  });
  await host.runChecked(['docker', 'exec', '-d', container, 'node', '/tmp/web-app.cjs', name]);
  await waitUntil(
    async () =>
      (
        await host.run([
          'docker',
          'exec',
          container,
          'node',
          '-e',
          "fetch('http://127.0.0.1:3000/cookies').catch(() => process.exit(1))",
        ])
      ).exitCode === 0,
    { what: `the app of ${name} listens`, intervalMs: 200 },
  );
}

async function linkTo(name: string, shownIn: 'browser' | 'frame' = 'browser'): Promise<string> {
  return (await send('POST', `forwards/${forwardIds[name]}/open`, { shownIn })).url;
}

async function openApp(context: BrowserContext, name: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(await linkTo(name));
  await page.getByRole('heading', { name }).waitFor();
  return page;
}

const originOf = (name: string) => `http://${name}-3000.localhost:${new URL(berth.origin).port}`;

/** A browser of its own, that was let into nothing. */
async function otherBrowser(): Promise<BrowserContext & AsyncDisposable> {
  const browser = await chromium.launch(
    await chromiumLaunchOptions({ args: ['--host-resolver-rules=MAP *.test 127.0.0.1'] }),
  );
  const context = await browser.newContext();
  return Object.assign(context, { [Symbol.asyncDispose]: () => browser.close() });
}

describe('an app in a browser', () => {
  it('opens by its link at an origin of its own, with its web socket, and its ticket stays nowhere', async () => {
    const page = await openApp(window.context, 'api');
    expect(page.url()).toBe(`${originOf('api')}/`);
    await page.getByText('api heard hello').waitFor();
    // Nothing of Berth's, neither its session's cookie nor the gateway's, reaches it.
    await waitUntil(async () => (await page.locator('#cookie').textContent()) === 'http-only=api; of=api', {
      what: 'its cookies',
    });
    expect(await page.evaluate(() => history.length)).toBeLessThanOrEqual(2);
    await page.close();
  });

  it('has cookies that the app of another workspace never sees', async () => {
    const api = await openApp(window.context, 'api');
    const web = await openApp(window.context, 'web');
    await waitUntil(async () => (await web.locator('#cookie').textContent()) === 'http-only=web; of=web', {
      what: 'its cookies',
    });
    expect(await web.evaluate(() => document.cookie)).toBe('of=web');
    // Nor can one set any for the other, or read it.
    const tried = await web.evaluate(async (other) => {
      await cookieStore.set({ name: 'planted', value: '1', domain: 'localhost' }).catch(() => undefined);
      const read = await fetch(`${other}/cookies`, { credentials: 'include' }).then(
        () => 'read',
        () => 'refused',
      );
      return [document.cookie, read];
    }, originOf('api'));
    expect(tried).toEqual(['of=web', 'refused']);
    await api.reload();
    expect(await api.evaluate(() => document.cookie)).toBe('of=api');
    await Promise.all([api.close(), web.close()]);
  });

  it('lets a link in once', async () => {
    await using first = await otherBrowser();
    await using second = await otherBrowser();
    const link = await linkTo('api');
    const page = await first.newPage();
    await page.goto(link);
    await page.getByRole('heading', { name: 'api' }).waitFor();
    const again = await second.newPage();
    await again.goto(link);
    await again.getByText('This link does not work any more').waitFor();
    expect((await again.goto(`${originOf('api')}/`))?.status()).toBe(403);
    await again.getByText('Open this app from Berth').first().waitFor();
  });

  it('is refused to pages elsewhere and to a name that was bound anew', async () => {
    await (await openApp(window.context, 'api')).close();
    const foreign = createServer((_, response) =>
      response.setHeader('Content-Type', 'text/html').end('<title>foreign</title>'),
    );
    await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
    const page = await window.context.newPage();
    await page.goto(`http://foreign.test:${(foreign.address() as AddressInfo).port}/`);
    const got = await page.evaluate(async (origin) => {
      const results: string[] = [];
      for (const mode of ['cors', 'no-cors'] as const)
        results.push(
          await fetch(`${origin}/change`, { method: 'POST', mode, credentials: 'include' }).then(
            ({ type }) => type,
            () => 'refused',
          ),
        );
      const socket = new WebSocket(`${origin.replace('http', 'ws')}/socket`);
      results.push(
        await new Promise<string>((resolve) => {
          socket.onopen = () => resolve('open');
          socket.onerror = () => resolve('refused');
        }),
      );
      const frame = document.createElement('iframe');
      frame.src = `${origin}/`;
      document.body.append(frame);
      await new Promise((resolve) => (frame.onload = resolve));
      return results;
    }, originOf('api'));
    // Of the second nothing can be read, and the gateway had refused it: see its log.
    expect(got).toEqual(['refused', 'opaque', 'refused']);
    expect(page.frames().at(1)?.url()).toMatch(/^chrome-error:/);
    await page.close();
    foreign.close();
    const port = new URL(berth.origin).port;
    for (const name of ['rebound.test', 'api-3000.rebound.test']) {
      const rebound = await window.context.newPage();
      expect((await rebound.goto(`http://${name}:${port}/`))?.status()).toBe(403);
      await rebound.close();
    }
  });

  it('is shown in a frame of Berth’s page, with cookies and a web socket', async () => {
    const frameOf = async (page: Page, url: string) => {
      await page.evaluate((src) => {
        const frame = document.createElement('iframe');
        frame.id = 'app-under-test';
        frame.src = src;
        document.body.append(frame);
      }, url);
      return page.frameLocator('#app-under-test');
    };
    const shown = await frameOf(window.page, await linkTo('web', 'frame'));
    await shown.getByRole('heading', { name: 'web' }).waitFor();
    await shown.getByText('web heard hello').waitFor();
    await waitUntil(async () => (await shown.locator('#cookie').textContent()) === 'http-only=web; of=web', {
      what: 'its cookies in the frame',
    });
    await window.page.evaluate(() => document.getElementById('app-under-test')?.remove());
  });
});

describe('an app that speaks TLS alone', () => {
  it('opens like any other, and a forward of its port passes its own TLS through', async () => {
    const { authority, certificate, key } = await makeCertificates();
    const container = await containerOf('api');
    const program = `require('node:https').createServer({ key: process.env.KEY, cert: process.env.CERT }, (_, response) =>
      response.setHeader('Content-Type', 'text/html').end('<h1>secured</h1>')).listen(3443)`;
    const keys = ['--env', `KEY=${key}`, '--env', `CERT=${certificate}`];
    await host.docker('exec', '--detach', ...keys, container, 'node', '--eval', program);
    const wish = { workspaceId: workspaceIds.api, port: 3443 };
    // Nobody says what it speaks: it is found out.
    const app = await send('POST', 'forwards', { ...wish, kind: 'app' });
    const page = await window.context.newPage();
    await page.goto((await send('POST', `forwards/${app.id}/open`, { shownIn: 'browser' })).url);
    await page.getByRole('heading', { name: 'secured' }).waitFor({ timeout: 30_000 });
    expect(new URL(page.url()).origin).toBe(`http://api-3443.localhost:${new URL(berth.origin).port}`);
    await page.close();
    const { localPort } = await send('POST', 'forwards', { ...wish, kind: 'tcp' });
    const text = await new Promise<string>((resolve, reject) => {
      // Its own certificate, or it is refused: nobody in between opens what is in it.
      const asked = getSecured(
        { host: '127.0.0.1', servername: 'localhost', port: localPort, ca: authority, agent: false },
        (answer) => void answer.toArray().then((parts) => resolve(Buffer.concat(parts).toString()), reject),
      );
      asked.on('error', reject);
    });
    expect(text).toBe('<h1>secured</h1>');
  });
});

describe('a way that is cut', () => {
  it('has a page that becomes the app by itself, at the same address', async () => {
    const page = await openApp(window.context, 'api');
    await host.blackhole();
    const away = page.waitForResponse((response) => response.status() === 503, { timeout: 60_000 });
    // Berth needs a while to be sure that the host is gone; a page that waits for it is loaded again.
    await waitUntil(
      async () => (await page.goto(`${originOf('api')}/`, { timeout: 5_000 }))?.status() === 503,
      { what: 'the address says that it is away', timeoutMs: 90_000 },
    );
    await away;
    await page.getByText('cannot be reached just now').waitFor();
    await host.heal();
    await page.getByRole('heading', { name: 'api', exact: true }).waitFor({ timeout: 60_000 });
    expect(page.url()).toBe(`${originOf('api')}/`);
    await page.getByText('api heard hello').waitFor();
    await page.close();
  });

  it('breaks a download clearly, which goes on from where it was', async () => {
    await (await openApp(window.context, 'api')).close();
    const cookies = await window.context.cookies(originOf('api'));
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const port = new URL(berth.origin).port;
    const ask = (headers: Record<string, string>) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        get(
          {
            host: '127.0.0.1',
            port,
            path: '/large',
            agent: false,
            headers: { host: new URL(originOf('api')).host, cookie, ...headers },
          },
          resolve,
        ).on('error', reject);
      });
    const chunks: Buffer[] = [];
    let bytes = 0;
    const first = await ask({});
    const broken = await new Promise<Error>((resolve, reject) => {
      first.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > 4_000_000 && !first.isPaused()) {
          first.pause();
          void host.killSshSessions().then(() => first.resume(), reject);
        }
      });
      first.on('end', () => reject(new Error('a cut download looked whole')));
      first.on('error', resolve);
    });
    expect(broken).toMatchObject({ code: 'ECONNRESET' });
    const rest = await waitUntil(
      async () => {
        const answer = await ask({ range: `bytes=${bytes}-` });
        if (answer.statusCode === 206) return answer;
        answer.resume();
        return false;
      },
      { what: 'the way is back', timeoutMs: 60_000, intervalMs: 250 },
    );
    for await (const chunk of rest) chunks.push(chunk as Buffer);
    const whole = Buffer.concat(chunks);
    expect(whole.length).toBe(48 * 1024 * 1024);
    const expected = createHash('sha256');
    const block = Buffer.from(Array.from({ length: 65_536 }, (_, at) => at % 251));
    for (let at = 0; at < whole.length; at += block.length) expected.update(block);
    expect(createHash('sha256').update(whole).digest('hex')).toBe(expected.digest('hex'));
  });
});

describe('Berth that ends in the middle and begins again', () => {
  it('knows which browser was let in: what is open goes on at the same address', async () => {
    const page = await openApp(window.context, 'api');
    await page.getByText('api heard hello').waitFor();
    await berth.kill();
    await page.getByText('closed').waitFor();
    await berth.restart();
    await page.reload();
    await page.getByText('api heard hello').waitFor({ timeout: 30_000 });
    expect(page.url()).toBe(`${originOf('api')}/`);
    await page.close();
  });
});

describe('whoever signs out', () => {
  it('is out of the apps at once, with what goes on there', async () => {
    const page = await openApp(window.context, 'api');
    await page.getByText('api heard hello').waitFor();
    await send('POST', 'account/sign-out-everywhere');
    await page.getByText('closed').waitFor();
    expect((await page.reload())?.status()).toBe(403);
  });
});
