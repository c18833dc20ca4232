/**
 * The stand-in for the few Electron APIs in use, so that the built main process, preload and window run for real where
 * Electron's binary is not. Behind the window is a real Chromium, behind the utility process a worker with real message
 * ports. It says what happened on Node's process channel (journal.ts) and takes a few commands there.
 *
 * What it cannot show: Electron's own sandbox and isolated world, fuses, menus as the system draws them.
 */
import { EventEmitter } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  allWindows,
  BrowserWindow,
  onWindows,
  setProfileFolder,
  type WebContents,
} from './browser-window.ts';
import { ipcMain } from './ipc-main.ts';
import { type Command, journal, type MenuEntry } from './journal.ts';
import { MessageChannelMain } from './message-port-main.ts';
import { defaultSession, session } from './session.ts';
import { killLastProcess, utilityProcess } from './utility-process.ts';
import { onViews, type ViewContents, WebContentsView } from './web-contents-view.ts';

class App extends EventEmitter {
  readonly isPackaged = false;
  isReady = false;
  #userData = '';
  #isQuitting = false;

  setPath(name: string, path: string): void {
    if (name !== 'userData') throw new Error(`the stand-in has no path ${name}`);
    this.#userData = path;
  }
  getPath(name: string): string {
    if (name !== 'userData') throw new Error(`the stand-in has no path ${name}`);
    return this.#userData;
  }
  getName(): string {
    return 'Berth';
  }
  getVersion(): string {
    return '0.0.0';
  }
  /** A file that only one can create; the second leaves its arguments beside it and the first finds them. */
  requestSingleInstanceLock(): boolean {
    const folder = join(this.#userData, 'instance');
    mkdirSync(folder, { recursive: true });
    const lock = join(folder, 'lock');
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
    } catch {
      writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify(process.argv));
      return false;
    }
    process.on('exit', () => rmSync(lock, { force: true }));
    const watcher = watch(folder, () => {
      for (const name of readdirSync(folder).filter((one) => one.endsWith('.json'))) {
        const text = readFileSync(join(folder, name), 'utf8');
        // Seen before it was written to its end: another event follows.
        if (!text.endsWith(']')) continue;
        rmSync(join(folder, name));
        this.emit('second-instance', {}, JSON.parse(text));
      }
    });
    watcher.unref();
    return true;
  }
  enableSandbox(): void {
    this.beforeReady('enableSandbox');
  }
  beforeReady(name: string): void {
    if (this.isReady) throw new Error(`${name} must be called before the app is ready`);
    journal({ what: 'before-ready', name });
  }
  async whenReady(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.isReady = true;
  }
  setAsDefaultProtocolClient(): boolean {
    return true;
  }
  setBadgeCount(count: number): boolean {
    journal({ what: 'badge', count });
    return true;
  }
  get isQuitting(): boolean {
    return this.#isQuitting;
  }
  /** As in Electron, every window is closed before `will-quit`, and `window-all-closed` is not told then. */
  quit(): void {
    if (!this.isReady) process.exit(0);
    if (!this.#isQuitting) this.emit('before-quit', {});
    this.#isQuitting = true;
    if (allWindows().length > 0) {
      for (const window of allWindows()) window.close();
      return;
    }
    let isPrevented = false;
    this.emit('will-quit', { preventDefault: () => (isPrevented = true) });
    if (!isPrevented) this.exit(0);
  }
  exit(code: number): void {
    process.exit(code);
  }
}

const app = new App();
setProfileFolder(() => app.getPath('userData'));
let lastContents: WebContents | undefined;
onWindows({
  opened: (contents) => {
    lastContents = contents;
    app.emit('web-contents-created', {}, contents);
  },
  allClosed: () => {
    if (app.isQuitting) app.quit();
    else app.emit('window-all-closed');
  },
});
let lastView: ViewContents | undefined;
onViews({
  opened: (contents) => {
    lastView = contents;
    app.emit('web-contents-created', {}, contents);
  },
  profileFolder: () => app.getPath('userData'),
});
let chosenFile: string | null = null;

interface MenuItemTemplate {
  readonly id?: string;
  readonly label?: string;
  readonly role?: string;
  readonly type?: string;
  readonly enabled?: boolean;
  readonly accelerator?: string;
  readonly click?: () => void;
  readonly submenu?: readonly MenuItemTemplate[];
}
let menu: readonly MenuItemTemplate[] = [];
const menuItems = () => menu.flatMap(({ submenu }) => submenu ?? []);

