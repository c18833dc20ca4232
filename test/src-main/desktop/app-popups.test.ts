/**
 * Windows that apps open: which ones there are, where they may go, what their person is asked, and how they end. With the
 * walls of the app's session around them, as Electron would call them.
 */
import { EventEmitter } from 'node:events';
import type { BrowserWindowConstructorOptions, HandlerDetails, Session, WebContents } from 'electron';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ShellEvent } from '#contract/shell.ts';
import { FakeWindow, fakePage } from './fake-window.ts';

class Window extends FakeWindow {
  title: string;
  readonly options: { readonly title: string; readonly parent?: unknown };
  constructor(options: Window['options']) {
    super();
    this.options = options;
    this.title = options.title;
    this.isShown = false;
    windows.push(this);
  }
  readonly contentView = { addChildView: () => undefined };
  removeMenu = () => undefined;
  setTitle(title: string): void {
    this.title = title;
  }
  show(): void {
    this.isShown = true;
  }
  destroy = () => {
    this.isGone = true;
    this.emit('closed');
  };
}
const windows: Window[] = [];
const asked: { owner: unknown; message: string; detail: string; defaultId: number }[] = [];
let answers: { response: number; checkboxChecked: boolean }[] = [];
let held: Promise<void> = Promise.resolve();
const made: { webPreferences: object; webContents?: unknown }[] = [];
vi.mock('electron', () => ({
  BaseWindow: Window,
  WebContentsView: class {
    readonly webContents: unknown;
    constructor(options: (typeof made)[number]) {
      made.push(options);
      this.webContents = options.webContents;
    }
    setBounds = () => undefined;
  },
  shell: { openExternal: async () => undefined },
  dialog: {
    showMessageBox: async (owner: unknown, options: Omit<(typeof asked)[number], 'owner'>) => {
      asked.push({ owner, ...options });
      await held;
      return answers.shift() ?? { response: 1, checkboxChecked: false };
    },
  },
}));
const { createAppPopups, isPopup, isWebSite, popupTitle } = await import('#main/desktop/app-popups.ts');
const { createAppSessions } = await import('#main/desktop/app-sessions.ts');
const { createAppWishes } = await import('#main/desktop/app-wishes.ts');
const { createPersonQuestions } = await import('#main/desktop/person-questions.ts');

const home = 'http://shop-3000.localhost:47100';
const idp = 'https://accounts.example.org/authorize?client=shop';
const yes = { response: 0, checkboxChecked: false };
const popup: HandlerDetails = {
  ...{ url: idp, frameName: 'sign-in', features: 'width=480,height=600', disposition: 'new-window' },
  referrer: { url: home, policy: 'strict-origin' },
};
type Request = { url: string; resourceType: string; webContents?: unknown };

class Contents extends EventEmitter {
  url = '';
  isGone = false;
  session: object = {};
  open: (details: HandlerDetails) => Electron.WindowOpenHandlerResponse = () => ({ action: 'allow' });
  setWindowOpenHandler(handler: Contents['open']): void {
    this.open = handler;
  }
  setZoomMode = () => undefined;
  focus = () => undefined;
  getURL = () => this.url;
  isDestroyed = () => this.isGone;
  close = () => {
    if (this.isGone) return;
    this.isGone = true;
    this.emit('destroyed');
  };
  get asContents(): WebContents {
    return this as unknown as WebContents;
  }
  /** As a page wants to go somewhere by itself. */
  isPrevented(url: string, name = 'will-navigate'): boolean {
    let isPrevented = false;
    this.emit(name, { url, isMainFrame: true, preventDefault: () => (isPrevented = true) });
    return isPrevented;
  }
  arrive(url: string): void {
    this.url = url;
    this.emit('did-navigate', {}, url);
  }
}

