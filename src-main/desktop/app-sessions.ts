/**
 * Sessions of web apps in the window: one for each forward, kept on disk, so that no app sees another's cookies, storage or
 * cache, and none sees the window's own. Each is walled before anything can load in it.
 *
 * An app may do what a page in a browser may do at its own origin; what a browser would ask a person for, it asks for here.
 */
import type { DownloadItem, HandlerDetails, Session, WebContents, WindowOpenHandlerResponse } from 'electron';
import type { ForwardId } from '#contract/ids.ts';
import { type AppPermissions, type AppWish, createAppPermissions, originOf } from './app-permissions.ts';
import { isPopup } from './app-popups.ts';

export interface AppSession {
  readonly session: Session;
  readonly permissions: AppPermissions;
  /** Where its pages are at home. Changes only with the address that Berth gives the app. */
  origin: string;
}

/** What pages of apps want that somebody else decides. */
export interface AppWishes {
  /** To go elsewhere. */
  leave(contents: WebContents, url: string): void;
  /** Another page of its own beside this one. */
  openBeside(contents: WebContents, details: Pick<HandlerDetails, 'url' | 'postBody'>): void;
  /** A window that it can talk to. Undefined: this is no page that gets one. */
  popUp(contents: WebContents, url: string): WindowOpenHandlerResponse | undefined;
  /** Whether this is a window that a page opened. */
  isPopup(contents: WebContents): boolean;
  /** Whether its main frame may ever go to this address, which is not at home. */
  mayRoam(contents: WebContents, url: string): boolean;
  /** Resolves with whether it may go there now. */
  roam(contents: WebContents, url: string): Promise<boolean>;
  /** Resolves with what the person says. */
  ask(contents: WebContents, wish: AppWish): Promise<boolean>;
  /** False: not now. Where it goes the person says, in Electron's own dialog. */
  download(contents: WebContents, item: DownloadItem): boolean;
}

export interface AppSessions {
  /** The forward's session, with this origin from now on. */
  open(forwardId: ForwardId, origin: string): AppSession;
  /** Undefined: it is no app's. */
  find(session: Session): AppSession | undefined;
  /** Walls of one page of an app. */
  secureContents(contents: WebContents, app: AppSession): void;
  forget(forwardId: ForwardId): Promise<void>;
}

export interface AppSessionsOptions {
  /** Called when the first app is opened: Electron has no sessions before it is ready. */
  readonly fromPartition: (name: string) => Session;
  readonly wishes: AppWishes;
}

/** What pages of the web load by. Not among them: our own scheme, files, devtools. */
const allowedSchemes: ReadonlySet<string> = new Set([
  ...['http:', 'https:', 'ws:', 'wss:'],
  ...['blob:', 'data:', 'about:'],
]);
const savedSchemes: ReadonlySet<string> = new Set(['http:', 'https:', 'blob:', 'data:']);

export function partitionOf(forwardId: ForwardId): string {
  return `persist:app-${forwardId}`;
}

export function createAppSessions({ fromPartition, wishes }: AppSessionsOptions): AppSessions {
  const byForward = new Map<ForwardId, AppSession>();
  const bySession = new WeakMap<Session, AppSession>();
  const of = (forwardId: ForwardId, origin: string): AppSession => {
    const known = byForward.get(forwardId);
    if (known !== undefined) return known;
    const made: AppSession = {
      ...{ session: fromPartition(partitionOf(forwardId)), origin },
      permissions: createAppPermissions(() => made.origin),
    };
    secureAppSession(made, wishes);
    byForward.set(forwardId, made);
    bySession.set(made.session, made);
    return made;
  };
  return {
    open: (forwardId, origin) => Object.assign(of(forwardId, origin), { origin }),
    find: (session) => bySession.get(session),
    secureContents: (contents, app) => secureAppContents(contents, app, wishes),
    forget: async (forwardId) => {
      await of(forwardId, 'null').session.clearData();
    },
  };
}

function secureAppSession(app: AppSession, wishes: AppWishes): void {
  const { session, permissions } = app;
  session.setPermissionRequestHandler((contents, permission, decide, details) => {
    // Nothing covers the title that says which site a window shows.
    if (permission === 'fullscreen' && wishes.isPopup(contents)) return decide(false);
    const answer = permissions.request(permission, details);
    if (typeof answer === 'boolean') return decide(answer);
    void wishes.ask(contents, answer).then(decide, () => decide(false));
  });
  session.setPermissionCheckHandler((_contents, permission, origin, details) =>
    permissions.check(permission, origin, details),
  );
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, answer) => answer({}));
  session.webRequest.onBeforeRequest((details, answer) => {
    if (!allowedSchemes.has(URL.parse(details.url)?.protocol ?? '')) return answer({ cancel: true });
    if (details.resourceType !== 'mainFrame' || isAtHome(app, details.url)) return answer({});
    const contents = details.webContents;
    // Of nobody who could be asked.
    if (contents === undefined) return answer({ cancel: true });
    // The request waits for the person, whole: with what is posted, and after what led to it.
    wishes.roam(contents, details.url).then(
      (isAllowed) => answer({ cancel: !isAllowed }),
      () => answer({ cancel: true }),
    );
  });
  session.on('will-download', (event, item, contents) => {
    const isOfTheWeb = [item.getURL(), ...item.getURLChain()].every((url) =>
      savedSchemes.has(URL.parse(url)?.protocol ?? ''),
    );
    if (!isOfTheWeb || !wishes.download(contents, item)) event.preventDefault();
  });
}

/** Whether an app's main frame stays at home with this address. */
function isAtHome(app: AppSession, url: string): boolean {
  return originOf(url) === app.origin;
}

/** What frames inside an app may show: the web, and what the app makes itself. */
function isForFrame(url: string): boolean {
  return /^(https?:|blob:|data:|about:(blank|srcdoc)$)/.test(url);
}

/**
 * Its main frame stays at its origin; whatever leads elsewhere, or wants a window, is somebody else's to open. The main frame
 * of a window that it opened may go on to the web (app-popups.ts).
 */
function secureAppContents(contents: WebContents, app: AppSession, wishes: AppWishes): void {
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler((details) => {
    const popup = isPopup(details, app.origin) ? wishes.popUp(contents, details.url) : undefined;
    if (popup !== undefined) return popup;
    if (isAtHome(app, details.url)) wishes.openBeside(contents, details);
    else wishes.leave(contents, details.url);
    return { action: 'deny' };
  });
  const stay = (event: { preventDefault(): void; readonly url: string }) => {
    if (isAtHome(app, event.url) || wishes.mayRoam(contents, event.url)) return;
    event.preventDefault();
    wishes.leave(contents, event.url);
  };
  contents.on('will-navigate', stay);
  contents.on('will-redirect', (event) => {
    if (event.isMainFrame) stay(event);
    else if (!isForFrame(event.url)) event.preventDefault();
  });
  // Of the main frame `will-navigate` tells, too.
  contents.on('will-frame-navigate', (event) => {
    if (!event.isMainFrame && !isForFrame(event.url)) event.preventDefault();
  });
}
