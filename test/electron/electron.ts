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
import { BaseWindow, lastBaseWindow } from './base-window.ts';
import {
  allWindows,
  BrowserWindow,
  onWindows,
  setProfileFolder,
  type WebContents,
} from './browser-window.ts';
import { ipcMain } from './ipc-main.ts';
import { type Command, journal, type KeyInput, type MenuEntry } from './journal.ts';
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
  /**
   * As in Electron, every window is closed before `will-quit`, and `window-all-closed` is not told then. A window that
   * objects ends the quitting.
   */
  quit(): void {
    if (!this.isReady) process.exit(0);
    if (!this.#isQuitting) this.emit('before-quit', { preventDefault: () => undefined });
    this.#isQuitting = true;
    if (allWindows().length > 0) {
      this.#isQuitting = allWindows().every((window) => window.close());
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
const views: ViewContents[] = [];
/** Of those that are there, the one that was made last. */
const lastView = () => views.findLast((view) => !view.isDestroyed());
onViews({
  opened: (contents) => {
    views.push(contents);
    app.emit('web-contents-created', {}, contents);
  },
  profileFolder: () => app.getPath('userData'),
});
let chosenFile: string | null = null;
// Electron's own handlers of signals end the app as its menu does.
process.on('SIGTERM', () => app.quit());

interface MenuItemTemplate {
  readonly id?: string;
  readonly label?: string;
  readonly role?: string;
  readonly type?: string;
  readonly enabled?: boolean;
  readonly accelerator?: string;
  readonly registerAccelerator?: boolean;
  readonly click?: () => void;
  readonly submenu?: readonly MenuItemTemplate[];
}
let menu: readonly MenuItemTemplate[] = [];
const menuItems = () => menu.flatMap(({ submenu }) => submenu ?? []);

let popup: readonly MenuItemTemplate[] = [];
const labelsOf = (template: readonly MenuItemTemplate[]) =>
  template.map(({ label, role, type }) => (type === 'separator' ? '-' : (label ?? role ?? '')));

const Menu = {
  buildFromTemplate: (template: readonly MenuItemTemplate[]) =>
    Object.assign([...template], {
      popup: () => {
        popup = template;
        journal({ what: 'popup-menu', labels: labelsOf(template) });
      },
    }),
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
    journal({ what: 'tray', labels: labelsOf(template), icon: this.#icon, toolTip: this.#toolTip });
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
  /** Waits for the test's answer. */
  showMessageBox: (_owner: BrowserWindow, { message, detail = '', buttons, checkboxLabel }: MessageBox) => {
    journal({ what: 'question', message, detail, buttons, checkbox: checkboxLabel ?? null });
    return new Promise<{ response: number; checkboxChecked: boolean }>((resolve) => {
      onAnswer = (label, checkboxChecked) => resolve({ response: buttons.indexOf(label), checkboxChecked });
    });
  },
  /** Nothing goes on meanwhile, so that the test has answered before: the last button, or what it said. */
  showMessageBoxSync: (_owner: BrowserWindow, { message, detail = '', buttons }: MessageBox): number => {
    journal({ what: 'question', message, detail, buttons, checkbox: null });
    return buttons.indexOf(answerBefore ?? buttons.at(-1) ?? '');
  },
};
interface MessageBox {
  readonly message: string;
  readonly detail?: string;
  readonly buttons: readonly string[];
  readonly checkboxLabel?: string;
}
let onAnswer: (label: string, isChecked: boolean) => void = () => undefined;
let answerBefore: string | undefined;
const shell = {
  openExternal: async (url: string) => journal({ what: 'open-external', url }),
  showItemInFolder: (path: string) => journal({ what: 'show-in-folder', path }),
};
const clipboard = { writeText: (text: string) => journal({ what: 'copied', text }) };

/** What Electron does with a key that the page does not want: the menu bar's, where it is registered. */
function pressInMenu({ control, alt, shift, key }: KeyInput): boolean {
  const held = [
    ...(control ? ['CommandOrControl'] : []),
    ...(alt ? ['Alt'] : []),
    ...(shift ? ['Shift'] : []),
  ];
  const wanted = [...held, key.replace('Arrow', '').replace(/^[a-z]$/, (one) => one.toUpperCase())].join('+');
  const item = menuItems().find(
    ({ accelerator, registerAccelerator, enabled }) =>
      accelerator === wanted && registerAccelerator !== false && enabled !== false,
  );
  item?.click?.();
  return item !== undefined;
}

async function pressInApp(input: KeyInput): Promise<void> {
  let isPrevented = false;
  lastView()?.emit('before-input-event', { preventDefault: () => (isPrevented = true) }, input);
  const isTaken = isPrevented || (await lastView()?.isKeyTaken(input)) === true;
  journal({ what: 'app-key', isPrevented, isInMenu: !isTaken && pressInMenu(input) });
}
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
    case 'press-in-app':
      return void pressInApp(command.input);
    case 'emit-in-app':
      return void lastView()?.emit(command.event, { preventDefault: () => undefined }, command.details);
    case 'choose-in-popup':
      return popup.find(({ label }) => label === command.label)?.click?.();
    case 'answer':
      return onAnswer(command.label, command.isChecked ?? false);
    case 'answer-before':
      answerBefore = command.label;
      return undefined;
    case 'close-window':
      return void allWindows()[0]?.close();
    case 'minimize':
      return allWindows()[0]?.minimize();
    case 'close-popup':
      return lastBaseWindow()?.destroy();
    case 'save-in-app':
      return void lastView()?.session.downloads(command.download, lastView());
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
  BaseWindow,
  BrowserWindow,
  clipboard,
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
