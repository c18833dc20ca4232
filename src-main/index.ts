/**
 * The desktop app: an ordered list of start-up steps. Thin on purpose: decisions are the plane's, and the plane runs in
 * a process of its own.
 */
import { extname, join } from 'node:path';
import {
  app,
  type BrowserWindow,
  dialog,
  ipcMain,
  MessageChannelMain,
  powerMonitor,
  session,
  utilityProcess,
} from 'electron';
import type { ShellEvent } from '#contract/shell.ts';
import { readConfig } from './config.ts';
import { createAppDownloads } from './desktop/app-downloads.ts';
import { registerAppScheme, serveAppScheme } from './desktop/app-protocol.ts';
import { createAppPopups } from './desktop/app-popups.ts';
import { createAppSessions } from './desktop/app-sessions.ts';
import { createAppViews } from './desktop/app-views.ts';
import { createAppWishes } from './desktop/app-wishes.ts';
import { type CloseGuard, createCloseGuard } from './desktop/close-guard.ts';
import { deepLinkIn, linkScheme, parseDeepLink } from './desktop/deep-link.ts';
import { createPersonQuestions } from './desktop/person-questions.ts';
import { createPlaneHost, type PlaneHost } from './desktop/plane-host.ts';
import { watchPower, watchShutdown } from './desktop/power-watch.ts';
import { isOwnPage, serveShellBridge } from './desktop/shell-bridge.ts';
import { openTray } from './desktop/tray.ts';
import { openWindow } from './desktop/window.ts';
import { secureApp, secureSession } from './desktop/window-security.ts';

const argv = process.argv.slice(app.isPackaged ? 1 : 2);
const config = readConfig({ mode: 'desktop', argv, env: process.env });
let window: BrowserWindow | undefined;
let closeGuard: CloseGuard | undefined;
let isQuitting = false;
let plane: PlaneHost | undefined;
const questions = createPersonQuestions();
const downloads = createAppDownloads({ tell: (download) => tell({ type: 'download', download }) });
const popups = createAppPopups({
  ...{ questions, isPackaged: app.isPackaged },
  linkAct: (page, url) => wishes.linkAct(page, url),
});
const wishes = createAppWishes({
  ...{ questions, downloads, popups, tell },
  pages: () => appViews.pages(),
  sessions: () => appSessions,
});
const appSessions = createAppSessions({ fromPartition: (name) => session.fromPartition(name), wishes });
const appViews = createAppViews({
  ...{ questions, popups, tell, isPackaged: app.isPackaged },
  window: () => window,
  sessions: () => appSessions,
  linkAct: (page, url) => wishes.linkAct(page, url),
});

// 1. Chromium's own files go below the data folder, before anything opens them; the lock below lives there too, so that
//    two data folders are two apps.
app.setPath('userData', join(config.dataFolder, 'window'));

// 2. One app per data folder: a second start shows the first, and hands over its link.
if (!app.requestSingleInstanceLock()) app.quit();
else {
  // 3. Before ready, since Chromium reads both once: the sandbox for every renderer, and our scheme.
  app.enableSandbox();
  registerAppScheme();
  // 4. Before any web contents can exist: the walls around all of them.
  secureApp(app, appSessions);
  app.on('second-instance', (_event, otherArgv) => {
    show();
    const link = deepLinkIn(otherArgv);
    if (link !== undefined) tell(link);
  });
  app.on('open-url', (event, url) => {
    event.preventDefault();
    const link = parseDeepLink(url);
    if (link !== undefined) tell(link);
  });
  void app.whenReady().then(start);
}

