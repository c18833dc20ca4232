/**
 * BrowserWindow and webContents over a real Chromium: one page, whose every request goes through the session's handlers
 * as Electron's would, and whose preload is the built one. The app's scheme appears in Chromium as an https origin.
 */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Frame, type Page, type Route } from 'playwright';
import { chromiumLaunchOptions } from '#test/servers/chromium.ts';
import { dispatchToMain } from './ipc-main.ts';
import { journal } from './journal.ts';
import type { MessagePortMain } from './message-port-main.ts';
import { pageShim } from './page-shim.ts';
import { defaultSession } from './session.ts';

const pageOrigin = 'https://berth-app.test';
const appOrigin = 'berth-app://ui';

export function toElectronUrl(url: string): string {
  if (url.startsWith('blob:')) return `blob:${toElectronUrl(url.slice('blob:'.length))}`;
  return url.startsWith(`${pageOrigin}/`) ? appOrigin + url.slice(pageOrigin.length) : url;
}
export function toPageUrl(url: string): string {
  return url.startsWith(`${appOrigin}/`) ? pageOrigin + url.slice(appOrigin.length) : url;
}

interface Encoded {
  readonly json?: string;
  readonly bytes?: string;
}
type FromPage =
  | { kind: 'send' | 'invoke'; channel: string; args: unknown[] }
  | { kind: 'port'; id: number; data: Encoded }
  | { kind: 'port-close'; id: number }
  | { kind: 'open'; url: string };

