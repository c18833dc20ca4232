/**
 * WebContentsView over a Chromium of its own for each partition, so that what one keeps is really not the other's: every
 * request goes through the session's handlers, every navigation that the page begins through the contents' events. Where
 * it is drawn is told, not seen; keys come by the test's word. A window that a page opens is a real one of Chromium's, with
 * its opener, and made only if the handler says so. Servers of https are asked without TLS, on this computer.
 *
 * What it cannot show: that the view lies above the page, Electron's own sandbox, redirects after the first within an origin.
 */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, type CDPSession, chromium, type Page, type Route } from 'playwright';
import { chromiumLaunchOptions } from '#test/servers/chromium.ts';
import { journal, type KeyInput } from './journal.ts';
import type { Session } from './session.ts';

const contexts = new Map<Session, Promise<BrowserContext>>();

async function launch(session: Session, profileFolder: string): Promise<BrowserContext> {
  const folder = join(profileFolder, 'Partitions', session.partition.replace(':', '-'));
  const options = await chromiumLaunchOptions({ args: ['--remote-debugging-port=0'] });
  const context = await chromium.launchPersistentContext(folder, {
    ...options,
    ...{ acceptDownloads: false, handleSIGTERM: false },
  });
  const [port = '', path = ''] = readFileSync(join(folder, 'DevToolsActivePort'), 'utf8').split('\n');
  journal({ what: 'app-browser', partition: session.partition, cdp: `ws://127.0.0.1:${port}${path}` });
  return context;
}

interface NavigationEvent {
  readonly url: string;
  readonly isMainFrame: boolean;
  readonly isSameDocument: boolean;
  preventDefault(): void;
}

interface OpenDetails {
  readonly url: string;
  readonly features: string;
  readonly disposition: string;
}
interface OpenAnswer {
  readonly action: string;
  readonly createWindow?: (options: object) => ViewContents;
}
/** Where a page asks, and waits, whether it may open a window. */
const askPath = '/__electron-ask';

export class ViewContents extends EventEmitter {
  readonly session: Session;
  /** Of the view that shows it. */
  #number: number;
  readonly #profileFolder: () => string;
  #page: Promise<Page> | undefined;
  #cdp: CDPSession | undefined;
  #isDestroyed = false;
  #isLoading = false;
  #title = '';
  #url = '';
  #history = { index: 0, count: 0 };
  #clearedCount = 0;
  /** What was before is forgotten; where this is in Chromium's list is known when it has loaded. */
  #isCleared = false;
  #zoomFactor = 1;
  /** What the app itself loads is asked of nobody. */
  #loadedByUs = '';
  #openHandler: (details: OpenDetails) => OpenAnswer = () => ({ action: 'allow' });
  /** What was answered to the window that the page opens next. */
  #nextWindow: OpenAnswer | undefined;
  #adopting: Promise<void> = Promise.resolve();

  readonly navigationHistory = {
    canGoBack: () => this.#history.index > this.#clearedCount,
    canGoForward: () => this.#history.index < this.#history.count - 1,
    goBack: () => void this.#page?.then((page) => page.goBack({ waitUntil: 'commit' })),
    goForward: () => void this.#page?.then((page) => page.goForward({ waitUntil: 'commit' })),
    clear: () => {
      this.#isCleared = true;
    },
  };

