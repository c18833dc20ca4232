/**
 * Sessions of web apps in the window: one for each forward, kept on disk, so that no app sees another's cookies, storage or
 * cache, and none sees the window's own. Each is walled before anything can load in it.
 *
 * An app may do what a page in a browser may do at its own origin, and nothing that a browser would ask a person for.
 */
import type { Session, WebContents } from 'electron';
import type { ForwardId } from '#contract/ids.ts';

export interface AppSession {
  readonly session: Session;
  /** Where its pages are at home. Changes only with the address that Berth gives the app. */
  origin: string;
  /** A page of it wants to go elsewhere. */
  leave(contents: WebContents, url: string): void;
}

export interface AppSessions {
  /** The forward's session, with this origin from now on. */
  open(forwardId: ForwardId, origin: string): AppSession;
  /** Undefined: it is no app's. */
  find(session: Session): AppSession | undefined;
  forget(forwardId: ForwardId): Promise<void>;
}

export interface AppSessionsOptions {
  /** Called when the first app is opened: Electron has no sessions before it is ready. */
  readonly fromPartition: (name: string) => Session;
  readonly leave: AppSession['leave'];
}

/** What pages of the web load by. Not among them: our own scheme, files, devtools. */
const allowedSchemes: ReadonlySet<string> = new Set([
  ...['http:', 'https:', 'ws:', 'wss:'],
  ...['blob:', 'data:', 'about:'],
]);
const savedSchemes: ReadonlySet<string> = new Set(['http:', 'https:', 'blob:', 'data:']);
/** Of its own origin alone, in a frame or not. */
const allowedPermissions: ReadonlySet<string> = new Set(['clipboard-sanitized-write', 'fullscreen']);

export function partitionOf(forwardId: ForwardId): string {
  return `persist:app-${forwardId}`;
}

export function createAppSessions({ fromPartition, leave }: AppSessionsOptions): AppSessions {
  const byForward = new Map<ForwardId, AppSession>();
  const bySession = new WeakMap<Session, AppSession>();
  const of = (forwardId: ForwardId, origin: string): AppSession => {
    const known = byForward.get(forwardId);
    if (known !== undefined) return known;
    const made: AppSession = { session: fromPartition(partitionOf(forwardId)), origin, leave };
    secureAppSession(made);
    byForward.set(forwardId, made);
    bySession.set(made.session, made);
    return made;
  };
  return {
    open: (forwardId, origin) => Object.assign(of(forwardId, origin), { origin }),
    find: (session) => bySession.get(session),
    forget: async (forwardId) => {
      await of(forwardId, 'null').session.clearData();
    },
  };
}

function originOf(url: string | undefined): string | undefined {
  const origin = url === undefined ? undefined : URL.parse(url)?.origin;
  return origin === 'null' ? undefined : origin;
}

function secureAppSession(app: AppSession): void {
  const { session } = app;
  const isAllowed = (permission: string, url: string | undefined) =>
    allowedPermissions.has(permission) && originOf(url) === app.origin;
  session.setPermissionRequestHandler((_contents, permission, decide, { requestingUrl }) =>
    decide(isAllowed(permission, requestingUrl)),
  );
  session.setPermissionCheckHandler((_contents, permission, origin) => isAllowed(permission, origin));
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, answer) => answer({}));
  session.webRequest.onBeforeRequest((details, answer) => {
    answer({ cancel: !allowedSchemes.has(URL.parse(details.url)?.protocol ?? '') });
  });
  session.on('will-download', (event, item) => {
    const isOfTheWeb = [item.getURL(), ...item.getURLChain()].every((url) =>
      savedSchemes.has(URL.parse(url)?.protocol ?? ''),
    );
    // Where it goes the person says, in Electron's own dialog: no path is set.
    if (isOfTheWeb) item.setSaveDialogOptions({ title: `Save a file of ${app.origin}` });
    else event.preventDefault();
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

/** Walls of one page of an app: its main frame stays at its origin; whatever leads elsewhere is somebody else's to open. */
export function secureAppContents(contents: WebContents, app: AppSession): void {
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    // One page is one tab: what the app opens at home replaces it, and going back leads back.
    if (isAtHome(app, url)) void contents.loadURL(url).catch(() => undefined);
    else app.leave(contents, url);
    return { action: 'deny' };
  });
  const stay = (event: { preventDefault(): void; readonly url: string }) => {
    if (isAtHome(app, event.url)) return;
    event.preventDefault();
    app.leave(contents, event.url);
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
