/** The built `berth serve` and a real browser: signing in, staying signed in, signing out; and the command line. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumLaunchOptions } from '#test/servers/chromium.ts';
import { berth, launchServed, type Served } from './launch-served.ts';

let browser: Browser;
let folder: string;
/** One Berth for all, at one port, so that the browser has its files and what it made of them; tests that end it start it again. */
let served: Served;
let isServed = false;
/** A link that nobody has used. */
let link: string;
let context: BrowserContext;
let page: Page;
let violations: string[];

async function start(port: string): Promise<void> {
  served = await launchServed('--port', port, '--data-dir', join(folder, 'data'));
  isServed = true;
  ({ link } = served);
}
async function end(signal?: NodeJS.Signals): Promise<number | null> {
  isServed = false;
  return served.end(signal);
}

beforeAll(async () => {
  browser = await chromium.launch(await chromiumLaunchOptions());
  context = await browser.newContext();
  folder = await mkdtemp(join(tmpdir(), 'berth-served-'));
  await start('0');
});
afterAll(async () => {
  await browser.close();
  if (isServed) await end();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  if (!isServed) await start(new URL(served.origin).port);
  else if (link === '') link = (await berth('link', '--data-dir', join(folder, 'data'))).stdout.trim();
  page = await context.newPage();
  violations = [];
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) violations.push(message.text());
  });
});
afterEach(async () => {
  const protocol = await context.newCDPSession(page);
  await protocol.send('Storage.clearDataForOrigin', { origin: served.origin, storageTypes: 'all' });
  for (const one of context.pages()) await one.close();
  await context.clearCookies();
});

/** The window is drawn when it has more than its title to say; it is connected when it opened its socket. */
async function signIn(): Promise<void> {
  const opened = page.waitForEvent('websocket');
  const used = link;
  link = '';
  await page.goto(used);
  await page.waitForURL(`${served.origin}/**`);
  await opened;
  await page.waitForFunction(() => document.body.innerText.length > 20);
}

describe('berth serve in a browser', () => {
  it('signs in by its link, shows the window, and breaks none of its own rules', async () => {
    const ticket = new URL(link).hash.slice(1);
    await signIn();
    expect(new URL(page.url()).pathname).not.toBe('/sign-in');
    expect(page.url()).not.toContain('#');
    expect(await page.evaluate(() => document.cookie)).toBe('');
    expect(violations).toEqual([]);
    const traces = await page.evaluate(() => `${document.referrer} ${location.href}`);
    expect(traces).not.toContain(ticket);
    for (const name of await readdir(join(folder, 'data')))
      if (name !== 'control.sock')
        expect([name, (await readFile(join(folder, 'data', name))).includes(ticket)]).toEqual([name, false]);
  });

  it('says what to do when the link was used before, and when there is none', async () => {
    const used = link;
    await signIn();
    await context.clearCookies();
    await page.goto('about:blank');
    await page.goto(used);
    await page.getByText('used before').waitFor();
    await page.getByText('berth link').last().waitFor();
    await page.goto(`${served.origin}/`);
    await expect.poll(() => new URL(page.url()).pathname).toBe('/sign-in');
    await page.getByText('not signed in').waitFor();
  });

  it('knows an open tab again after a restart', async () => {
    await signIn();
    const { port } = new URL(served.origin);
    expect(await end()).toBe(0);
    const reopened = page.waitForEvent('websocket', { timeout: 60_000 });
    await start(port);
    // By itself first, then by a reload.
    await reopened;
    const again = page.waitForEvent('websocket');
    await page.reload();
    await again;
    expect(new URL(page.url()).pathname).not.toBe('/sign-in');
  });

  it('shows a tab its sign-in page once it is signed out', async () => {
    await signIn();
    await page.evaluate(() =>
      fetch('/api/v1/session', { method: 'DELETE', headers: { 'X-Berth': '1' } }).then(
        ({ status }) => status,
      ),
    );
    await expect.poll(() => new URL(page.url()).pathname).toBe('/sign-in');
  });

  it('gives nothing to a page of another origin on this computer', async () => {
    await signIn();
    const other = await launchServed('--port', '0', '--data-dir', join(folder, 'other'));
    try {
      const foreign = await context.newPage();
      await foreign.goto(`${other.origin}/sign-in`);
      // Out of its own policy, as a foreign page would be.
      await foreign.route('**/empty', (route) =>
        route.fulfill({ contentType: 'text/html', body: '<title>foreign</title>' }),
      );
      await foreign.goto(`${other.origin}/empty`);
      const answers = await foreign.evaluate(async (target) => {
        const ask = (path: string, init: RequestInit) =>
          fetch(target + path, { credentials: 'include', ...init }).then(
            ({ status }) => status,
            () => 'blocked',
          );
        const socket = (url: string) =>
          new Promise((resolve) => {
            const opened = new WebSocket(url, ['berth.v1', 'ticket.x']);
            opened.onopen = () => resolve('open');
            opened.onerror = () => resolve('refused');
          });
        return [
          await ask('/api/v1/about', {}),
          await ask('/api/v1/socket-ticket', { method: 'POST' }),
          await ask('/api/v1/socket-ticket', { method: 'POST', headers: { 'X-Berth': '1' } }),
          await socket(`${target.replace('http', 'ws')}/api/v1/socket`),
        ];
      }, served.origin);
      expect(answers).toEqual(['blocked', 'blocked', 'blocked', 'refused']);
    } finally {
      await other.end();
    }
  });
});

describe('the command line', () => {
  it('prints a new link for a running Berth, which signs in', async () => {
    const { code, stdout } = await berth('link', '--data-dir', join(folder, 'data'));
    expect(code).toBe(0);
    expect(stdout.trim()).not.toBe(link);
    link = stdout.trim();
    await signIn();
  });

  it('refuses a second Berth on the same data, a taken port, and what it does not know, in one line each', async () => {
    const data = join(folder, 'data');
    const port = new URL(served.origin).port;
    const cases: [string[], number, RegExp][] = [
      [['serve', '--port', '0', '--data-dir', data], 1, /already runs/],
      [['serve', '--port', port, '--data-dir', join(folder, 'other')], 1, /is taken/],
      [['serve', '--prot', '1', '--data-dir', data], 2, /--prot/],
      [['serve', '--host', '0.0.0.0', '--data-dir', data], 2, /unencrypted/],
      [['link', '--data-dir', join(folder, 'nobody')], 1, /No Berth is running/],
    ];
    for (const [args, code, words] of cases) {
      const result = await berth(...args);
      expect([args, result.code, result.stderr]).toEqual([args, code, expect.stringMatching(words)]);
      expect(result.stderr.trim().split('\n')).toHaveLength(1);
    }
    expect((await berth('frobnicate')).code).toBe(2);
    expect(await berth('--version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    expect((await berth('help')).stdout).toContain('berth serve');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('closes in good order on %s', async (signal) => {
    await signIn();
    expect(await end(signal)).toBe(0);
    expect(await readdir(join(folder, 'data'))).not.toContain('control.sock');
    expect((await berth('link', '--data-dir', join(folder, 'data'))).code).toBe(1);
  });
});