  constructor(session: Session, number: number, profileFolder: () => string) {
    super();
    this.session = session;
    this.#number = number;
    this.#profileFolder = profileFolder;
  }
  set number(number: number) {
    this.#number = number;
  }
  getURL(): string {
    return this.#url;
  }
  getTitle(): string {
    return this.#title;
  }
  isLoading(): boolean {
    return this.#isLoading;
  }
  isDestroyed(): boolean {
    return this.#isDestroyed;
  }
  setWindowOpenHandler(handler: (details: OpenDetails) => OpenAnswer): void {
    this.#openHandler = handler;
  }
  async loadURL(url: string): Promise<void> {
    this.#loadedByUs = url.split('#', 1)[0] ?? '';
    this.#page ??= this.#open();
    await (await this.#page).goto(url);
  }
  reload(): void {
    this.#loadedByUs = this.#url.split('#', 1)[0] ?? '';
    void this.#page?.then((page) => page.reload()).catch(() => undefined);
  }
  stop(): void {
    void this.#page?.then((page) => page.evaluate(() => window.stop())).catch(() => undefined);
  }
  focus(): void {
    journal({ what: 'app-view-focused', view: this.#number });
    this.emit('focus');
  }
  async capturePage() {
    const page = await this.#page;
    const bytes = await page?.screenshot();
    return {
      isEmpty: () => bytes === undefined,
      toDataURL: () => `data:image/png;base64,${bytes?.toString('base64') ?? ''}`,
    };
  }
  setZoomMode(): void {}
  getZoomFactor(): number {
    return this.#zoomFactor;
  }
  setZoomFactor(factor: number): void {
    this.#zoomFactor = factor;
  }
  findInPage(text: string): void {
    journal({ what: 'app-found', text });
    void this.#page
      ?.then((page) => page.evaluate((wanted) => document.body.innerText.split(wanted).length - 1, text))
      .then((matches) =>
        this.emit(
          'found-in-page',
          {},
          { matches, activeMatchOrdinal: Math.min(1, matches), finalUpdate: true },
        ),
      );
  }
  stopFindInPage(): void {
    journal({ what: 'app-found', text: '' });
  }
  forcefullyCrashRenderer(): void {
    this.emit('render-process-gone', {}, { reason: 'killed' });
  }
  /** Whether the page itself makes something of a key. */
  async isKeyTaken({ key, control, alt, shift }: KeyInput): Promise<boolean> {
    const page = await this.#page;
    if (page === undefined) return false;
    const init = { key, ctrlKey: control, altKey: alt, shiftKey: shift, bubbles: true, cancelable: true };
    return page.evaluate((press) => !document.body.dispatchEvent(new KeyboardEvent('keydown', press)), init);
  }
  /** What a page does that Chromium would ask before it leaves; asked of it by its event, for a dialog has two ends here. */
  async #isHeld(): Promise<boolean> {
    const page = await this.#page;
    const ask = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }));
    return (await page?.evaluate(ask).catch(() => false)) ?? false;
  }
  close(how: { readonly waitForBeforeUnload: boolean } = { waitForBeforeUnload: false }): void {
    if (!how.waitForBeforeUnload) {
      this.#destroy();
      return;
    }
    void this.#isHeld().then((isHeld) => {
      let isLetGo = !isHeld;
      if (isHeld) this.emit('will-prevent-unload', { preventDefault: () => (isLetGo = true) });
      if (isLetGo) this.#destroy();
    });
  }
  #destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    journal({ what: 'app-view-closed', view: this.#number });
    void this.#page?.then((page) => page.close()).catch(() => undefined);
    this.emit('destroyed');
  }

  async #open(): Promise<Page> {
    let context = contexts.get(this.session);
    if (context === undefined) {
      context = launch(this.session, this.#profileFolder());
      contexts.set(this.session, context);
    }
    const page = await (await context).newPage();
    await this.#follow(page);
    return page;
  }

  /** A window that the page has just opened, empty: made known as Electron does, before it goes anywhere. */
  async #adopt(page: Page): Promise<void> {
    const guest = new ViewContents(this.session, 0, this.#profileFolder);
    guest.#page = Promise.resolve(page);
    await guest.#follow(page);
    events?.opened(guest);
    const shown = this.#nextWindow?.createWindow?.({ webContents: guest });
    if (shown !== guest) throw new Error('Invalid webContents. Created window should be connected to it.');
    // As Electron has it by itself.
    this.once('destroyed', () => guest.close());
    page.on('close', () => guest.#destroy());
  }

  async #follow(page: Page): Promise<void> {
    this.#cdp = await page.context().newCDPSession(page);
    await page.route('**/*', (route) => this.#onRequest(page, route));
    await page.routeWebSocket(/.*/, (socket) => {
      if (this.session.allows(socket.url())) socket.connectToServer();
      else void socket.close();
    });
    await page.exposeFunction('__electronOpen', (details: OpenDetails) => void this.#hasWindow(details));
    await page.exposeFunction('__electronOpened', () => this.#adopting);
    // window.open and links with a target, as Electron hears of both.
    await page.addInitScript((path) => {
      const electron = window as unknown as {
        __electronOpen(details: OpenDetails): void;
        __electronOpened(): Promise<void>;
      };
      const openWindow = window.open.bind(window);
      window.open = (given, name, features = '') => {
        const url = given ? new URL(String(given), document.baseURI).href : 'about:blank';
        const isNew = features !== '' && !/noopener|noreferrer/.test(features);
        const details = { url, features, disposition: features === '' ? 'foreground-tab' : 'new-window' };
        if (!isNew && url !== 'about:blank') {
          electron.__electronOpen(details);
          return null;
        }
        const ask = new XMLHttpRequest();
        ask.open('POST', path, false);
        ask.send(JSON.stringify(details));
        if (ask.responseText !== 'allow') return null;
        const made = openWindow('about:blank', name, features);
        if (made !== null && url !== 'about:blank')
          void electron.__electronOpened().then(() => (made.location.href = url));
        return made;
      };
      document.addEventListener('click', (event) => {
        const link = (event.target as Element | null)?.closest<HTMLAnchorElement>('a[target="_blank"]');
        if (!link) return;
        event.preventDefault();
        electron.__electronOpen({ url: link.href, features: '', disposition: 'foreground-tab' });
      });
    }, askPath);
    page.on('framenavigated', (frame) => {
      if (frame !== page.mainFrame()) return;
      this.#url = frame.url();
      this.emit('did-navigate', {}, this.#url);
    });
    page.on('load', () => void this.#onLoad(page));
    page.on('download', (download) => {
      const ask = {
        ...{ url: download.url(), fileName: download.suggestedFilename() },
        initiator: new URL(page.url()).origin,
        frame: { url: page.url(), isMain: true },
      };
      this.session.downloads(ask, this);
    });
  }

  #hasWindow(details: OpenDetails): boolean {
    const answer = this.#openHandler(details);
    this.#nextWindow = answer;
    if (answer.action === 'deny') journal({ what: 'window-open-denied', url: details.url });
    return answer.action === 'allow';
  }

  async #onLoad(page: Page): Promise<void> {
    try {
      this.#title = await page.title();
      const history = await this.#cdp?.send('Page.getNavigationHistory');
      // The first is the empty page that every tab of Chromium begins with.
      const first = history?.entries[0]?.url === 'about:blank' ? 1 : 0;
      this.#history = {
        index: (history?.currentIndex ?? 0) - first,
        count: (history?.entries.length ?? 0) - first,
      };
    } catch {
      // It was closed, or left again.
      return;
    }
    if (this.#isCleared) this.#clearedCount = this.#history.index;
    this.#isCleared = false;
    this.#isLoading = false;
    this.emit('page-title-updated');
    this.emit('did-stop-loading');
  }

  async #onRequest(page: Page, route: Route): Promise<void> {
    const request = route.request();
    const url = request.url();
    if (new URL(url).pathname === askPath) {
      const isAllowed = this.#hasWindow(request.postDataJSON() as OpenDetails);
      if (isAllowed) this.#adopting = page.waitForEvent('popup').then((popup) => this.#adopt(popup));
      return route.fulfill({ body: isAllowed ? 'allow' : 'deny' });
    }
    const isMainFrame = request.isNavigationRequest() && request.frame() === page.mainFrame();
    if (request.isNavigationRequest() && url !== this.#loadedByUs) {
      const names = isMainFrame ? ['will-frame-navigate', 'will-navigate'] : ['will-frame-navigate'];
      if (names.some((name) => this.#isPrevented(name, url, isMainFrame))) {
        journal({ what: 'navigation-prevented', url });
        return route.abort('aborted');
      }
    }
    if (
      !(await this.session.judges(url, isMainFrame ? { resourceType: 'mainFrame', webContents: this } : {}))
    ) {
      journal({ what: 'request-cancelled', url });
      return route.abort('blockedbyclient');
    }
    if (!isMainFrame) return route.continue();
    this.#isLoading = true;
    this.emit('did-start-loading');
    try {
      // Chromium knows that names below localhost are this computer (RFC 6761 6.3); Node asks the system, which may not.
      const { host, port, origin } = new URL(url);
      const ask = async (more: Record<string, string>) =>
        route.fetch({
          ...{ url: url.replace(origin, `http://127.0.0.1:${port}`), maxRedirects: 0 },
          headers: { ...(await request.allHeaders()), host, ...more },
        });
      let response = await ask({});
      const realm = /realm="([^"]*)"/.exec(response.headers()['www-authenticate'] ?? '')?.[1];
      const login = realm === undefined ? undefined : await this.#login(host, Number(port), realm);
      if (login !== undefined) response = await ask({ authorization: `Basic ${login}` });
      const to = response.headers().location;
      if (to !== undefined && this.#isPrevented('will-redirect', new URL(to, url).href, true)) {
        journal({ what: 'navigation-prevented', url: new URL(to, url).href });
        this.#isLoading = false;
        return await route.abort('aborted');
      }
      const target = to === undefined ? undefined : new URL(to, url);
      if (target === undefined || target.origin === origin) return await route.fulfill({ response });
      // What Chromium follows by itself is intercepted no more; so the page goes there, of which it was just asked.
      this.#loadedByUs = target.href;
      const body = `<script>location.replace(${JSON.stringify(target.href)})</script>`;
      return await route.fulfill({ status: 200, contentType: 'text/html', body });
    } catch {
      this.#isLoading = false;
      this.emit('did-fail-load', {}, -102, 'ERR_CONNECTION_REFUSED', url, true);
      return route.abort('connectionrefused').catch(() => undefined);
    }
  }

  /** Undefined: nobody gave one, and the page gets what the server said. */
  #login(host: string, port: number, realm: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      const info = { isProxy: false, scheme: 'basic', host: host.split(':')[0], port, realm };
      this.emit('login', { preventDefault: () => undefined }, {}, info, (name?: string, password?: string) =>
        resolve(name === undefined ? undefined : btoa(`${name}:${password ?? ''}`)),
      );
    });
  }

  #isPrevented(name: string, url: string, isMainFrame: boolean): boolean {
    let isPrevented = false;
    const event: NavigationEvent = {
      ...{ url, isMainFrame, isSameDocument: false },
      preventDefault: () => {
        isPrevented = true;
      },
    };
    this.emit(name, event);
    return isPrevented;
  }
}

interface Bounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface ViewOptions {
  readonly webPreferences: Readonly<Record<string, unknown>> & { readonly session: Session };
  readonly webContents?: ViewContents;
}

interface ViewEvents {
  readonly opened: (contents: ViewContents) => void;
  readonly profileFolder: () => string;
}
let events: ViewEvents | undefined;
let count = 0;
export function onViews(listener: ViewEvents): void {
  events = listener;
}

export class WebContentsView {
  readonly webContents: ViewContents;
  readonly number: number;

  constructor({ webPreferences, webContents }: ViewOptions) {
    if (events === undefined) throw new Error('nobody hears of views');
    count += 1;
    this.number = count;
    const { session, ...value } = webPreferences;
    journal({ what: 'app-view', view: this.number, partition: session.partition, preferences: value });
    this.webContents = webContents ?? new ViewContents(session, this.number, events.profileFolder);
    this.webContents.number = this.number;
    if (webContents === undefined) events.opened(this.webContents);
  }
  setBounds(bounds: Bounds): void {
    journal({ what: 'app-view-bounds', view: this.number, bounds });
  }
  setVisible(isVisible: boolean): void {
    journal({ what: 'app-view-visible', view: this.number, isVisible });
  }
}
