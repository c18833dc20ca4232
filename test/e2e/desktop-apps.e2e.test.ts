/**
 * Web apps over the desktop's window, under the stand-in: each in a partition of its own, without Node and preload, held to
 * its own origin, and gone with its tab.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ForwardId } from '#contract/ids.ts';
import type { ShellBridge, ShellEvent, ShellInput, ShellRequestName } from '#contract/shell.ts';
import { type Desktop, launchDesktop } from '#test/electron/launch-desktop.ts';

/** Runs in the page. */
declare const berthShell: ShellBridge;
interface PageGlobals {
  shellEvents: ShellEvent[];
}

const forwardId = (n: number): ForwardId => `fwd_${String(n).padStart(20, '0')}`;
const partition = (n: number) => `persist:app-${forwardId(n)}`;
const bounds = { x: 275, y: 112, width: 1005, height: 680 };

describe('web apps over the window', () => {
  let desktop: Desktop;
  let server: Server;
  let port = 0;
  /** Cookies that reached the app, by its host name. */
  const cookies: Record<string, string[]> = {};
  beforeAll(async () => {
    server = createServer((request, response) => {
      const name = request.headers.host?.split('.')[0] ?? '';
      if (request.url === '/see') cookies[name] = [...(cookies[name] ?? []), request.headers.cookie ?? ''];
      if (request.url === '/keep')
        response.setHeader('Set-Cookie', ['basket=three; Path=/', 'wide=1; Domain=localhost; Path=/']);
      if (request.url === '/away') {
        response.writeHead(302, { Location: 'https://example.org/redirected' }).end();
        return;
      }
      response.setHeader('Content-Type', 'text/html');
      response.end(`<title>${name}</title><a href="/next">next</a>
        <a id="blank" target="_blank" href="https://example.org/blank">out</a>
        <a id="inner" target="_blank" href="/inner">in</a>`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    desktop = await launchDesktop();
    await desktop.page.evaluate(() => {
      const events: ShellEvent[] = [];
      (window as unknown as PageGlobals).shellEvents = events;
      berthShell.onEvent((event) => events.push(event));
    });
  });
  afterAll(async () => {
    await desktop?.close();
    server?.close();
  });

  const ask = <N extends ShellRequestName>(name: N, input: ShellInput<N>) =>
    desktop.page.evaluate(
      ([request, value]) =>
        berthShell.request(request as 'appViewHide', value as { tabId: string }).then(
          (output) => ({ output: output as unknown }),
          (error: Error) => ({ refused: error.message }),
        ),
      [name, input] as const,
    );
  const originOf = (name: string) => `http://${name}.localhost:${port}`;
  const show = async (n: number, name: string, tabId = `tab-${n}`): Promise<Page> => {
    const url = `${originOf(name)}/#ticket`;
    expect(await ask('appViewOpen', { tabId, forwardId: forwardId(n), url, bounds })).toEqual({ output: {} });
    await ask('appViewMove', { tabId, bounds });
    return desktop.appPage(partition(n));
  };
  const lastState = (tabId: string) =>
    desktop.page.evaluate((id) => {
      const { shellEvents } = window as unknown as PageGlobals;
      const last = shellEvents.findLast((event) => event.type === 'app-view' && event.tabId === id);
      return last?.type === 'app-view' ? last.state : null;
    }, tabId);

  it('opens each in a partition of its own, with every wall up and nothing of ours inside', async () => {
    const page = await show(1, 'shop-3000');
    const made = await desktop.entry('app-view', (entry) => entry.partition === partition(1));
    expect(made.preferences).toEqual({
      ...{ sandbox: true, contextIsolation: true, webSecurity: true, safeDialogs: true },
      ...{ nodeIntegration: false, nodeIntegrationInWorker: false, nodeIntegrationInSubFrames: false },
      ...{ allowRunningInsecureContent: false, experimentalFeatures: false, webviewTag: false },
      ...{ navigateOnDragDrop: false, spellcheck: false, devTools: true },
    });
    expect((await desktop.entry('app-view-bounds', ({ view }) => view === made.view)).bounds).toEqual(bounds);
    await page.waitForLoadState();
    expect(await page.evaluate(() => 'berthShell' in window || 'require' in window)).toBe(false);
  });

  it('tells the tab what is shown, without what came behind the address', async () => {
    await expect
      .poll(() => lastState('tab-1'), { timeout: 20_000 })
      .toEqual({
        ...{ title: 'shop-3000', url: `${originOf('shop-3000')}/`, isLoading: false },
        ...{ canGoBack: false, canGoForward: false, failure: null },
      });
  });

  it('goes on within its origin, and back', async () => {
    const page = await desktop.appPage(partition(1));
    await page.getByText('next').click();
    await expect.poll(async () => (await lastState('tab-1'))?.canGoBack, { timeout: 20_000 }).toBe(true);
    expect((await lastState('tab-1'))?.url).toBe(`${originOf('shop-3000')}/next`);
    await ask('appViewAct', { tabId: 'tab-1', act: 'back' });
    await expect
      .poll(async () => (await lastState('tab-1'))?.url, { timeout: 20_000 })
      .toBe(`${originOf('shop-3000')}/`);
  });

  it('keeps a cookie of one app from the other, also of one with the same name on the same port', async () => {
    const shop = await desktop.appPage(partition(1));
    await shop.evaluate(async () => {
      await fetch('/keep');
      await fetch('/see');
    });
    const lab = await show(2, 'lab-8888');
    await lab.waitForLoadState();
    await lab.evaluate(() => fetch('/see'));
    // The same origin under another forward: still another partition.
    const twin = await show(3, 'shop-3000');
    await twin.waitForLoadState();
    await twin.evaluate(() => fetch('/see'));
    expect(cookies['shop-3000']?.[0]).toContain('basket=three');
    expect(cookies['lab-8888']).toEqual(['']);
    expect(cookies['shop-3000']?.[1]).toBe('');
  });

  it('leaves its origin for nothing: what leads elsewhere opens in the browser, once in a while', async () => {
    const page = await desktop.appPage(partition(1));
    const before = page.url();
    const from = desktop.entries.length;
    await page.evaluate(() => {
      window.location.href = 'https://example.org/elsewhere';
    });
    await desktop.entry('navigation-prevented', ({ url }) => url === 'https://example.org/elsewhere', from);
    expect((await desktop.entry('open-external', undefined, from)).url).toBe('https://example.org/elsewhere');
    // At once afterwards, as only a script does it.
    await page.evaluate(() => window.open('https://example.org/spam'));
    await desktop.entry('window-open-denied', ({ url }) => url === 'https://example.org/spam', from);
    expect(desktop.entries.filter((entry) => entry.what === 'open-external')).toHaveLength(1);
    for (const url of ['file:///etc/passwd', 'berth-app://ui/index.html', 'berth://hosts/add'])
      await page.evaluate((to) => {
        window.location.href = to;
      }, url);
    expect(page.url()).toBe(before);
    expect(desktop.entries.filter((entry) => entry.what === 'open-external')).toHaveLength(1);
  });

  it('follows no redirect away from home', async () => {
    const page = await desktop.appPage(partition(2));
    const before = page.url();
    const from = desktop.entries.length;
    await page.evaluate(() => {
      window.location.href = '/away';
    });
    await desktop.entry('navigation-prevented', ({ url }) => url === 'https://example.org/redirected', from);
    expect(page.url()).toBe(before);
  });

  it('makes no window: its own pages open in the same view', async () => {
    const page = await desktop.appPage(partition(2));
    const from = desktop.entries.length;
    await page.locator('#inner').click();
    await desktop.entry('window-open-denied', ({ url }) => url.endsWith('/inner'), from);
    await page.waitForURL('**/inner');
  });

  it('gets the clipboard to write and the whole screen, for its own origin, and nothing else', async () => {
    const own = `${originOf('shop-3000')}/`;
    const cases: [name: string, url: string, answer: boolean][] = [
      ['clipboard-sanitized-write', own, true],
      ['fullscreen', own, true],
      ['clipboard-sanitized-write', 'https://example.org/', false],
      ['fullscreen', `${originOf('lab-8888')}/`, false],
      ...(['clipboard-read', 'media', 'geolocation', 'notifications', 'hid', 'openExternal'] as const).map(
        (name): [string, string, boolean] => [name, own, false],
      ),
    ];
    for (const [name, url, answer] of cases) {
      const from = desktop.entries.length;
      desktop.tell({ do: 'ask-permission', name, url, isMainFrame: true, partition: partition(1) });
      const asked = await desktop.entry('permission', undefined, from);
      expect([name, url, asked.answer]).toEqual([name, url, answer]);
    }
  });

  it('takes no address but those of web apps on this computer', async () => {
    for (const url of [
      'https://example.org/',
      'http://localhost:47100/',
      'http://127.0.0.1:47100/',
      'http://a.localhost.example.org:80/',
      'http://a@b.localhost:1/',
      'https://a.localhost:1/',
      'file:///etc/passwd',
      'berth-app://ui/index.html',
    ]) {
      const answer = await ask('appViewOpen', { tabId: 'tab-9', forwardId: forwardId(9), url, bounds });
      expect([url, answer]).toEqual([url, { refused: expect.stringContaining('Refused') }]);
    }
    expect(
      desktop.entries.some((entry) => entry.what === 'app-view' && entry.partition === partition(9)),
    ).toBe(false);
  });

  it('leaves Berth its own keys, and the app the rest', async () => {
    await ask('appViewKeys', { keys: [{ chord: 'Ctrl+Shift+K', commandId: 'go.palette' }] });
    const press = async (key: string, shift: boolean) => {
      const from = desktop.entries.length;
      desktop.tell({
        do: 'press-in-app',
        input: {
          ...{ type: 'keyDown', key, code: `Key${key.toUpperCase()}`, isAutoRepeat: false },
          ...{ control: true, meta: false, alt: false, shift },
        },
      });
      return (await desktop.entry('app-key', undefined, from)).isPrevented;
    };
    const from = desktop.entries.length;
    expect(await press('k', false)).toBe(false);
    expect(await press('K', true)).toBe(true);
    await desktop.entry('page-focused', undefined, from);
    await desktop.page.waitForFunction(() =>
      (window as unknown as PageGlobals).shellEvents.some(
        (event) => event.type === 'command' && event.id === 'go.palette',
      ),
    );
  });

  it('hides and comes back where it is told to, with a picture for the time between', async () => {
    const { view } = await desktop.entry('app-view', (entry) => entry.partition === partition(1));
    const from = desktop.entries.length;
    const picture = async () =>
      ((await ask('appViewPicture', { tabId: 'tab-1' })) as { output: { picture: string | null } }).output
        .picture;
    // One that takes too long is none, and the next may be in time.
    await expect.poll(picture, { timeout: 20_000 }).toMatch(/^data:image\/png;base64,/);
    await ask('appViewHide', { tabId: 'tab-1' });
    await desktop.entry('app-view-visible', (entry) => entry.view === view && !entry.isVisible, from);
    expect(await picture()).toBe(null);
    const moved = { ...bounds, x: 300 };
    await ask('appViewMove', { tabId: 'tab-1', bounds: moved });
    await desktop.entry('app-view-visible', (entry) => entry.view === view && entry.isVisible, from);
    const last = await desktop.entry('app-view-bounds', (entry) => entry.view === view, from);
    expect(last.bounds).toEqual(moved);
  });

  it('opens nothing in the browser while nobody can see it', async () => {
    const page = await desktop.appPage(partition(2));
    await ask('appViewHide', { tabId: 'tab-2' });
    const from = desktop.entries.length;
    await page.evaluate(() => window.open('https://example.org/unseen'));
    await desktop.entry('window-open-denied', ({ url }) => url === 'https://example.org/unseen', from);
    expect(desktop.entries.slice(from).some(({ what }) => what === 'open-external')).toBe(false);
  });

  it('closes with its tab, forgets what the app stored when told to, and goes with a page that loads anew', async () => {
    const { view } = await desktop.entry('app-view', (entry) => entry.partition === partition(2));
    await ask('appViewClose', { tabId: 'tab-2' });
    await desktop.entry('app-view-closed', (entry) => entry.view === view);
    await ask('appViewForget', { forwardId: forwardId(2) });
    expect((await desktop.entry('data-cleared')).partition).toBe(partition(2));
    const left = await desktop.entry('app-view', (entry) => entry.partition === partition(1));
    await desktop.page.reload();
    await desktop.entry('app-view-closed', (entry) => entry.view === left.view);
  });
});