const Menu = {
  buildFromTemplate: (template: readonly MenuItemTemplate[]) => template,
  setApplicationMenu: (template: readonly MenuItemTemplate[]) => {
    menu = template;
    const items = menuItems().map(
      ({ id = '', label = '', enabled = true, accelerator = null }): MenuEntry => ({
        id,
        label,
        isEnabled: enabled,
        accelerator,
      }),
    );
    journal({ what: 'menu', labels: template.map(({ label, role }) => label ?? role ?? ''), items });
  },
};

/** As a desktop without a place for one behaves, with `--no-tray`. */
class Tray extends EventEmitter {
  #toolTip = '';
  readonly #icon: string;
  items: readonly MenuItemTemplate[] = [];

  constructor(image: { readonly path: string }) {
    super();
    if (process.argv.includes('--no-tray')) throw new Error('Failed to create tray icon');
    if (!app.isReady) throw new Error('Cannot create Tray before app is ready');
    this.#icon = image.path;
    trays.push(this);
  }
  setToolTip(text: string): void {
    this.#toolTip = text;
  }
  setContextMenu(template: readonly MenuItemTemplate[]): void {
    this.items = template;
    const labels = template.map(({ label, type }) => (type === 'separator' ? '-' : (label ?? '')));
    journal({ what: 'tray', labels, icon: this.#icon, toolTip: this.#toolTip });
  }
  isDestroyed(): boolean {
    return false;
  }
}
const trays: Tray[] = [];

const nativeImage = {
  createFromPath: (path: string) => {
    // Electron makes an empty image of what it cannot read; a test must see that.
    readFileSync(path);
    return { path, resize: () => ({ path }) };
  },
};

const nativeTheme = {
  shouldUseDarkColors: true,
  set themeSource(theme: string) {
    journal({ what: 'theme', theme });
  },
};
const screen = {
  getDisplayMatching: () => ({ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }),
};
const dialog = {
  showOpenDialog: async () => ({
    canceled: chosenFile === null,
    filePaths: chosenFile === null ? [] : [chosenFile],
  }),
  showErrorBox: (title: string, text: string) => journal({ what: 'error-box', title, text }),
};
const shell = {
  openExternal: async (url: string) => journal({ what: 'open-external', url }),
};
const powerMonitor = new EventEmitter();
const protocol = {
  registerSchemesAsPrivileged: () => app.beforeReady('registerSchemesAsPrivileged'),
};

process.on('message', (command: Command) => {
  switch (command.do) {
    case 'click-menu':
      return menuItems()
        .find(({ id }) => id === command.id)
        ?.click?.();
    case 'click-tray':
      if (command.id === undefined) return void trays[0]?.emit('click');
      return trays[0]?.items.find(({ id }) => id === command.id)?.click?.();
    case 'kill-plane':
      return killLastProcess();
    case 'ask-permission': {
      const { name, url, isMainFrame, partition } = command;
      const asked = partition === undefined ? defaultSession : session.fromPartition(partition);
      const answer = asked.permits(name, url, isMainFrame);
      return journal({ what: 'permission', name, url, answer });
    }
    case 'press-in-app': {
      let isPrevented = false;
      lastView?.emit('before-input-event', { preventDefault: () => (isPrevented = true) }, command.input);
      return journal({ what: 'app-key', isPrevented });
    }
    case 'start-download':
      return void defaultSession.downloads(command.download);
    case 'attach-webview': {
      let isPrevented = false;
      lastContents?.emit('will-attach-webview', { preventDefault: () => (isPrevented = true) });
      return journal({ what: 'webview-prevented', value: isPrevented });
    }
    case 'power':
      return void powerMonitor.emit(command.event);
    case 'choose-file':
      chosenFile = command.path;
      return undefined;
    case 'quit':
      return app.quit();
  }
});

export {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  MessageChannelMain,
  nativeImage,
  nativeTheme,
  powerMonitor,
  protocol,
  screen,
  session,
  shell,
  Tray,
  utilityProcess,
  WebContentsView,
};
// The bundled electron-store reads its parts from the default export.
export default { app, ipcMain, shell, dialog, BrowserWindow };
