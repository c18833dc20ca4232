/** The built desktop app, whole: main process, plane, preload and window, in a real Chromium under the stand-in. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ShellBridge, ShellEvent } from '#contract/shell.ts';
import type { DownloadAsk } from '#test/electron/journal.ts';
import { type Desktop, launchDesktop } from '#test/electron/launch-desktop.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

/** Runs in the page. */
declare const berthShell: ShellBridge;
interface PageGlobals {
  shellEvents: ShellEvent[];
}

describe('the desktop app', () => {
  let desktop: Desktop;
  beforeAll(async () => {
    desktop = await launchDesktop();
  });
  afterAll(async () => {
    await desktop?.close();
  });

  /** A connection of the test's own, asked for as the window asks: frames in, frames out. */
  const callPlane = (method: string) =>
    desktop.page.evaluate(
      (name) =>
        new Promise<unknown>((resolve) => {
          const onMessage = ({ data, ports }: MessageEvent<unknown>) => {
            const [port] = ports;
            if (data !== 'berth:port' || port === undefined) return;
            window.removeEventListener('message', onMessage);
            port.onmessage = (event: MessageEvent<unknown>) => {
              resolve(event.data);
              port.close();
            };
            port.postMessage({ t: 'call', id: 1, method: name, input: {} });
          };
          window.addEventListener('message', onMessage);
          window.postMessage('berth:want-port', window.location.origin);
        }),
      method,
    );

  it('opens a window with every wall up, and says so before it is ready where Electron asks that', async () => {
    const { value } = await desktop.entry('web-preferences');
    expect(value).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
    });
    await desktop.entry('before-ready', ({ name }) => name === 'enableSandbox');
    await desktop.entry('before-ready', ({ name }) => name === 'registerSchemesAsPrivileged');
  });

  it('shows the built window, connected to its plane', async () => {
    await desktop.page.waitForFunction(() => (document.body.innerText ?? '').length > 20);
    expect(await desktop.page.title()).toContain('Berth');
    expect(await desktop.page.evaluate(() => Object.keys(berthShell).sort())).toEqual([
      'onEvent',
      'platform',
      'request',
    ]);
    const leaks = desktop.entries.filter(
      ({ what }) => what === 'request-escaped' || what === 'request-cancelled',
    );
    expect(leaks).toEqual([]);
  });

  it('hands over a port on which the plane answers its owner', async () => {
    expect(await callPlane('about.get')).toMatchObject({
      t: 'reply',
      id: 1,
      output: { mode: 'desktop', dataFolder: desktop.dataFolder, isReadOnly: false },
    });
    expect(await callPlane('no.such')).toMatchObject({ t: 'fail', error: { code: 'not-found' } });
  });

  it('shows the menu that the page asks for, and tells the page what was clicked', async () => {
    await desktop.page.evaluate(() => {
      const events: ShellEvent[] = [];
      (window as unknown as PageGlobals).shellEvents = events;
      berthShell.onEvent((event) => events.push(event));
    });
    const from = desktop.entries.length;
    await desktop.page.evaluate(() =>
      berthShell.request('setMenu', {
        rows: [
          { id: 'a.one', label: 'One & only', menu: 'File', accelerator: 'Mod+K', isEnabled: true },
          { id: 'a.two', label: 'Two', menu: 'View', accelerator: 'Nonsense+Q+', isEnabled: false },
        ],
      }),
    );
    const menu = await desktop.entry('menu', ({ items }) => items.some(({ id }) => id === 'a.one'), from);
    expect(menu.items).toEqual([
      { id: 'a.one', label: 'One && only', isEnabled: true, accelerator: 'CommandOrControl+K' },
      { id: 'a.two', label: 'Two', isEnabled: false, accelerator: null },
    ]);
    desktop.tell({ do: 'click-menu', id: 'a.one' });
    await desktop.page.waitForFunction(() =>
      (window as unknown as PageGlobals).shellEvents.some((event) => event.type === 'command'),
    );
  });

  it('opens only web and mail links outside, and only after its own check', async () => {
    const refused = await desktop.page.evaluate(async () => {
      const links = [
        'file:///etc/passwd',
        'FILE:///etc/passwd',
        'javascript:alert(1)',
        ' smb://x/y',
        'ssh://x',
        'vbscript:x',
        'ms-msdt:/id',
        'x-man-page://ls',
        'data:text/html,x',
        'berth://hosts',
        'https',
        '\u0000https://x',
        `https://${'x'.repeat(9000)}`,
      ];
      const ask = (url: string) =>
        berthShell.request('openExternal', { url }).then(
          () => url,
          () => undefined,
        );
      return (await Promise.all(links.map(ask))).filter((link) => link !== undefined);
    });
    expect(refused).toEqual([]);
    expect(desktop.entries.filter(({ what }) => what === 'open-external')).toEqual([]);
    await desktop.page.evaluate(() => berthShell.request('openExternal', { url: 'https://example.org/a b' }));
    const opened = await desktop.entry('open-external');
    expect(opened.url).toBe('https://example.org/a%20b');
  });

  it('refuses requests that are not in the table, not valid, or from a frame', async () => {
    const answers = await desktop.page.evaluate(async () => {
      const ask = (name: string, input: unknown) =>
        berthShell.request(name as 'setBadge', input as { count: number }).then(
          () => 'done',
          (error: Error) => error.message,
        );
      return [
        await ask('toString', {}),
        await ask('setBadge', { count: -1 }),
        await ask('setBadge', { count: 3 }),
      ];
    });
    expect(answers).toEqual([expect.stringContaining('Refused'), expect.stringContaining('Refused'), 'done']);
    await desktop.entry('badge', ({ count }) => count === 3);
    const fromFrame = await desktop.page.evaluate(async () => {
      const frame = document.createElement('iframe');
      document.body.append(frame);
      type Call = (message: unknown) => Promise<unknown>;
      const { __electronCall: call } = frame.contentWindow as unknown as { __electronCall: Call };
      return call({ kind: 'invoke', channel: 'berth:request', args: ['setBadge', { count: 99 }] });
    });
    expect(fromFrame).toEqual({ error: expect.stringContaining('Refused') });
    expect(desktop.entries).not.toContainEqual({ what: 'badge', count: 99 });
  });

  it('gives the path of a file that the person chose, and null when they did not', async () => {
    const ask = () =>
      desktop.page.evaluate(() => berthShell.request('chooseFile', { title: 'Key', purpose: 'private-key' }));
    expect(await ask()).toEqual({ path: null });
    desktop.tell({ do: 'choose-file', path: '/home/dev/.ssh/id' });
    expect(await ask()).toEqual({ path: '/home/dev/.ssh/id' });
  });

  it('goes nowhere else, opens no windows, attaches no webviews', async () => {
    const before = desktop.page.url();
    for (const url of ['https://example.org/', 'http://127.0.0.1:1/', 'file:///etc/passwd']) {
      await desktop.page.evaluate((to) => {
        window.location.href = to;
      }, url);
    }
    await desktop.entry('navigation-prevented', ({ url }) => url === 'https://example.org/');
    await desktop.entry('navigation-prevented', ({ url }) => url === 'http://127.0.0.1:1/');
    await desktop.page.evaluate(() => window.open('https://example.org/opened'));
    await desktop.entry('window-open-denied', ({ url }) => url === 'https://example.org/opened');
    desktop.tell({ do: 'attach-webview' });
    expect((await desktop.entry('webview-prevented')).value).toBe(true);
    expect(desktop.page.url()).toBe(before);
  });

  it('reaches no network and runs no script that is not its own', async () => {
    const result = await desktop.page.evaluate(async () => {
      const reach = (url: string) =>
        fetch(url, { mode: 'no-cors' }).then(
          () => 'reached',
          () => 'stopped',
        );
      const marks = window as unknown as { isInlineRun?: boolean };
      const script = document.createElement('script');
      script.textContent = 'window.isInlineRun = true';
      document.head.append(script);
      return { fetched: await reach('https://example.org/x'), isInlineRun: marks.isInlineRun ?? false };
    });
    expect(result).toEqual({ fetched: 'stopped', isInlineRun: false });
    expect(desktop.entries.filter(({ what }) => what === 'request-escaped')).toEqual([]);
  });

  it('lets its own page copy, paste, notify and save files, and gives nobody anything else', async () => {
    const own = 'berth-app://ui/index.html';
    const allowed = [
      'clipboard-sanitized-write',
      'clipboard-read',
      'notifications',
      'fullscreen',
      'keyboardLock',
      'fileSystem',
    ];
    const others = ['media', 'geolocation', 'openExternal', 'hid', 'display-capture'];
    const cases: [name: string, url: string, isMainFrame: boolean, answer: boolean][] = [
      ...allowed.flatMap((name): [string, string, boolean, boolean][] => [
        [name, own, true, true],
        [name, own, false, false],
        [name, 'https://example.org/', true, false],
        [name, 'berth-app://other/', true, false],
      ]),
      ...others.map((name): [string, string, boolean, boolean] => [name, own, true, false]),
    ];
    for (const [name, url, isMainFrame, answer] of cases) {
      const from = desktop.entries.length;
      desktop.tell({ do: 'ask-permission', name, url, isMainFrame });
      const asked = await desktop.entry('permission', undefined, from);
      expect([name, url, isMainFrame, asked.answer]).toEqual([name, url, isMainFrame, answer]);
    }
  });

  /** A click on a link that saves, as the window itself makes one; in a frame when asked for. */
  const save = (href: string | null, isInFrame = false) =>
    desktop.page.evaluate(
      ([address, framed]) => {
        const frame = document.createElement('iframe');
        if (framed) document.body.append(frame);
        const owner = frame.contentDocument ?? document;
        const link = owner.createElement('a');
        link.href = address ?? URL.createObjectURL(new Blob(['what was recorded']));
        link.download = 'demo.cast';
        owner.body.append(link);
        link.click();
        return link.href;
      },
      [href, isInFrame] as const,
    );

  it('saves what its own page holds, under the name that the page gave', async () => {
    const from = desktop.entries.length;
    await save(null);
    const asked = await desktop.entry('download', undefined, from);
    expect(asked).toMatchObject({ fileName: 'demo.cast', isAllowed: true });
    expect(asked.url).toMatch(/^blob:berth-app:\/\/ui\//);
  });

  it('saves nothing else that its page begins, and nothing of a frame', async () => {
    for (const [href, isInFrame] of [
      ['data:text/plain,x', false],
      ['/index.html', false],
      [null, true],
    ] as const) {
      const from = desktop.entries.length;
      await save(href, isInFrame);
      const asked = await desktop.entry('download', undefined, from);
      expect([asked.url, asked.isAllowed]).toEqual([asked.url, false]);
    }
  });

  it('saves nothing that somebody else began', async () => {
    const own = {
      url: 'blob:berth-app://ui/1',
      fileName: 'x',
      initiator: 'berth-app://ui',
      frame: { url: 'berth-app://ui/index.html', isMain: true },
    };
    const cases: [change: Partial<DownloadAsk>, isAllowed: boolean][] = [
      [{}, true],
      [{ url: 'https://example.org/x' }, false],
      [{ url: 'berth-app://ui/index.html' }, false],
      [{ url: 'blob:https://example.org/1' }, false],
      [{ url: 'blob:berth-app://ui.example.org/1' }, false],
      [{ url: 'blob:null/1' }, false],
      [{ url: 'file:///etc/passwd' }, false],
      [{ initiator: '' }, false],
      [{ initiator: 'null' }, false],
      [{ initiator: 'https://example.org' }, false],
      [{ frame: null }, false],
      [{ frame: { url: own.frame.url, isMain: false } }, false],
      [{ frame: { url: 'https://example.org/', isMain: true } }, false],
    ];
    for (const [change, isAllowed] of cases) {
      const from = desktop.entries.length;
      desktop.tell({ do: 'start-download', download: { ...own, ...change } });
      const asked = await desktop.entry('download', undefined, from);
      expect([change, asked.isAllowed]).toEqual([change, isAllowed]);
    }
  });

  it('serves nothing but the files of the window under its scheme', async () => {
    const statuses = await desktop.page.evaluate(async () => {
      const paths = ['/index.html', '/..%2f..%2fpackage.json', '/%2e%2e/main/index.js', '/no.js'];
      return Promise.all(paths.map(async (path) => (await fetch(path)).status));
    });
    expect(statuses).toEqual([200, 404, 404, 404]);
  });

  it('shows the first window when it is started again, and takes the link of the second start as a place to go', async () => {
    const from = desktop.entries.length;
    expect(await desktop.startAgain('berth://hosts/add?address=dev%40atlas')).toBe(0);
    await desktop.entry('focused', undefined, from);
    await desktop.page.waitForFunction(() =>
      (window as unknown as PageGlobals).shellEvents.some((event) => event.type === 'deep-link'),
    );
    const events = await desktop.page.evaluate(() => (window as unknown as PageGlobals).shellEvents);
    expect(events.filter(({ type }) => type === 'deep-link')).toEqual([
      { type: 'deep-link', path: '/hosts/add', query: { address: 'dev@atlas' } },
    ]);
  });

  it('starts the plane again when it dies, tells the page, and serves it as before', async () => {
    const from = desktop.entries.length;
    desktop.tell({ do: 'kill-plane' });
    await desktop.entry('plane-ended', undefined, from);
    await desktop.entry('plane-started', undefined, from);
    await desktop.page.waitForFunction(() =>
      (window as unknown as PageGlobals).shellEvents.some((event) => event.type === 'plane-restarted'),
    );
    expect(await callPlane('about.get')).toMatchObject({ t: 'reply', output: { mode: 'desktop' } });
  });

  it('tells the plane what the system says of sleep', async () => {
    const log = async () => await readFile(join(desktop.dataFolder, 'berth.log'), 'utf8');
    desktop.tell({ do: 'power', event: 'resume' });
    await waitUntil(async () => (await log()).includes('"reason":"resume"'), {
      what: 'the plane heard of it',
    });
    desktop.tell({ do: 'power', event: 'suspend' });
    desktop.tell({ do: 'power', event: 'unlock-screen' });
    await waitUntil(async () => (await log()).includes('"reason":"unlock"'), {
      what: 'the plane heard of it',
    });
    expect(await log()).not.toContain('suspend');
  });

  /** What its page would say of a changed text. */
  const setUnsaved = (texts: string[]) =>
    desktop.page.evaluate(
      (names) => berthShell.request('setUnsaved', { texts: names, transferCount: 0 }),
      texts,
    );

  it.each(['the window', 'the menu', 'the icon', 'a signal'] as const)(
    'does not end by %s over what is unsaved, unless the person says so',
    async (by) => {
      await setUnsaved(['notes.txt']);
      const from = desktop.entries.length;
      if (by === 'the window') desktop.tell({ do: 'close-window' });
      else if (by === 'the menu') desktop.tell({ do: 'quit' });
      else if (by === 'the icon') desktop.tell({ do: 'click-tray', id: 'tray.quit' });
      else desktop.signal('SIGTERM');
      const { message, buttons } = await desktop.entry('question', undefined, from);
      expect([message, buttons]).toEqual([
        'Save what you changed in notes.txt?',
        ['Save', 'Discard', 'Cancel'],
      ]);
      desktop.tell({ do: 'answer', label: 'Cancel' });
      expect(await callPlane('about.get')).toMatchObject({ t: 'reply' });
      expect(desktop.entries.slice(from)).toContainEqual({ what: 'window-close', isPrevented: true });
      expect(desktop.entries.slice(from)).not.toContainEqual({ what: 'window-close', isPrevented: false });
    },
  );

  it('forgets what a page would have lost when that page is loaded anew, and closes the plane in good order when it quits', async () => {
    await setUnsaved(['notes.txt']);
    await desktop.page.reload();
    const from = desktop.entries.length;
    expect(await desktop.quit()).toBe(0);
    expect(desktop.entries.slice(from).some(({ what }) => what === 'question')).toBe(false);
    expect(desktop.entries.slice(from)).toContainEqual({ what: 'plane-ended', code: 0 });
  });
});
