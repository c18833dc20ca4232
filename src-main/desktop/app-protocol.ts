/**
 * The window's own scheme. Its pages come from the built folder alone and may speak to nothing: what they need, the
 * message port brings. `file:` would give them more than a page of the web has.
 */
import { type Protocol, protocol } from 'electron';
import { readUiFile, uiPolicy } from '../ui-files.ts';

export const appScheme = 'berth-app';
export const appOrigin = `${appScheme}://ui`;

/** Must run before the app is ready: Chromium reads its table of schemes once. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: appScheme, privileges: { standard: true, secure: true, codeCache: true } },
  ]);
}

export function serveAppScheme(target: Protocol, uiFolder: string): void {
  target.handle(appScheme, async (request) => {
    const url = new URL(request.url);
    const isOurs = url.host === 'ui' && request.method === 'GET';
    const file = isOurs ? await readUiFile(uiFolder, url.pathname) : undefined;
    if (file === undefined)
      return new Response('Not found\n', { status: 404, headers: appHeaders('text/plain') });
    return new Response(file.body, { headers: appHeaders(file.contentType) });
  });
}

function appHeaders(contentType: string): Record<string, string> {
  return {
    'Content-Type': contentType,
    'Content-Security-Policy': uiPolicy([]),
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
  };
}
