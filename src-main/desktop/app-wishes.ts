/**
 * What pages of web apps want that a person decides: to lead out of the app, a tab beside, a permission, to save a file.
 *
 * Guarantees: nothing that nobody sees gets anything; a script is not quicker than a person; Berth never opens what an app
 * names but an https page in the person's own browser, after they said so.
 */
import { type BaseWindow, shell, type WebContents } from 'electron';
import type { ForwardId } from '#contract/ids.ts';
import { AppPath, type ShellEvent } from '#contract/shell.ts';
import type { AppDownloads } from './app-downloads.ts';
import { originOf } from './app-permissions.ts';
import { type AppPopups, isPopupSeen } from './app-popups.ts';
import type { AppSessions, AppWishes } from './app-sessions.ts';
import { type AppViewPage, isInFront } from './app-view-page.ts';
import type { PersonQuestions } from './person-questions.ts';

export interface AppWishesOptions {
  readonly pages: () => readonly AppViewPage[];
  readonly popups: Pick<AppPopups, 'open' | 'find' | 'mayGo' | 'ask'>;
  readonly sessions: () => Pick<AppSessions, 'find'>;
  readonly questions: PersonQuestions;
  readonly downloads: Pick<AppDownloads, 'begin'>;
  readonly tell: (event: ShellEvent) => void;
  readonly nowMs?: () => number;
}

/** Who wishes: the page of a tab, or of a window that it opened. */
interface Wisher extends Pick<AppViewPage, 'tabId' | 'forwardId' | 'name' | 'origin'> {
  readonly owner: BaseWindow;
  readonly isSeen: boolean;
}

export interface AppWishDoor extends AppWishes {
  /** What the person can do with a link that they clicked with the other button. */
  linkAct(page: AppViewPage, url: string): { readonly label: string; readonly run: () => void } | null;
}

/** Milliseconds between two of an app's wishes: a person clicks no faster, a script would. */
const wishEveryMs = 1_000;
/** Milliseconds after a no in which the same app is not heard. */
const quietAfterNoMs = 3_000;
/** Characters of an address that a question shows. */
const shownCharacters = 300;