function world() {
  let nowMs = 0;
  const told: ShellEvent[] = [];
  const saved: unknown[] = [];
  const tab = new Contents();
  tab.url = `${home}/`;
  const owner = new FakeWindow();
  const { page } = fakePage(owner, {
    view: { webContents: tab.asContents, setBounds: () => undefined } as never,
  });
  let judge: (details: Request, answer: (what: { cancel?: boolean }) => void) => void = () => undefined;
  let permit: (contents: unknown, name: string, decide: (is: boolean) => void, details: object) => void;
  const session = Object.assign(new EventEmitter(), {
    setPermissionRequestHandler: (handler: typeof permit) => (permit = handler),
    setPermissionCheckHandler: () => undefined,
    setDevicePermissionHandler: () => undefined,
    setDisplayMediaRequestHandler: () => undefined,
    webRequest: { onBeforeRequest: (handler: typeof judge) => (judge = handler) },
  });
  tab.session = session;
  const questions = createPersonQuestions();
  const popups = createAppPopups({ questions, isPackaged: true, linkAct: () => null });
  const wishes = createAppWishes({
    ...{ questions, popups, tell: (event) => told.push(event), nowMs: () => nowMs },
    pages: () => [page],
    sessions: () => sessions,
    downloads: { begin: (_app, item) => saved.push(item) > 0 },
  });
  const sessions = createAppSessions({ fromPartition: () => session as unknown as Session, wishes });
  const app = sessions.open(page.forwardId, home);
  sessions.secureContents(tab.asContents, app);
  /** As Electron goes about it: the handler, the contents, the walls around them, and then what shows them. */
  const open = (details: Partial<HandlerDetails> = {}, opener = tab) => {
    nowMs += 1_000;
    const response = opener.open({ ...popup, ...details });
    if (response.action === 'deny') return undefined;
    const guest = new Contents();
    guest.session = session;
    sessions.secureContents(guest.asContents, app);
    const given = { webContents: guest.asContents, frame: false, title: 'Your bank' };
    expect(response.createWindow?.(given as BrowserWindowConstructorOptions)).toBe(guest);
    const window = windows.at(-1);
    if (window === undefined) throw new Error('no window');
    return { guest, window, response };
  };
  return {
    ...{ tab, page, owner, popups, told, open, saved, session, wishes },
    pass: (ms: number) => (nowMs += ms),
    /** What becomes of a request for a page of its own. */
    ask: (contents: Contents | undefined, url: string, resourceType = 'mainFrame') =>
      new Promise<boolean>((resolve) =>
        judge({ url, resourceType, ...(contents && { webContents: contents }) }, ({ cancel }) =>
          resolve(cancel !== true),
        ),
      ),
    permits: (contents: Contents, name: string, url: string) => {
      let isAllowed: boolean | undefined;
      permit(contents, name, (is) => (isAllowed = is), { requestingUrl: url, isMainFrame: true });
      return isAllowed;
    },
  };
}
const opened = (of: ReturnType<typeof world>, details: Partial<HandlerDetails> = {}) => {
  const one = of.open(details);
  if (one === undefined) throw new Error('it was refused');
  return one;
};

beforeEach(() => {
  windows.length = 0;
  asked.length = 0;
  made.length = 0;
  answers = [];
  held = Promise.resolve();
});

