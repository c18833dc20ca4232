/**
 * What no page may do, whatever it holds: leave the app's own origin, open windows or webviews, get a permission, reach
 * the network, or talk its way past a bad certificate. For every web contents there will ever be, not for one window. The
 * one exception are pages of web apps, which are known by their session and have walls of their own (app-sessions.ts).
 */
import type { App, DownloadItem, Session, WebContents, WebFrameMain } from 'electron';
import { appOrigin, appScheme } from './app-protocol.ts';
import type { AppSessions } from './app-sessions.ts';

/** What our own window asks for; everything else (camera, serial ports, …) is refused. */
const allowedPermissions: ReadonlySet<string> = new Set([
  'clipboard-sanitized-write',
  'clipboard-read',
  'notifications',
  // A remote screen that fills the display, and there gets keys that are the system's otherwise.
  'fullscreen',
  'keyboardLock',
  // Of what the person has just chosen in the system's own dialog, to save a file or a folder there.
  'fileSystem',
]);
/** Schemes that never leave the process; everything else of a request is refused. */
const localSchemes: ReadonlySet<string> = new Set([`${appScheme}:`, 'devtools:', 'blob:', 'data:']);

export function isAppUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.protocol === `${appScheme}:` && url.host === 'ui';
}

export function secureSession(session: Session): void {
  // Of the main frame alone: what is framed in it, were there ever anything, reads no clipboard and notifies nobody.
  const isAllowed = (permission: string, url: string, isMainFrame: boolean) =>
    isMainFrame && allowedPermissions.has(permission) && isAppUrl(url);
  session.setPermissionRequestHandler((contents, permission, decide, { isMainFrame }) =>
    decide(isAllowed(permission, contents.getURL(), isMainFrame)),
  );
  session.setPermissionCheckHandler((_contents, permission, origin, { isMainFrame, requestingUrl }) => {
    // Chromium also asks for an origin as a whole, on behalf of no frame. A frame has always a URL.
    const isOfNoFrame = permission === 'notifications' && requestingUrl === undefined;
    return isAllowed(permission, origin, isMainFrame || isOfNoFrame);
  });
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, answer) => answer({}));
  session.webRequest.onBeforeRequest((details, answer) => {
    const scheme = URL.parse(details.url)?.protocol ?? '';
    answer({ cancel: !localSchemes.has(scheme) });
  });
  // What our page made itself goes where the person says, in Electron's own dialog; the rest is somebody else's idea.
  session.on('will-download', (event, item, _contents, frame) => {
    if (!isOwnFile(item, frame)) event.preventDefault();
  });
}

/** Bytes that our page's main frame holds and wants to have saved. */
function isOwnFile(item: DownloadItem, frame: WebFrameMain | null): boolean {
  const isOwnPage = frame !== null && frame.parent === null && isAppUrl(frame.url);
  const isOwnBlob = [item.getURL(), ...item.getURLChain()].every((url) =>
    url.startsWith(`blob:${appOrigin}/`),
  );
  return isOwnPage && isOwnBlob && isAppUrl(item.getInitiatorOrigin());
}

export function secureApp(app: App, apps: Pick<AppSessions, 'find' | 'secureContents'>): void {
  app.on('web-contents-created', (_event, contents) => {
    const owner = apps.find(contents.session);
    if (owner === undefined) secureContents(contents);
    else apps.secureContents(contents, owner);
  });
  app.on('certificate-error', (event, _contents, _url, _error, _certificate, decide) => {
    event.preventDefault();
    decide(false);
  });
  // Who asks for a name and a password gets none; what an app's own server asks, its tab does (app-views.ts).
  app.on('login', (event, contents, _details, _info, answer) => {
    if (contents !== null && apps.find(contents.session) !== undefined) return;
    event.preventDefault();
    answer();
  });
  app.on('select-client-certificate', (event, _contents, _url, _list, choose) => {
    event.preventDefault();
    choose();
  });
}

function secureContents(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-attach-webview', (event) => event.preventDefault());
  const stay = (event: { preventDefault(): void; readonly url: string }) => {
    if (!isAppUrl(event.url)) event.preventDefault();
  };
  contents.on('will-navigate', stay);
  contents.on('will-redirect', stay);
  contents.on('will-frame-navigate', stay);
}