function encode(data: unknown): Encoded {
  return ArrayBuffer.isView(data)
    ? { bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64') }
    : { json: JSON.stringify(data) ?? 'null' };
}
function decode({ json, bytes }: Encoded): unknown {
  return bytes === undefined ? JSON.parse(json ?? 'null') : new Uint8Array(Buffer.from(bytes, 'base64'));
}

class StandInFrame {
  readonly #frame: Frame;
  constructor(frame: Frame) {
    this.#frame = frame;
  }
  get url(): string {
    return toElectronUrl(this.#frame.url());
  }
}

export class WebContents extends EventEmitter {
  readonly session = defaultSession;
  #page: Page | undefined;
  #mainFrame: StandInFrame | undefined;
  #isLoading = true;
  #openHandler: (details: { url: string }) => { action: string } = () => ({ action: 'allow' });
  readonly #ports = new Map<number, MessagePortMain>();
  #lastPort = 0;
  /** Deliveries in order, also those made before there is a page. */
  #delivering: Promise<void> = Promise.resolve();
  #isLoadingByUs = false;

  get mainFrame(): StandInFrame | null {
    return this.#mainFrame ?? null;
  }
  getURL(): string {
    return toElectronUrl(this.#page?.url() ?? '');
  }
  isLoading(): boolean {
    return this.#isLoading;
  }
  isDestroyed(): boolean {
    return this.#page?.isClosed() ?? false;
  }
  focus(): void {
    journal({ what: 'page-focused' });
  }
  getZoomFactor(): number {
    return 1;
  }
  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.#openHandler = handler;
  }
  send(channel: string, ...args: unknown[]): void {
    this.#deliver({ kind: 'message', channel, args, ports: [] });
  }
  postMessage(channel: string, message: unknown, transfer: MessagePortMain[] = []): void {
    const ids = transfer.map((port) => this.#adopt(port));
    this.#deliver({ kind: 'message', channel, args: [message], ports: ids });
  }

  async load(page: Page, context: BrowserContext, preloadPath: string, url: string): Promise<void> {
    this.#page = page;
    this.#mainFrame = new StandInFrame(page.mainFrame());
    await context.exposeBinding('__electronCall', ({ frame }, message: FromPage) =>
      this.#fromPage(frame, message),
    );
    await context.addInitScript(pageShim(readFileSync(preloadPath, 'utf8'), process.platform));
    await context.route('**/*', (route) => this.#onRequest(route));
    await context.routeWebSocket(/.*/, (socket) => {
      if (defaultSession.allows(socket.url())) journal({ what: 'request-escaped', url: socket.url() });
      else journal({ what: 'request-cancelled', url: socket.url() });
      void socket.close();
    });
    context.on('page', (opened) => {
      if (opened === page) return;
      this.#onOpen(opened.url());
      void opened.close();
    });
    await this.#followDownloads(page, context);
    page.on('load', () => {
      this.#isLoading = false;
      this.emit('did-finish-load');
    });
    this.#isLoadingByUs = true;
    await page.goto(toPageUrl(url));
    this.#isLoadingByUs = false;
  }

  #adopt(port: MessagePortMain): number {
    this.#lastPort += 1;
    const id = this.#lastPort;
    this.#ports.set(id, port);
    port.on('message', ({ data }: { data: unknown }) =>
      this.#deliver({ kind: 'port', id, data: encode(data) }),
    );
    port.on('close', () => this.#deliver({ kind: 'port-close', id }));
    port.start();
    return id;
  }

  #deliver(message: unknown): void {
    this.#delivering = this.#delivering.then(async () => {
      const script = (value: unknown) =>
        (globalThis as unknown as { __electronDeliver(message: unknown): void }).__electronDeliver(value);
      // A page that is gone or on its way to the next hears nothing, as in Electron.
      await this.#page?.evaluate(script, message).catch(() => undefined);
    });
  }

  async #fromPage(frame: Frame, message: FromPage): Promise<unknown> {
    switch (message.kind) {
      case 'port':
        this.#ports.get(message.id)?.postMessage(decode(message.data));
        return undefined;
      case 'port-close':
        this.#ports.get(message.id)?.close();
        this.#ports.delete(message.id);
        return undefined;
      case 'open':
        this.#onOpen(message.url);
        return undefined;
      case 'send':
      case 'invoke': {
        const isMain = frame === this.#page?.mainFrame();
        const senderFrame = isMain ? this.#mainFrame : new StandInFrame(frame);
        return dispatchToMain(message.kind, message.channel, { sender: this, senderFrame }, message.args);
      }
    }
  }

  #onOpen(url: string): void {
    const { action } = this.#openHandler({ url });
    if (action === 'deny') journal({ what: 'window-open-denied', url });
  }

  async #onRequest(route: Route): Promise<void> {
    const request = route.request();
    const url = toElectronUrl(request.url());
    if (request.isNavigationRequest() && !this.#isLoadingByUs && this.#isPrevented(url)) {
      journal({ what: 'navigation-prevented', url });
      return route.abort('aborted');
    }
    if (request.isNavigationRequest()) {
      const isMainFrame = request.frame() === this.#page?.mainFrame();
      this.emit('did-start-navigation', { url, isMainFrame, isSameDocument: false });
    }
    if (!defaultSession.allows(url)) {
      journal({ what: 'request-cancelled', url });
      return route.abort('blockedbyclient');
    }
    const response = await defaultSession.answer(url, request.method());
    if (response === undefined) {
      journal({ what: 'request-escaped', url });
      return route.abort('failed');
    }
    const headers = Object.fromEntries(response.headers.entries());
    const body = Buffer.from(await response.arrayBuffer());
    return route.fulfill({ status: response.status, headers, body });
  }

  /** Over Chromium's own protocol, which says which frame began it. */
  async #followDownloads(page: Page, context: BrowserContext): Promise<void> {
    const chromiumSession = await context.newCDPSession(page);
    await chromiumSession.send('Page.enable');
    const { frameTree } = await chromiumSession.send('Page.getFrameTree');
    chromiumSession.on('Page.downloadWillBegin', ({ frameId, url, suggestedFilename, guid }) => {
      const isMain = frameId === frameTree.frame.id;
      const isAllowed = defaultSession.downloads({
        url: toElectronUrl(url),
        fileName: suggestedFilename,
        initiator: appOrigin,
        frame: { url: this.getURL(), isMain },
      });
      if (!isAllowed)
        chromiumSession.send('Browser.cancelDownload', { guid }).catch(() => {
          // A small one has come already.
        });
    });
  }

  #isPrevented(url: string): boolean {
    let isPrevented = false;
    const event = { url, preventDefault: () => (isPrevented = true) };
    this.emit('will-frame-navigate', event);
    this.emit('will-navigate', event);
    return isPrevented;
  }
}