describe('a window that a page can talk to', () => {
  it.each([
    ['with a size', popup, true],
    ['with words alone', { ...popup, features: 'popup' }, true],
    [
      'empty, for a script to fill',
      { ...popup, url: 'about:blank', features: '', disposition: 'foreground-tab' },
      true,
    ],
    ['at home', { ...popup, url: `${home}/login` }, true],
    ['at another app', { ...popup, url: 'http://lab-8888.localhost:47100/' }, false],
    ['without TLS', { ...popup, url: 'http://example.org/' }, false],
    ['for a program of this computer', { ...popup, url: 'mailto:a@example.org' }, false],
    ['of a script', { ...popup, url: 'javascript:alert(1)' }, false],
    ['without an opener', { ...popup, features: 'width=480, noopener' }, false],
    ['without a referrer', { ...popup, features: 'NoReferrer=1,width=480' }, false],
    ['empty and without an opener', { ...popup, url: 'about:blank', features: 'noopener' }, false],
    ['a link to another page', { ...popup, features: '', disposition: 'foreground-tab' }, false],
    ['a link and a key that is held', { ...popup, features: '', disposition: 'new-window' }, false],
    ['a link and the middle button', { ...popup, disposition: 'background-tab' }, false],
  ] as [string, HandlerDetails, boolean][])('%s', (_what, details, is) => {
    expect(isPopup(details, home)).toBe(is);
  });

  it('is made of what Chromium made, with every wall up and nothing of what the page asked for', () => {
    const of = world();
    const { response, guest, window } = opened(of, {
      features: 'nodeIntegration=yes,sandbox=no,preload=/x.js',
    });
    const walls = {
      ...{ sandbox: true, contextIsolation: true, webSecurity: true, webviewTag: false, plugins: false },
      ...{ nodeIntegration: false, nodeIntegrationInWorker: false, nodeIntegrationInSubFrames: false },
      ...{ allowRunningInsecureContent: false, experimentalFeatures: false, navigateOnDragDrop: false },
      ...{ safeDialogs: true, disableDialogs: true, spellcheck: false, devTools: false, javascript: true },
      session: of.session,
    };
    // Before Chromium makes it, and once more when it is shown.
    expect(response.overrideBrowserWindowOptions).toEqual({ webPreferences: walls });
    expect(made).toEqual([{ webPreferences: walls, webContents: guest }]);
    expect(window.options).toMatchObject({ frame: true, fullscreenable: false, parent: of.owner });
    expect(window.title).toBe('A page without an address — opened by Shop');
  });

  it('is refused to a page that nobody sees, to a script that is quick, and beyond three', () => {
    const of = world();
    for (let n = 0; n < 3; n += 1) expect(of.open()).not.toBe(undefined);
    expect(of.open()).toBe(undefined);
    windows[0]?.destroy();
    expect(of.tab.open(popup).action).toBe('deny');
    expect(of.open()).not.toBe(undefined);
    windows[1]?.destroy();
    of.owner.isShown = false;
    expect(of.open()).toBe(undefined);
    of.owner.isShown = true;
    of.page.isVisible = false;
    expect(of.open()).toBe(undefined);
  });

  it('survives a thousand calls as it survives one', () => {
    const of = world();
    const answers = Array.from({ length: 1_000 }, () => of.tab.open(popup).action);
    expect(answers.filter((action) => action === 'allow')).toHaveLength(1);
    expect([windows, asked, of.told]).toEqual([[], [], []]);
  });

  it('is no empty one for what it may not show: that is refused with a word', () => {
    const of = world();
    const url = 'http://example.org/plain';
    expect(of.open({ url })).toBe(undefined);
    expect(of.told).toEqual([{ type: 'app-view-refused', tabId: 'tab-1', what: 'link', url }]);
  });

  it('opens none of its own', () => {
    const of = world();
    const { guest } = opened(of, { url: `${home}/login` });
    expect(of.open({ url: `${home}/more` }, guest)).toBe(undefined);
    expect(of.open({ url: 'about:blank' }, guest)).toBe(undefined);
    expect(windows).toHaveLength(1);
  });

  it('opens nothing where Electron made no contents for it', () => {
    const of = world();
    const response = of.tab.open({ ...popup, url: 'about:blank', features: '' });
    expect(response.action).toBe('allow');
    if (response.action === 'allow') expect(response.createWindow?.({})).toBe(of.tab);
    expect(windows).toEqual([]);
  });
});