export function createAppWishes(options: AppWishesOptions): AppWishDoor {
  const { pages, popups, questions, downloads, tell } = options;
  const nowMs = options.nowMs ?? (() => performance.now());
  const heardFromMs = new Map<ForwardId, number>();
  const knownSites = new Map<ForwardId, Set<string>>();

  const pageOf = (contents: WebContents) => pages().find(({ view }) => view.webContents === contents);
  const find = (contents: WebContents): Wisher | undefined => {
    const page = pageOf(contents);
    if (page !== undefined) return { ...page, isSeen: isInFront(page) };
    const popup = popups.find(contents);
    return popup && { ...popup.page, owner: popup.window, isSeen: isPopupSeen(popup) };
  };
  /** False: it was heard just now. */
  const takeTurn = ({ forwardId }: Pick<Wisher, 'forwardId'>): boolean => {
    if (nowMs() < (heardFromMs.get(forwardId) ?? Number.NEGATIVE_INFINITY)) return false;
    heardFromMs.set(forwardId, nowMs() + wishEveryMs);
    return true;
  };
  /** Undefined: nobody sees it, or it was heard just now. */
  const heard = (contents: WebContents): Wisher | undefined => {
    const wisher = find(contents);
    return wisher?.isSeen === true && takeTurn(wisher) ? wisher : undefined;
  };
  const beQuiet = (forwardId: ForwardId) => void heardFromMs.set(forwardId, nowMs() + quietAfterNoMs);

  const leave = async (page: Wisher, address: URL): Promise<void> => {
    const { forwardId, name, origin, owner, tabId } = page;
    if (!isForBrowser(address)) {
      tell({ type: 'app-view-refused', tabId, what: 'link', url: address.href.slice(0, 2048) });
      return;
    }
    const sites = knownSites.get(forwardId) ?? new Set();
    if (!sites.has(address.host)) {
      const answer = await questions.ask(owner, {
        message: `Open ${address.host} in your browser?`,
        detail: `${name} (${origin}) leads there:\n${shorten(address.href)}`,
        ...{ action: 'Open in the browser', isYesDefault: true },
        rememberLabel: `Always open ${address.host} for this app, until Berth ends`,
      });
      if (!answer?.isYes) {
        beQuiet(forwardId);
        return;
      }
      if (answer.isRemembered) knownSites.set(forwardId, sites.add(address.host));
    }
    // As the parser wrote it, so that what was shown is what is opened.
    await shell.openExternal(address.href);
  };

  const beside = ({ tabId }: Pick<Wisher, 'tabId'>, { pathname, search }: URL): void => {
    const path = AppPath.safeParse(pathname + search);
    if (path.success) tell({ type: 'app-view-opened', tabId, path: path.data });
  };

  return {
    leave: (contents, url) => {
      const page = heard(contents);
      const address = URL.parse(url);
      if (page !== undefined && address !== null) void leave(page, address);
    },
    openBeside: (contents, { url, postBody }) => {
      const page = heard(contents);
      const address = URL.parse(url);
      if (page === undefined || address === null) return;
      if (postBody === undefined && address.protocol === 'http:') return beside(page, address);
      // What is posted, or made by the page itself, is in no address that another tab could begin with.
      const parts = postBody?.data ?? [];
      // A file of this computer's would be read by us, who may read all of them.
      if (parts.some(({ type }) => type !== 'rawData')) return;
      const boundary = postBody?.boundary ? `; boundary=${postBody.boundary}` : '';
      const post =
        postBody === undefined
          ? undefined
          : { postData: parts, extraHeaders: `content-type: ${postBody.contentType}${boundary}` };
      contents.loadURL(url, post).catch(() => undefined);
    },
    popUp: (contents, url) => {
      const page = pageOf(contents);
      if (page === undefined) return undefined;
      return isInFront(page) && takeTurn(page) ? popups.open(page, url) : { action: 'deny' };
    },
    isPopup: (contents) => popups.find(contents) !== undefined,
    mayRoam: (contents, url) => popups.mayGo(contents, url),
    roam: async (contents, url) => {
      const popup = popups.find(contents);
      const isAllowed = popup !== undefined && (await popups.ask(contents, url));
      if (popup !== undefined && !isAllowed) beQuiet(popup.page.forwardId);
      return isAllowed;
    },
    ask: async (contents, wish) => {
      const page = find(contents);
      if (page?.isSeen !== true) return false;
      const answer = await questions.ask(page.owner, {
        message: `Allow ${page.name} to ${wish.words}?`,
        detail: `It asks from ${page.origin}. If you allow it, that holds until Berth ends.`,
        ...{ action: 'Allow', isYesDefault: false },
      });
      if (answer === null) return false;
      options.sessions().find(contents.session)?.permissions.answer(wish, answer.isYes);
      return answer.isYes;
    },
    download: (contents, item) => {
      const page = find(contents);
      if (page === undefined) return false;
      // In an app's name saves the app, and no other site that a window of it shows.
      const isItsOwn =
        pageOf(contents) !== undefined ||
        [contents.getURL(), item.getURL()].some((url) => originOf(url) === page.origin);
      if (page.isSeen && isItsOwn && downloads.begin(page, item)) return true;
      if (takeTurn(page))
        tell({ type: 'app-view-refused', tabId: page.tabId, what: 'download', url: page.origin });
      return false;
    },
    linkAct: (page, url) => {
      const address = URL.parse(url);
      if (address?.origin === page.origin)
        return { label: 'Open link in a new tab', run: () => beside(page, address) };
      if (address === null || !isForBrowser(address)) return null;
      return { label: 'Open link in the browser', run: () => void shell.openExternal(address.href) };
    },
  };
}

/** A name before the host is there to be taken for the host. */
function isForBrowser({ protocol, username, password }: URL): boolean {
  return protocol === 'https:' && username === '' && password === '';
}

function shorten(text: string): string {
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}