function start(): void {
  if (app.isPackaged) app.setAsDefaultProtocolClient(linkScheme);
  // 5. The walls and files of the session, before its first page.
  secureSession(session.defaultSession);
  serveAppScheme(session.defaultSession.protocol, config.uiFolder);
  // 6. The plane before the window: it starts while the page loads.
  const host = createPlaneHost({
    fork: () =>
      utilityProcess.fork(sibling('plane-process'), planeArguments(), { serviceName: 'Berth plane' }),
    createChannel: () => new MessageChannelMain(),
    onRestart: () => tell({ type: 'plane-restarted' }),
    onGiveUp: (message) => {
      dialog.showErrorBox('Berth cannot start', message);
      app.exit(1);
    },
  });
  plane = host;
  watchPower(powerMonitor, (reason) => host.wake(reason));
  watchShutdown(powerMonitor, {
    hasWork: () => closeGuard?.hasWork() === true,
    quit: () => app.quit(),
  });
  // 7. The icon beside the clock, if there is a place for it: the page's rows come with its menu.
  const tray = openTray({
    iconPath: join(import.meta.dirname, '..', '..', 'resources', 'icons', 'berth.png'),
    platform: process.platform,
    onShow: show,
    onCommand: (id) => {
      // It works without being looked at; but a page there must be.
      if (window === undefined) show();
      tell({ type: 'command', id });
    },
    onQuit: () => app.quit(),
  });
  // 8. What a page may ask, before there is one.
  serveShellBridge({
    ipc: ipcMain,
    window: () => window,
    onShow: show,
    onCommand: (id) => tell({ type: 'command', id }),
    onMenu: (rows) => tray?.setRows(rows),
    appViews: appViews.actions,
    downloads,
    closeGuard: () => closeGuard,
  });
  ipcMain.on('berth:want-port', (event) => {
    if (isOwnPage(event, window)) window?.webContents.postMessage('berth:port', null, [host.connect()]);
  });
  // 9. The window.
  show();
  const link = deepLinkIn(argv);
  if (link !== undefined) tell(link);

  app.on('activate', show);
  // From the menu, the icon beside the clock, or a signal: Electron closes the windows next, and they may object.
  app.on('before-quit', () => {
    isQuitting = true;
  });
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  app.on('will-quit', (event) => {
    const closing = plane;
    if (closing === undefined) return;
    // Operations under way are written down and connections closed before the last process goes.
    event.preventDefault();
    plane = undefined;
    void closing.close().finally(() => app.quit());
  });
}

function show(): void {
  if (window !== undefined && !window.isDestroyed()) {
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
    return;
  }
  const opened = openWindow({
    preloadPath: join(import.meta.dirname, '..', 'preload', 'index.cjs'),
    isPackaged: app.isPackaged,
  });
  const guard = createCloseGuard({
    window: opened,
    isQuitting: () => isQuitting,
    quit: () => app.quit(),
    onStay: () => {
      isQuitting = false;
    },
    tellToSave: () => tell({ type: 'save-unsaved' }),
    runningDownloads: () => downloads.runningCount(),
    hasAppViews: () => appViews.pages().length > 0,
    leaveAppViews: () => appViews.leaveAll(),
  });
  closeGuard = guard;
  // Tabs of a page that was loaded anew ask for theirs again.
  opened.webContents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
    if (!isMainFrame || isSameDocument) return;
    appViews.closeAll();
    guard.forgetPage();
  });
  opened.on('closed', () => {
    appViews.closeAll();
    if (window === opened) window = undefined;
    if (closeGuard === guard) closeGuard = undefined;
  });
  window = opened;
}

/** What is said before the page listens waits in its preload, or for its load. */
function tell(event: ShellEvent): void {
  const contents = window?.webContents;
  if (contents === undefined) return;
  if (contents.isLoading()) contents.once('did-finish-load', () => contents.send('berth:event', event));
  else contents.send('berth:event', event);
}

/** The entry beside this one: `.js` where it was built, `.ts` where the sources run. */
function sibling(name: string): string {
  return join(import.meta.dirname, `${name}${extname(import.meta.filename)}`);
}

function planeArguments(): string[] {
  const addHost = config.addHostFile === null ? [] : ['--add-host', config.addHostFile];
  return ['--data-dir', config.dataFolder, ...addHost];
}