describe('where it goes', () => {
  it('is at home without a word, seen from the beginning', async () => {
    const of = world();
    const { guest, window } = opened(of, { url: `${home}/login` });
    expect(window.isShown).toBe(true);
    expect(guest.isPrevented(`${home}/login`)).toBe(false);
    expect(await of.ask(guest, `${home}/login`)).toBe(true);
    guest.arrive(`${home}/login`);
    expect(window.title).toBe('shop-3000.localhost:47100 — opened by Shop');
    expect(asked).toEqual([]);
  });

  it('is another site once its person said yes: the request waits, and nothing is seen before', async () => {
    const of = world();
    const { promise, resolve } = Promise.withResolvers<void>();
    held = promise;
    answers = [yes];
    const { guest, window } = opened(of);
    expect(guest.isPrevented(idp)).toBe(false);
    const isLetIn = of.ask(guest, idp);
    await expect.poll(() => asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      owner: of.owner,
      message: 'Show accounts.example.org in a window of Shop?',
      detail: expect.stringContaining(idp),
      defaultId: 1,
    });
    expect(window.isShown).toBe(false);
    resolve();
    expect(await isLetIn).toBe(true);
    // What is there until the site comes, its opener may have drawn: the title does not vouch for it.
    expect([window.isShown, window.title]).toEqual([true, 'A page without an address — opened by Shop']);
    guest.arrive(idp);
    expect(window.title).toBe('accounts.example.org — opened by Shop');
    // On to the site's own provider, and back: nobody is asked again.
    for (const url of ['https://login.example.com/', `${home}/callback?code=7`]) {
      expect([guest.isPrevented(url, 'will-redirect'), await of.ask(guest, url)]).toEqual([false, true]);
      guest.arrive(url);
    }
    expect(asked).toHaveLength(1);
    expect(window.title).toBe('shop-3000.localhost:47100 — opened by Shop');
  });

  it('closes with a no, and its app is not heard for a while', async () => {
    const of = world();
    const { guest, window } = opened(of);
    expect(await of.ask(guest, idp)).toBe(false);
    expect([window.isGone, guest.isGone]).toEqual([true, true]);
    of.pass(1_500);
    expect(of.tab.open(popup).action).toBe('deny');
    of.pass(1_500);
    expect(of.tab.open(popup).action).toBe('allow');
  });

  it('is asked about each time, but for a site of which its person said always', async () => {
    const of = world();
    answers = [{ response: 0, checkboxChecked: true }, yes];
    for (const url of [idp, idp, 'https://other.example.org/'])
      expect(await of.ask(opened(of, { url }).guest, url)).toBe(true);
    expect(asked.map(({ message }) => message)).toEqual([
      'Show accounts.example.org in a window of Shop?',
      'Show other.example.org in a window of Shop?',
    ]);
  });

  it('is nowhere while another question is open, and nobody is asked over a window that is not seen', async () => {
    const of = world();
    const { promise, resolve } = Promise.withResolvers<void>();
    held = promise;
    answers = [yes];
    const first = opened(of);
    const isFirstIn = of.ask(first.guest, idp);
    const second = opened(of, { url: 'https://example.com/' });
    expect(await of.ask(second.guest, 'https://example.com/')).toBe(false);
    expect(second.window.isGone).toBe(true);
    // Closed by its person while the question is open.
    first.window.destroy();
    resolve();
    expect(await isFirstIn).toBe(false);
    of.pass(3_000);
    const third = opened(of);
    of.owner.isShown = false;
    expect(await of.ask(third.guest, idp)).toBe(false);
    expect(asked).toHaveLength(1);
  });

  it.each([
    'http://accounts.example.org/',
    'https://accounts.google.com@evil.example/',
    'http://lab-8888.localhost:47100/',
    'https://localhost:8443/',
    'https://desk-5000.localhost/',
    'https://localhost./',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'file:///etc/passwd',
    'berth-app://ui/index.html',
    'berth://hosts',
    'chrome://gpu/',
    'data:text/html,hello',
    'javascript:alert(1)',
    'about:blank',
    '',
  ])('is never %s', async (url) => {
    const of = world();
    answers = [yes, yes, yes];
    const { guest } = opened(of);
    expect(await of.ask(guest, idp)).toBe(true);
    expect(isWebSite(url)).toBe(false);
    for (const name of ['will-navigate', 'will-redirect'])
      expect([name, guest.isPrevented(url, name)]).toEqual([name, true]);
    expect(await of.ask(guest, url)).toBe(false);
  });

  it('is a matter of its main frame: what a page is made of comes without a question', async () => {
    const of = world();
    const { guest } = opened(of, { url: `${home}/login` });
    expect(await of.ask(guest, 'https://cdn.example.org/a.js', 'script')).toBe(true);
    expect(await of.ask(guest, 'https://widget.example.org/', 'subFrame')).toBe(true);
    expect(asked).toEqual([]);
  });

  it('lets a tab go nowhere: neither by itself, nor led by the window that it opened', async () => {
    const of = world();
    answers = [yes];
    const { guest } = opened(of);
    expect(await of.ask(guest, idp)).toBe(true);
    // `opener.location = …`
    expect(of.tab.isPrevented('https://evil.example/')).toBe(true);
    expect(await of.ask(of.tab, 'https://evil.example/')).toBe(false);
    // Nor a page of which nobody says whose it is.
    expect(await of.ask(undefined, idp)).toBe(false);
    expect(await of.ask(undefined, `${home}/`)).toBe(true);
    expect(guest.isGone).toBe(false);
  });
});

