/** As much of a window and of an app's page in it as the desktop's rules look at. */
import { EventEmitter } from 'node:events';
import type { BrowserWindow, WebContents } from 'electron';
import type { AppViewPage } from '#main/desktop/app-view-page.ts';

export class FakeWindow extends EventEmitter {
  isShown = true;
  zoomFactor = 1;
  closes = 0;
  isGone = false;
  readonly webContents = Object.assign(new EventEmitter(), { getZoomFactor: () => this.zoomFactor });
  isDestroyed = () => this.isGone;
  isVisible = () => this.isShown;
  isMinimized = () => !this.isShown;
  getContentSize = () => [1000, 700];
  /** As Electron: what nobody prevents, closes. */
  close(): void {
    this.closes += 1;
    let isPrevented = false;
    this.emit('close', { preventDefault: () => (isPrevented = true) });
    if (isPrevented) return;
    this.isGone = true;
    this.emit('closed');
  }
  get asWindow(): BrowserWindow {
    return this as unknown as BrowserWindow;
  }
}

export function fakePage(owner: FakeWindow, more: Partial<AppViewPage> = {}) {
  const loads: { url: string; how: unknown }[] = [];
  const bounds: object[] = [];
  const contents = Object.assign(new EventEmitter(), {
    session: {},
    loadURL: (url: string, how: unknown) => {
      loads.push({ url, how });
      return Promise.resolve();
    },
  }) as unknown as WebContents;
  const page: AppViewPage = {
    ...{ tabId: 'tab-1', forwardId: 'fwd_00000000000000000001', name: 'Shop' },
    origin: 'http://shop-3000.localhost:47100',
    view: { webContents: contents, setBounds: (to: object) => bounds.push(to) } as never,
    owner: owner.asWindow,
    bounds: { x: 10, y: 20, width: 301, height: 200 },
    ...{ isVisible: true, isFullScreen: false, isStuck: false, isReviving: false },
    ...{ failure: null, found: null, startPath: null, answerLogin: null, onStay: null },
    ...{ quietUntilMs: Number.NEGATIVE_INFINITY, ledUntilMs: Number.NEGATIVE_INFINITY },
    ...more,
  };
  return { page, contents, loads, bounds };
}