interface WindowOptions {
  readonly width: number;
  readonly height: number;
  readonly webPreferences: Readonly<Record<string, unknown>> & { readonly preload: string };
}

const windows = new Set<BrowserWindow>();
interface WindowEvents {
  opened(contents: WebContents): void;
  allClosed(): void;
}
let profileFolder: () => string = () => {
  throw new Error('the app has not said where its files go');
};
export function setProfileFolder(folder: () => string): void {
  profileFolder = folder;
}
let events: WindowEvents = { opened: () => undefined, allClosed: () => undefined };
export function onWindows(listener: WindowEvents): void {
  events = listener;
}
export function allWindows(): BrowserWindow[] {
  return [...windows];
}

export class BrowserWindow extends EventEmitter {
  readonly webContents = new WebContents();
  readonly contentView = { addChildView: () => undefined, removeChildView: () => undefined };
  readonly #options: WindowOptions;
  #context: BrowserContext | undefined;
  #isDestroyed = false;
  #isMinimized = false;

  constructor(options: WindowOptions) {
    super();
    this.#options = options;
    windows.add(this);
    journal({ what: 'web-preferences', value: options.webPreferences });
    events.opened(this.webContents);
  }
  async loadURL(url: string): Promise<void> {
    const folder = join(profileFolder(), 'chromium');
    const options = await chromiumLaunchOptions({ args: ['--remote-debugging-port=0'] });
    const { width, height } = this.#options;
    this.#context = await chromium.launchPersistentContext(folder, {
      ...options,
      // A signal is the app's to hear.
      handleSIGTERM: false,
      viewport: { width, height },
    });
    const page = this.#context.pages()[0] ?? (await this.#context.newPage());
    page.on('close', () => this.#closed());
    await this.webContents.load(page, this.#context, this.#options.webPreferences.preload, url);
    this.emit('ready-to-show');
    // devtools: the port that Chromium chose, and the path of its browser target, in two lines.
    const [port = '', path = ''] = readFileSync(join(folder, 'DevToolsActivePort'), 'utf8').split('\n');
    journal({ what: 'browser', cdp: `ws://127.0.0.1:${port}${path}` });
  }
  /** False: something objects, as `beforeunload` or a listener may. */
  close(): boolean {
    let isPrevented = false;
    this.emit('close', { preventDefault: () => (isPrevented = true) });
    journal({ what: 'window-close', isPrevented });
    if (!isPrevented) void this.#context?.close().finally(() => this.#closed());
    return !isPrevented;
  }
  #closed(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    windows.delete(this);
    this.emit('closed');
    if (windows.size === 0) events.allClosed();
  }
  isDestroyed(): boolean {
    return this.#isDestroyed;
  }
  show(): void {}
  focus(): void {
    journal({ what: 'focused' });
  }
  maximize(): void {}
  restore(): void {
    this.#isMinimized = false;
  }
  minimize(): void {
    this.#isMinimized = true;
  }
  isMinimized(): boolean {
    return this.#isMinimized;
  }
  isVisible(): boolean {
    return !this.#isMinimized;
  }
  isMaximized(): boolean {
    return false;
  }
  getContentSize(): [number, number] {
    return [this.#options.width, this.#options.height];
  }
  getNormalBounds() {
    return { x: 10, y: 20, width: this.#options.width, height: this.#options.height };
  }
}
