/**
 * Windows that web apps open as windows, as a sign-in does: each really the app's (its `window.opener` is there), over the
 * window, in the session of its app and behind the same walls, from its first request on.
 *
 * Where it may go is one rule: at home, and to pages of https once its person said yes to the first of them. Which site it
 * shows stands in its title, which is the system's to draw and ours alone to write. It closes with the tab that opened it.
 */
import {
  BaseWindow,
  type BrowserWindowConstructorOptions,
  type HandlerDetails,
  type WebContents,
  type WebContentsView,
  type WindowOpenHandlerResponse,
} from 'electron';
import type { ForwardId } from '#contract/ids.ts';
import { originOf } from './app-permissions.ts';
import { showAppViewMenu } from './app-view-menu.ts';
import { type AppViewPage, createPopupView, isInFront, popupPreferences } from './app-view-page.ts';
import type { PersonQuestions } from './person-questions.ts';

export interface AppPopup {
  /** The page of the tab that opened it. */
  readonly page: AppViewPage;
  readonly window: BaseWindow;
  readonly view: WebContentsView;
}

export interface AppPopups {
  /** What Electron is to do with the window that a page asks for. */
  open(page: AppViewPage, url: string): WindowOpenHandlerResponse;
  /** The pop-up whose contents these are. */
  find(contents: WebContents): AppPopup | undefined;
  /** Whether its page may go there as far as it holds for every pop-up. */
  mayGo(contents: WebContents, url: string): boolean;
  /** Resolves with whether its page may go there now; its person is asked. No pop-up may not. */
  ask(contents: WebContents, url: string): Promise<boolean>;
  closeOf(page: AppViewPage): void;
}

export interface AppPopupsOptions {
  readonly questions: PersonQuestions;
  readonly isPackaged: boolean;
  readonly linkAct: (
    page: AppViewPage,
    url: string,
  ) => { readonly label: string; readonly run: () => void } | null;
}

/** Of one app: what opens more is not a sign-in. */
const atOnce = 3;
const sizePx = { width: 520, height: 720, minWidth: 360, minHeight: 240 } as const;
/** Characters of a site's name in a title. Of a longer one the end is shown: that is where its owner stands. */
const siteCharacters = 48;
const nameCharacters = 40;

interface Open extends AppPopup {
  /** Its person said yes to the first site that is not the app. */
  isFree: boolean;
  asking: Promise<boolean> | null;
}

/** Nothing is in it but what its opener's script puts there. */
const isBlank = (url: string) => url === 'about:blank' || url === '';

/** Whether a page at this origin wants a window to talk to, and not just another page beside it; one that may be there. */
export function isPopup({ url, features, disposition }: HandlerDetails, origin: string): boolean {
  if (!isBlank(url) && originOf(url) !== origin && !isWebSite(url)) return false;
  // Asked for by a link and a key that is held, it comes without words about the window, and nobody talks to it.
  if (disposition !== 'new-window' && disposition !== 'foreground-tab') return false;
  const words = features
    .toLowerCase()
    .split(/[\s,]+/)
    .map((word) => word.split('=', 1)[0] ?? '');
  if (words.includes('noopener') || words.includes('noreferrer')) return false;
  // Empty, to be filled or led by its opener's script; or with a size or the like (HTML 7.2.2.1).
  return isBlank(url) || (disposition === 'new-window' && features.trim() !== '');
}