describe('what it gets', () => {
  it('is of its own origin alone, and never the whole screen', async () => {
    const of = world();
    answers = [yes];
    const { guest } = opened(of);
    await of.ask(guest, idp);
    guest.arrive(idp);
    expect(of.permits(guest, 'clipboard-read', idp)).toBe(false);
    expect(of.permits(guest, 'notifications', idp)).toBe(false);
    expect(of.permits(guest, 'fullscreen', `${home}/`)).toBe(false);
    expect(of.permits(of.tab, 'fullscreen', `${home}/`)).toBe(true);
    expect(asked).toHaveLength(1);
  });

  it('saves in its app’s name what is its app’s', async () => {
    const of = world();
    answers = [yes];
    const { guest } = opened(of);
    await of.ask(guest, idp);
    guest.arrive(idp);
    of.pass(1_000);
    const item = (url: string) => ({ getURL: () => url, getURLChain: () => [] });
    const save = (url: string) => {
      let isPrevented = false;
      of.session.emit('will-download', { preventDefault: () => (isPrevented = true) }, item(url), guest);
      return !isPrevented;
    };
    expect(save('https://accounts.example.org/setup.exe')).toBe(false);
    expect(of.told).toContainEqual(expect.objectContaining({ type: 'app-view-refused', what: 'download' }));
    expect(save(`${home}/export.csv`)).toBe(true);
    expect(of.saved).toHaveLength(1);
  });

  it('is no name and password, and nothing that holds it open', () => {
    const { guest } = opened(world(), { url: `${home}/login` });
    const answer = vi.fn();
    guest.emit('login', { preventDefault: () => undefined }, {}, {}, answer);
    expect(answer).toHaveBeenCalledWith();
    let isHeld = true;
    guest.emit('will-prevent-unload', { preventDefault: () => (isHeld = false) });
    expect(isHeld).toBe(false);
  });
});

describe('its end', () => {
  it.each([
    ['its own script', (one: ReturnType<typeof opened>) => one.guest.close()],
    ['its person', (one: ReturnType<typeof opened>) => one.window.destroy()],
    ['its process', (one: ReturnType<typeof opened>) => one.guest.emit('render-process-gone', {}, {})],
    ['the tab that opened it', (_one: unknown, of: ReturnType<typeof world>) => of.popups.closeOf(of.page)],
  ])('comes by %s, whole', (_what, end) => {
    const of = world();
    const one = opened(of, { url: `${home}/login` });
    end(one, of);
    expect([one.window.isGone, one.guest.isGone]).toEqual([true, true]);
    expect(of.popups.find(one.guest.asContents)).toBe(undefined);
  });

  it('of another tab is not its own', () => {
    const of = world();
    const { window } = opened(of, { url: `${home}/login` });
    of.popups.closeOf(fakePage(of.owner).page);
    expect(window.isGone).toBe(false);
  });
});

describe('its title', () => {
  it('shows the end of a long name, where its owner stands', () => {
    const long = `https://accounts.google.com.${'a'.repeat(60)}.evil.example/`;
    expect(popupTitle(long, 'Shop')).toMatch(/^…a+\.evil\.example — opened by Shop$/);
    expect(popupTitle('https://аpple.example/', 'Shop')).toBe('xn--pple-43d.example — opened by Shop');
    expect(popupTitle(`blob:${home}/7`, 'x'.repeat(80))).toBe(
      `A page without an address — opened by ${'x'.repeat(40)}…`,
    );
  });
});
