/**
 * What no page may do, whatever it holds: leave the app's own origin, open windows or webviews, get a permission, reach
 * the network, or talk its way past a bad certificate. For every web contents there will ever be, not for one window.
 */
import type { App, Session, WebContents } from 'electron';
import { appScheme } from './app-protocol.ts';

/** Copying is the one thing asked for; everything else (camera, notifications, serial ports, …) is refused. */
const allowedPermissions: ReadonlySet<string> = new Set(['clipboard-sanitized-write']);
/** Schemes that never leave the process; everything else of a request is refused. */
const localSchemes: ReadonlySet<string> = new Set([`${appScheme}:`, 'devtools:', 'blob:', 'data:']);

export function isAppUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.protocol === `${appScheme}:` && url.host === 'ui';
}

export function secureSession(session: Session): void {
  const isAllowed = (permission: string, url: string) => allowedPermissions.has(permission) && isAppUrl(url);
  session.setPermissionRequestHandler((contents, permission, decide) =>
    decide(isAllowed(permission, contents.getURL())),
  );
  session.setPermissionCheckHandler((_contents, permission, origin) => isAllowed(permission, origin));
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, answer) => answer({}));
  session.webRequest.onBeforeRequest((details, answer) => {
    const scheme = URL.parse(details.url)?.protocol ?? '';
    answer({ cancel: !localSchemes.has(scheme) });
  });
  // Nothing of ours downloads; an attachment is somebody else's idea.
  session.on('will-download', (event) => event.preventDefault());
}

export function secureApp(app: App): void {
  app.on('web-contents-created', (_event, contents) => secureContents(contents));
  app.on('certificate-error', (event, _contents, _url, _error, _certificate, decide) => {
    event.preventDefault();
    decide(false);
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
