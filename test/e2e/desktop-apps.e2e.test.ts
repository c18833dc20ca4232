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
import type { JournalEntry } from '#test/electron/journal.ts';
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
  const seen: string[] = [];
  /** Another site, where people sign in. */
  const accounts = () => `https://accounts.example.test:${port}`;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const name = request.headers.host?.split('.')[0] ?? '';
      if (request.url === '/see') cookies[name] = [...(cookies[name] ?? []), request.headers.cookie ?? ''];
      if (request.url === '/keep')
        response.setHeader('Set-Cookie', ['basket=three; Path=/', 'wide=1; Domain=localhost; Path=/']);
      if (request.url === '/staff' && request.headers.authorization !== `Basic ${btoa('dev:harbour')}`) {
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="Staff"' }).end('Who are you?');
        return;
      }
      if (name !== 'accounts') seen.push(`${name} ${request.url}`);
      if (request.url === '/login') {
        response.writeHead(302, { Location: `${accounts()}/authorize?of=${name}` }).end();
        return;
      }
      if (name === 'accounts') {
        seen.push(`accounts ${request.url} ${request.headers.cookie ?? '-'}`);
        response.writeHead(200, { 'Content-Type': 'text/html' });
        response.end('<title>Your bank</title><p>again</p>');
        return;
      }
      if (request.url?.startsWith('/callback')) {
        response.writeHead(200, { 'Content-Type': 'text/html' });
        response.end('<script>opener.postMessage(location.search, location.origin); close()</script>');
        return;
      }
      if (request.url === '/away') {
        response.writeHead(302, { Location: 'https://example.org/redirected' }).end();
        return;
      }
      response.setHeader('Content-Type', 'text/html');
      response.end(`<title>${name}</title><a href="/next">next</a>
        <a id="blank" target="_blank" href="https://example.org/blank">out</a>
        <a id="inner" target="_blank" href="/inner?x=1#part">in</a>
        <input type="file" aria-label="A file"><p>harbour, Harbour, harbour</p>`);
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
    const opened = { tabId, forwardId: forwardId(n), url, bounds, path: null, name: `The ${name}` };
    expect(await ask('appViewOpen', opened)).toEqual({ output: {} });
    await ask('appViewMove', { tabId, bounds });
    return desktop.appPage(partition(n));
  };
  /** Does it until it was heard: what comes too soon after another wish of the same app is not. */
  const until = async <T>(act: () => unknown, heard: () => T | undefined): Promise<T> => {
    // Not at each look: what is done again cuts off what it began before.
    let againMs = 0;
    await expect
      .poll(
        async () => {
          if (heard() === undefined && performance.now() >= againMs) {
            await act();
            againMs = performance.now() + 2_500;
          }
          return heard() !== undefined;
        },
        { timeout: 20_000, interval: 200 },
      )
      .toBe(true);
    return heard()!;
  };
  /** Opens one window: too soon after another wish of its app none is opened, and one that is there is never led anew. */
  const popUp = (page: Page, url: string, features: string) =>
    expect
      .poll(
        () =>
          page.evaluate(
            ([to, words]) => {
              const opened = window.open(to, '_blank', words);
              if (opened !== null) Object.assign(window, { popUp: opened });
              return opened !== null;
            },
            [url, features] as const,
          ),
        { timeout: 20_000, interval: 500 },
      )
      .toBe(true);
  const find = <W extends JournalEntry['what']>(what: W, from: number) =>
    desktop.entries.slice(from).find((entry) => entry.what === what) as
      | Extract<JournalEntry, { what: W }>
      | undefined;
  const events = <T extends ShellEvent['type']>(type: T) =>
    desktop.page.evaluate(
      (wanted) => (window as unknown as PageGlobals).shellEvents.filter((event) => event.type === wanted),
      type,
    ) as Promise<Extract<ShellEvent, { type: T }>[]>;
  /** With Ctrl, in the view that was opened last. */
  const press = async (key: string, shift: boolean) => {
    const from = desktop.entries.length;
    desktop.tell({
      do: 'press-in-app',
      input: {
        ...{ type: 'keyDown', key, code: `Key${key.toUpperCase()}`, isAutoRepeat: false },
        ...{ control: true, meta: false, alt: false, shift },
      },
    });
    return desktop.entry('app-key', undefined, from);
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
      ...{ navigateOnDragDrop: false, spellcheck: false, devTools: true, plugins: false },
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
        ...{ isStuck: false, zoomPercent: 100, found: null },
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

  it('leaves its origin for nothing: what leads elsewhere opens in the browser, if the person says so', async () => {
    const page = await desktop.appPage(partition(1));
    const before = page.url();
    const from = desktop.entries.length;
    await page.evaluate(() => {
      window.location.href = 'https://example.org/elsewhere';
    });
    await desktop.entry('navigation-prevented', ({ url }) => url === 'https://example.org/elsewhere', from);
    const asked = await desktop.entry('question', undefined, from);
    expect(asked).toMatchObject({
      message: 'Open example.org in your browser?',
      detail: `The shop-3000 (${originOf('shop-3000')}) leads there:\nhttps://example.org/elsewhere`,
      buttons: ['Open in the browser', 'Cancel'],
    });
    // While it is open, as only a script does it; and nothing has been opened yet.
    await page.evaluate(() => window.open('https://example.org/spam'));
    await desktop.entry('window-open-denied', ({ url }) => url === 'https://example.org/spam', from);
    expect(find('open-external', 0)).toBe(undefined);
    desktop.tell({ do: 'answer', label: 'Open in the browser' });
    expect((await desktop.entry('open-external', undefined, from)).url).toBe('https://example.org/elsewhere');
    expect(desktop.entries.slice(from).filter(({ what }) => what === 'question')).toHaveLength(1);
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
    await desktop.entry('question', ({ detail }) => detail.includes('/redirected'), from);
    desktop.tell({ do: 'answer', label: 'Cancel' });
    expect(find('open-external', from)).toBe(undefined);
  });

  it('makes no window: its own pages open in another tab, of others a person decides, and plain HTTP is refused', async () => {
    const page = await desktop.appPage(partition(2));
    const before = page.url();
    await expect
      .poll(
        async () => {
          await page.locator('#inner').click();
          return (await events('app-view-opened'))[0];
        },
        { timeout: 20_000 },
      )
      .toEqual({ type: 'app-view-opened', tabId: 'tab-2', path: '/inner?x=1' });
    expect(page.url()).toBe(before);
    expect(await page.evaluate(() => window.open('/inner') === null)).toBe(true);

    const from = desktop.entries.length;
    const asked = await until(
      () => page.locator('#blank').click(),
      () => find('question', from),
    );
    expect(asked.message).toBe('Open example.org in your browser?');
    desktop.tell({ do: 'answer', label: 'Cancel' });
    await expect
      .poll(
        async () => {
          await page.evaluate(() => window.open('http://example.org/plain'));
          return (await events('app-view-refused'))[0];
        },
        { timeout: 20_000 },
      )
      .toEqual({
        ...{ type: 'app-view-refused', tabId: 'tab-2' },
        what: 'link',
        url: 'http://example.org/plain',
      });
    expect(find('open-external', from)).toBe(undefined);
  });

  it('goes to the page that a tab begins with, once it is let in, and no further back', async () => {
    const url = `${originOf('lab-8888')}/#ticket`;
    const opened = { tabId: 'tab-beside', forwardId: forwardId(2), url, bounds, name: 'Lab' };
    for (const path of ['//example.org/', '/.berth/enter', 'next', '/a#b'])
      expect(await ask('appViewOpen', { ...opened, path })).toEqual({
        refused: expect.stringContaining('Refused'),
      });
    await ask('appViewOpen', { ...opened, path: '/next?y=2' });
    await expect
      .poll(async () => (await lastState('tab-beside'))?.url, { timeout: 20_000 })
      .toBe(`${originOf('lab-8888')}/next?y=2`);
    await expect.poll(async () => (await lastState('tab-beside'))?.isLoading).toBe(false);
    expect((await lastState('tab-beside'))?.canGoBack).toBe(false);
    await ask('appViewClose', { tabId: 'tab-beside' });
  });

  it('bothers nobody for what a page wants that nobody sees', async () => {
    const own = `${originOf('shop-3000')}/`;
    const wish = { name: 'clipboard-read', url: own, isMainFrame: true, partition: partition(1) };
    const from = desktop.entries.length;
    desktop.tell({ do: 'ask-permission', ...wish });
    expect((await desktop.entry('permission', undefined, from)).answer).toBe(false);
    expect(find('question', from)).toBe(undefined);
  });

  it('gets the clipboard to write and the whole screen, for its own origin, and nothing else by itself', async () => {
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
      const opened = { tabId: 'tab-9', forwardId: forwardId(9), url, bounds, path: null, name: '' };
      const answer = await ask('appViewOpen', opened);
      expect([url, answer]).toEqual([url, { refused: expect.stringContaining('Refused') }]);
    }
    expect(
      desktop.entries.some((entry) => entry.what === 'app-view' && entry.partition === partition(9)),
    ).toBe(false);
  });

  it('leaves Berth its own keys, and the app the rest', async () => {
    await ask('appViewKeys', { keys: [{ chord: 'Ctrl+Shift+K', commandId: 'go.palette' }] });
    const from = desktop.entries.length;
    expect((await press('k', false)).isPrevented).toBe(false);
    expect((await press('K', true)).isPrevented).toBe(true);
    await desktop.entry('page-focused', undefined, from);
    await desktop.page.waitForFunction(() =>
      (window as unknown as PageGlobals).shellEvents.some(
        (event) => event.type === 'command' && event.id === 'go.palette',
      ),
    );
  });

  it('hears a browser’s keys before the menu does, which has what it does not want', async () => {
    await ask('setMenu', {
      rows: [{ id: 'app.find', label: 'Find', menu: 'View', accelerator: null, isEnabled: true }],
    });
    const shop = await desktop.appPage(partition(3));
    expect(await press('f', false)).toMatchObject({ isPrevented: false, isInMenu: true });
    await expect
      .poll(async () => (await events('command')).map(({ id }) => id), { timeout: 20_000 })
      .toContain('app.find');
    await shop.evaluate(() => {
      addEventListener('keydown', (event) => event.preventDefault());
    });
    expect(await press('f', false)).toMatchObject({ isPrevented: false, isInMenu: false });
  });

  it('finds in its page, zooms, and shows what stopped answering until it does again', async () => {
    await ask('appViewFind', { tabId: 'tab-3', text: 'harbour', isForward: true, isNew: true });
    const state = () => expect.poll(() => lastState('tab-3'), { timeout: 20_000 });
    await state().toMatchObject({ found: { count: 2, current: 1 } });
    await ask('appViewFind', { tabId: 'tab-3', text: '', isForward: true, isNew: true });
    await state().toMatchObject({ found: null });
    await ask('appViewAct', { tabId: 'tab-3', act: 'zoom-in' });
    await state().toMatchObject({ zoomPercent: 110 });
    desktop.tell({ do: 'emit-in-app', event: 'zoom-changed', details: 'out' });
    await state().toMatchObject({ zoomPercent: 100 });
    desktop.tell({ do: 'emit-in-app', event: 'render-process-gone', details: { reason: 'oom' } });
    await state().toMatchObject({ failure: 'its process ended (oom)' });
    await ask('appViewAct', { tabId: 'tab-3', act: 'reload' });
    await state().toMatchObject({ failure: null, isLoading: false });
    for (const [event, isStuck] of [
      ['unresponsive', true],
      ['responsive', false],
      ['unresponsive', true],
    ] as const) {
      desktop.tell({ do: 'emit-in-app', event, details: null });
      await state().toMatchObject({ isStuck });
    }
    const shop = await desktop.appPage(partition(3));
    await shop.evaluate(() => Reflect.set(window, 'isOld', true));
    await ask('appViewAct', { tabId: 'tab-3', act: 'revive' });
    // While it is being loaded there is no page to ask.
    const isOld = () => shop.evaluate(() => 'isOld' in window).catch(() => true);
    await expect.poll(isOld, { timeout: 20_000 }).toBe(false);
    await state().toMatchObject({ isStuck: false, failure: null, isLoading: false });
  });

  it('has a menu for the other button, from which a link opens outside without another question', async () => {
    const from = desktop.entries.length;
    const editFlags = { canCopy: true };
    const nothing = {
      linkURL: '',
      srcURL: '',
      mediaType: 'none',
      isEditable: false,
      selectionText: '',
      editFlags,
    };
    const click = (more: object) =>
      desktop.tell({
        do: 'emit-in-app',
        event: 'context-menu',
        details: { ...nothing, ...more, x: 1, y: 1 },
      });
    click({});
    expect((await desktop.entry('popup-menu', undefined, from)).labels).toEqual([
      'Back',
      'Forward',
      'Reload',
      '-',
      'Inspect',
    ]);
    click({ linkURL: 'https://example.org/docs' });
    await desktop.entry('popup-menu', ({ labels }) => labels.includes('Open link in the browser'), from);
    desktop.tell({ do: 'choose-in-popup', label: 'Open link in the browser' });
    expect((await desktop.entry('open-external', undefined, from)).url).toBe('https://example.org/docs');
    desktop.tell({ do: 'choose-in-popup', label: 'Copy link address' });
    await desktop.entry('copied', ({ text }) => text === 'https://example.org/docs', from);
  });

  it('asks who is there where its own server wants to know, and goes on with what was typed', async () => {
    const shop = await desktop.appPage(partition(3));
    await shop.evaluate(() => {
      window.location.href = '/staff';
    });
    await expect
      .poll(() => events('app-view-login'), { timeout: 20_000 })
      .toEqual([{ type: 'app-view-login', tabId: 'tab-3', realm: 'Staff' }]);
    await ask('appViewLogin', { tabId: 'tab-3', login: { username: 'dev', password: 'harbour' } });
    await shop.waitForURL('**/staff');
    await shop.getByText('harbour, Harbour').waitFor();
  });

  it('saves what it may where the person says, tells how far it is, and opens none of it', async () => {
    const from = desktop.entries.length;
    const download = {
      ...{ url: `${originOf('shop-3000')}/plan.pdf`, fileName: 'plan.pdf', initiator: '' },
      frame: null,
    };
    desktop.tell({ do: 'save-in-app', download });
    expect(await desktop.entry('download', undefined, from)).toMatchObject({ isAllowed: true });
    const told = async () => (await events('download')).map(({ download: one }) => one);
    await expect.poll(async () => (await told()).length, { timeout: 20_000 }).toBe(2);
    const [running, done] = await told();
    expect(running).toEqual({
      ...{ id: 'download-1', fileName: 'plan.pdf', from: 'The shop-3000', phase: 'running' },
      ...{ receivedBytes: 1024, totalBytes: 2048, folder: '/home/dev/Downloads' },
    });
    expect(done).toMatchObject({ phase: 'done', receivedBytes: 2048 });
    await ask('downloadShow', { id: 'download-7' });
    await ask('downloadShow', { id: 'download-1' });
    const shown = await desktop.entry('show-in-folder', undefined, from);
    expect(shown.path).toBe('/home/dev/Downloads/plan.pdf');
    desktop.tell({ do: 'save-in-app', download: { ...download, url: 'file:///etc/passwd' } });
    await desktop.entry('download', ({ url, isAllowed }) => url.startsWith('file:') && !isAllowed, from);
    expect(desktop.entries.slice(from).some(({ what }) => what === 'open-external')).toBe(false);
  });

  it('lets a person choose files', async () => {
    const shop = await desktop.appPage(partition(3));
    const chooser = shop.waitForEvent('filechooser');
    await shop.getByLabel('A file').click();
    await (await chooser).setFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') });
    expect(await shop.getByLabel('A file').inputValue()).toContain('a.txt');
  });

  it('is asked before its tab closes, and stays where the person says so', async () => {
    const shop = await desktop.appPage(partition(3));
    await shop.evaluate(() => {
      addEventListener('beforeunload', (event) => event.preventDefault());
    });
    const from = desktop.entries.length;
    expect(await ask('appViewLeave', { tabId: 'tab-3' })).toEqual({ output: { isLeft: false } });
    expect(find('question', from)).toMatchObject({
      message: 'Leave The shop-3000?',
      buttons: ['Leave', 'Stay'],
    });
    expect(find('app-view-closed', from)).toBe(undefined);
    desktop.tell({ do: 'answer-before', label: 'Leave' });
    expect(await ask('appViewLeave', { tabId: 'tab-3' })).toEqual({ output: { isLeft: true } });
    expect(find('app-view-closed', from)).not.toBe(undefined);
    expect(await ask('appViewLeave', { tabId: 'tab-3' })).toEqual({ output: { isLeft: true } });
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

  it('signs in by a window that it can talk to, which goes to another site when its person says so, and comes back', async () => {
    const page = await show(5, 'site-3000');
    await page.waitForLoadState();
    await page.evaluate(() => {
      const own = window as unknown as { codes: unknown[] };
      own.codes = [];
      addEventListener('message', ({ data, origin }) => own.codes.push(`${origin} ${String(data)}`));
    });
    const from = desktop.entries.length;
    await popUp(page, `${accounts()}/authorize`, 'width=480,height=600');
    const asked = await desktop.entry('question', undefined, from);
    expect(asked.message).toBe(`Show accounts.example.test:${port} in a window of The site-3000?`);
    expect(find('popup', from)).toMatchObject({ frame: true, fullscreenable: false, hasParent: true });
    expect(find('popup-shown', from)).toBe(undefined);
    expect(seen.some((one) => one.startsWith('accounts'))).toBe(false);
    const made = desktop.entries.slice(from).find((entry) => entry.what === 'app-view');
    expect(made).toMatchObject({
      partition: partition(5),
      preferences: { sandbox: true, nodeIntegration: false, contextIsolation: true, disableDialogs: true },
    });
    desktop.tell({ do: 'answer', label: 'Show it' });
    await desktop.entry('popup-title', ({ title }) => title.startsWith('accounts.example.test:'), from);
    expect(find('popup-shown', from)).not.toBe(undefined);
    const popup = await until(
      () => undefined,
      () =>
        page
          .context()
          .pages()
          .find((one) => one.url().startsWith(accounts())),
    );
    await popup.getByText('again').waitFor();
    expect(await popup.evaluate(() => 'berthShell' in window || 'require' in window)).toBe(false);
    // It leads neither itself nor the tab away.
    const fromAway = desktop.entries.length;
    const away = await until(
      () =>
        popup.evaluate(() => {
          (opener as Window).location.href = 'https://evil.example/tab';
        }),
      () => find('question', fromAway),
    );
    expect(away.message).toBe('Open evil.example in your browser?');
    desktop.tell({ do: 'answer', label: 'Cancel' });
    await desktop.entry('navigation-prevented', ({ url }) => url === 'https://evil.example/tab', from);
    await popup.evaluate(
      (url) => {
        window.location.href = url;
      },
      `${originOf('lab-8888')}/`,
    );
    await desktop.entry('navigation-prevented', ({ url }) => url.startsWith(originOf('lab-8888')), from);
    await popup.evaluate(
      (url) => {
        window.location.href = url;
      },
      `${originOf('site-3000')}/callback?code=7`,
    );
    const codes = () => page.evaluate(() => (window as unknown as { codes: unknown[] }).codes);
    await expect.poll(codes, { timeout: 20_000 }).toEqual([`${originOf('site-3000')} ?code=7`]);
    await desktop.entry('popup-closed', undefined, from);
    expect(page.url()).toMatch(originOf('site-3000'));
  });

  it('closes a window that its own server leads elsewhere, if the person does not want it', async () => {
    const page = await desktop.appPage(partition(5));
    const from = desktop.entries.length;
    const asks = seen.length;
    await popUp(page, '/login', 'popup');
    await desktop.entry('question', undefined, from);
    desktop.tell({ do: 'answer', label: 'Cancel' });
    await desktop.entry('popup-closed', undefined, from);
    await expect
      .poll(() => page.evaluate(() => (window as unknown as { popUp: Window }).popUp.closed), {
        timeout: 20_000,
      })
      .toBe(true);
    expect(seen.slice(asks)).toEqual(['site-3000 /login']);
  });

  it('closes what it opened with its tab', async () => {
    const page = await desktop.appPage(partition(5));
    const from = desktop.entries.length;
    await popUp(page, '/inner', 'width=300');
    await desktop.entry('popup-shown', undefined, from);
    await desktop.entry('popup-title', ({ title }) => title.startsWith('site-3000.localhost:'), from);
    await ask('appViewClose', { tabId: 'tab-5' });
    await desktop.entry('popup-closed', undefined, from);
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

  it('ends the app after what is unsaved was saved and the apps in it were left', async () => {
    await desktop.page.waitForFunction(() => (document.body.innerText ?? '').length > 20);
    const page = await show(4, 'desk-5000');
    await page.waitForLoadState();
    await page.evaluate(() => {
      addEventListener('beforeunload', (event) => event.preventDefault());
    });
    await ask('setUnsaved', { texts: ['notes.txt'], transferCount: 0 });
    const from = desktop.entries.length;
    const ended = desktop.quit();
    await desktop.entry('question', ({ message }) => message.includes('notes.txt'), from);
    // The page itself saves, and says so.
    desktop.tell({ do: 'answer', label: 'Save' });
    expect(await ended).toBe(0);
    const asked = desktop.entries.slice(from).filter(({ what }) => what === 'question');
    expect(asked.map((entry) => ('message' in entry ? entry.message : ''))).toEqual([
      'Save what you changed in notes.txt?',
      'Leave The desk-5000?',
    ]);
    const told = desktop.entries.slice(from).map(({ what }) => what);
    expect(told.indexOf('app-view-closed')).toBeLessThan(told.lastIndexOf('window-close'));
    expect(desktop.entries.slice(from)).toContainEqual({ what: 'plane-ended', code: 0 });
  });
});
