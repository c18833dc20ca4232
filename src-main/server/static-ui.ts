/** The window over HTTP, the sign-in page, and the headers that every answer carries. */
import { contentTypes, readUiFile, uiPolicy } from '../ui-files.ts';
import { signInPage, signInScript } from './sign-in-page.ts';

export interface StaticFile {
  readonly status: 200 | 404 | 503;
  readonly body: Uint8Array<ArrayBuffer> | string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Seconds for which a browser asks for nothing but TLS (RFC 6797): half a year. */
const strictTransportS = 180 * 24 * 60 * 60;

/** @param isSecure reached over TLS: only then may a browser be told that there is nothing else */
export function securityHeaders({
  socketOrigins,
  frameSources,
  isSecure,
}: {
  readonly socketOrigins: readonly string[];
  readonly frameSources: readonly string[];
  readonly isSecure: boolean;
}): Readonly<Record<string, string>> {
  return {
    ...(isSecure ? { 'Strict-Transport-Security': `max-age=${strictTransportS}` } : {}),
    'Content-Security-Policy': uiPolicy(socketOrigins, frameSources),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    // A page that shows web apps cannot ask of each of them to agree to that in its own headers.
    ...(frameSources.length === 0 ? { 'Cross-Origin-Embedder-Policy': 'require-corp' } : {}),
    'Permissions-Policy':
      'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), payment=(), display-capture=()',
    'Cache-Control': 'no-store',
  };
}

const plainText = { 'Content-Type': contentTypes['.txt'] ?? '' };
const notThere: StaticFile = { status: 404, body: 'Not found\n', headers: plainText };
const notBuilt: StaticFile = {
  status: 503,
  body: 'The window is not built. Run "npm run build" and load this page again.\n',
  headers: plainText,
};

/** @returns a function from a URL's path (still encoded) to what is served there. */
export function staticUi(folder: string): (path: string) => Promise<StaticFile> {
  return async (path) => {
    if (path === '/sign-in.js') return page(signInScript, '.js');
    const file = await readUiFile(folder, path);
    // The window's own page signs in with everything that there is; before it is built, a link has to do.
    if (path === '/sign-in' && file === undefined) return page(signInPage, '.html');
    if (file === undefined) return path === '/' ? notBuilt : notThere;
    const cache = file.isHashed ? { 'Cache-Control': 'public, max-age=31536000, immutable' } : {};
    return { status: 200, body: file.body, headers: { 'Content-Type': file.contentType, ...cache } };
  };
}

function page(body: string, extension: '.html' | '.js'): StaticFile {
  return { status: 200, body, headers: { 'Content-Type': contentTypes[extension] ?? '' } };
}
