/**
 * The page's few requests of the window frame around it. One channel, one table of schemas; each request is checked for
 * its sender (the window's own page, not a frame in it) and its shape before anything happens.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  app,
  type BrowserWindow,
  dialog,
  type IpcMain,
  type IpcMainInvokeEvent,
  nativeTheme,
  shell,
} from 'electron';
import { type ShellInput, type ShellOutput, type ShellRequestName, shellRequests } from '#contract/shell.ts';
import type { AppDownloads } from './app-downloads.ts';
import type { AppViewActions } from './app-views.ts';
import type { CloseGuard } from './close-guard.ts';
import { showMenu } from './menu.ts';
import { isAppUrl } from './window-security.ts';

type Actions = { readonly [N in ShellRequestName]: (input: ShellInput<N>) => Promise<ShellOutput<N>> };

export interface ShellBridgeOptions {
  readonly ipc: IpcMain;
  /** undefined while there is no window. */
  readonly window: () => BrowserWindow | undefined;
  readonly onShow: () => void;
  readonly onCommand: (id: string) => void;
  /** The rows that the menu bar shows now. */
  readonly onMenu: (rows: ShellInput<'setMenu'>['rows']) => void;
  readonly appViews: AppViewActions;
  readonly downloads: Pick<AppDownloads, 'cancel' | 'show'>;
  /** undefined while there is no window. */
  readonly closeGuard: () => CloseGuard | undefined;
}

export function serveShellBridge(options: ShellBridgeOptions): void {
  const { ipc, window, onShow, onCommand, onMenu, appViews, downloads, closeGuard } = options;
  const actions: Actions = {
    ...appViews,
    downloadCancel: async ({ id }) => {
      downloads.cancel(id);
      return {};
    },
    downloadShow: async ({ id }) => {
      downloads.show(id);
      return {};
    },
    focusPage: async () => {
      window()?.webContents.focus();
      return {};
    },
    showWindow: async () => {
      onShow();
      return {};
    },
    setUnsaved: async (work) => {
      closeGuard()?.setWork(work);
      return {};
    },
    unsavedSaved: async ({ isSaved }) => {
      closeGuard()?.saved(isSaved);
      return {};
    },
    openExternal: async ({ url }) => {
      // As the parser wrote it, so that what was checked is what is opened.
      await shell.openExternal(new URL(url).href);
      return {};
    },
    chooseFile: async ({ title, purpose }) => {
      const owner = window();
      const folder = purpose === 'private-key' ? { defaultPath: join(homedir(), '.ssh') } : {};
      const options = { title, properties: ['openFile' as const, 'showHiddenFiles' as const], ...folder };
      const chosen = await (owner === undefined
        ? dialog.showOpenDialog(options)
        : dialog.showOpenDialog(owner, options));
      return { path: chosen.canceled ? null : (chosen.filePaths[0] ?? null) };
    },
    setTheme: async ({ theme }) => {
      nativeTheme.themeSource = theme;
      return {};
    },
    setBadge: async ({ count }) => {
      app.setBadgeCount(count);
      return {};
    },
    setMenu: async ({ rows }) => {
      showMenu({ rows, platform: process.platform, onCommand });
      onMenu(rows);
      return {};
    },
  };

  ipc.handle('berth:request', async (event, name: unknown, input: unknown) => {
    if (!isOwnPage(event, window())) throw new Error('Refused.');
    if (typeof name !== 'string' || !Object.hasOwn(shellRequests, name)) throw new Error('Refused.');
    return run(actions, name as ShellRequestName, input);
  });
}

function run<N extends ShellRequestName>(actions: Actions, name: N, input: unknown): Promise<ShellOutput<N>> {
  const parsed = shellRequests[name].input.safeParse(input);
  if (!parsed.success) throw new Error('Refused: the request is not valid.');
  return actions[name](parsed.data as ShellInput<N>);
}

/** The top frame of our window, at our origin. A frame that has gone has no URL, and is refused with the others. */
export function isOwnPage(
  event: Pick<IpcMainInvokeEvent, 'senderFrame'>,
  window: BrowserWindow | undefined,
): boolean {
  const frame = event.senderFrame;
  if (window === undefined || window.isDestroyed() || frame === null) return false;
  return frame === window.webContents.mainFrame && isAppUrl(frame.url);
}