/** A page of the web at large, over TLS, and none of this computer's own: other apps are not reached from here. */
export function isWebSite(url: string): boolean {
  const address = URL.parse(url);
  if (address === null || address.protocol !== 'https:' || address.username !== '' || address.password !== '')
    return false;
  const host = address.hostname.replace(/\.$/, '');
  return !/^(.*\.)?localhost$|^127\.|^0\.|^\[::1?\]$|^\[::ffff:/.test(host);
}

/** What a title says of where a window is: of what it shows, never of what it is about to show. */
export function popupTitle(url: string, name: string): string {
  const address = URL.parse(url);
  const isSite = address !== null && /^https?:$/.test(address.protocol);
  const host = isSite ? address.host : 'A page without an address';
  const site = host.length > siteCharacters ? `…${host.slice(-siteCharacters)}` : host;
  return `${site} — opened by ${name.length > nameCharacters ? `${name.slice(0, nameCharacters)}…` : name}`;
}

export function createAppPopups(options: AppPopupsOptions): AppPopups {
  const { questions } = options;
  const popups = new Set<Open>();
  const knownSites = new Map<ForwardId, Set<string>>();

  const find = (contents: WebContents) => [...popups].find(({ view }) => view.webContents === contents);

  const close = (popup: Open): void => {
    if (!popups.delete(popup)) return;
    if (!popup.view.webContents.isDestroyed()) popup.view.webContents.close();
    if (!popup.window.isDestroyed()) popup.window.destroy();
  };

  const show = ({ window, view }: Open): void => {
    if (window.isDestroyed() || window.isVisible()) return;
    window.show();
    view.webContents.focus();
  };

  const adopt = (page: AppViewPage, url: string, guest: WebContents): void => {
    const window = new BaseWindow({
      ...sizePx,
      // Closed and hidden with it on every system.
      parent: page.owner,
      show: false,
      title: popupTitle('', page.name),
      // The bar with the title is where a person reads which site this is: no page takes it away or covers it.
      ...{ frame: true, fullscreenable: false, autoHideMenuBar: true },
      backgroundColor: '#ffffff',
    });
    window.removeMenu();
    const view = createPopupView(page.view.webContents.session, options.isPackaged, guest);
    window.contentView.addChildView(view);
    const popup: Open = { page, window, view, isFree: false, asking: null };
    popups.add(popup);
    const layOut = () => {
      const [width = 0, height = 0] = window.getContentSize();
      view.setBounds({ x: 0, y: 0, width, height });
    };
    layOut();
    window.on('resize', layOut);
    window.on('closed', () => close(popup));
    follow(popup);
    // One that leads to another site is seen when its person said yes.
    if (!isWebSite(url)) show(popup);
  };

  const follow = (popup: Open): void => {
    const { page, window, view } = popup;
    const { webContents: contents } = view;
    contents.setZoomMode('isolated');
    contents.on('did-navigate', (_event, url) => {
      if (!window.isDestroyed()) window.setTitle(popupTitle(url, page.name));
    });
    // By its own script, with the tab that opened it, or with its process.
    contents.once('destroyed', () => close(popup));
    contents.on('render-process-gone', () => close(popup));
    // Nothing holds a window that an app opened: its person closes it, or it goes with its tab.
    contents.on('will-prevent-unload', (event) => event.preventDefault());
    contents.on('login', (event, _details, _info, answer) => {
      event.preventDefault();
      answer();
    });
    contents.on('context-menu', (_event, params) =>
      showAppViewMenu(params, {
        canGoBack: contents.navigationHistory.canGoBack(),
        canGoForward: contents.navigationHistory.canGoForward(),
        isPackaged: options.isPackaged,
        back: () => contents.navigationHistory.goBack(),
        forward: () => contents.navigationHistory.goForward(),
        reload: () => contents.reload(),
        linkAct: (url) => options.linkAct(page, url),
        inspect: (x, y) => contents.inspectElement(x, y),
      }),
    );
  };

  const askPerson = async (popup: Open, { host, href }: URL): Promise<boolean> => {
    const { page, window } = popup;
    const { forwardId, name, origin, owner } = page;
    if (!(window.isVisible() ? isPopupSeen(popup) : isInFront(page))) return false;
    const sites = knownSites.get(forwardId) ?? new Set();
    if (sites.has(host)) return true;
    const answer = await questions.ask(window.isVisible() ? window : owner, {
      message: `Show ${host} in a window of ${name}?`,
      detail:
        `${name} (${origin}) opened a window that leads to\n${href.length > 300 ? `${href.slice(0, 300)}…` : href}\n` +
        'What you type there goes to that site, and it may go on to others. The title of the window says which site it shows.',
      ...{ action: 'Show it', isYesDefault: false },
      rememberLabel: `Always show ${host} for this app, until Berth ends`,
    });
    if (answer?.isYes === true && answer.isRemembered) knownSites.set(forwardId, sites.add(host));
    return answer?.isYes === true;
  };

  return {
    open: (page, url) => {
      const isMany = [...popups].filter((one) => one.page.forwardId === page.forwardId).length >= atOnce;
      if (isMany) return { action: 'deny' };
      return {
        action: 'allow',
        // Before the words of the page about its window, which ask for Node and the like by name.
        overrideBrowserWindowOptions: {
          webPreferences: popupPreferences(page.view.webContents.session, options.isPackaged),
        },
        createWindow: (given: BrowserWindowConstructorOptions & { webContents?: WebContents }) => {
          // There is none where no page talks to it; what is returned is not looked at then.
          if (given.webContents === undefined) return page.view.webContents;
          // Of the options only this: the rest is what the page asked for.
          adopt(page, url, given.webContents);
          return given.webContents;
        },
      };
    },
    find,
    mayGo: (contents, url) => find(contents) !== undefined && isWebSite(url),
    ask: async (contents, url) => {
      const popup = find(contents);
      const address = URL.parse(url);
      if (popup === undefined || address === null || !isWebSite(url)) return false;
      if (popup.isFree) return true;
      popup.asking ??= askPerson(popup, address);
      const isYes = await popup.asking;
      popup.asking = null;
      // Its person may have closed it meanwhile.
      if (!isYes || !popups.has(popup)) {
        close(popup);
        return false;
      }
      popup.isFree = true;
      show(popup);
      return true;
    },
    closeOf: (page) => {
      for (const popup of [...popups]) if (popup.page === page) close(popup);
    },
  };
}

export function isPopupSeen({ window }: Pick<AppPopup, 'window'>): boolean {
  return !window.isDestroyed() && window.isVisible() && !window.isMinimized();
}
