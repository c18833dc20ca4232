/**
 * The built window as files over HTTP, and the sign-in page. Guarantees: nothing outside its folder is read, whatever
 * the path or a link inside says; every answer forbids foreign scripts, frames and sniffing.
 */
import { readFile, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { signInPage, signInScript } from './sign-in-page.ts';

export interface StaticFile {
  readonly status: 200 | 404 | 503;
  readonly body: Uint8Array<ArrayBuffer> | string;
  readonly headers: Readonly<Record<string, string>>;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

/**
 * `socketOrigins` are named because not every browser counts a web socket as 'self'. Styles may be inline: xterm.js
 * writes its measured ones into a style element. Scripts may not.
 */
export function securityHeaders(socketOrigins: readonly string[]): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    `connect-src 'self' ${socketOrigins.join(' ')}`.trim(),
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return {
    'Content-Security-Policy': policy,
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Permissions-Policy':
      'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), payment=(), display-capture=()',
    'Cache-Control': 'no-store',
  };
}

const notThere: StaticFile = {
  status: 404,
  body: 'Not found\n',
  headers: { 'Content-Type': 'text/plain; charset=utf-8' },
};

/** @returns a function from a URL's path (still encoded) to what is served there. */
export function staticUi(folder: string): (path: string) => Promise<StaticFile> {
  return async (path) => {
    if (path === '/sign-in') return page(signInPage, '.html');
    if (path === '/sign-in.js') return page(signInScript, '.js');
    const segments = segmentsOf(path);
    if (segments === undefined) return notThere;
    const name = segments.at(-1) ?? '';
    const isPage = segments.length === 0 || extname(name) === '';
    const found = await readConfined(folder, isPage ? ['index.html'] : segments);
    if (found === undefined) return isPage ? notBuilt() : notThere;
    const extension = isPage ? '.html' : extname(name);
    const type = contentTypes[extension] ?? 'application/octet-stream';
    // Vite puts a hash of the content into these names.
    const isHashed = !isPage && segments[0] === 'assets';
    const cache = isHashed ? { 'Cache-Control': 'public, max-age=31536000, immutable' } : {};
    return { status: 200, body: found, headers: { 'Content-Type': type, ...cache } };
  };
}

function page(body: string, extension: '.html' | '.js'): StaticFile {
  return { status: 200, body, headers: { 'Content-Type': contentTypes[extension] ?? '' } };
}

function notBuilt(): StaticFile {
  return {
    status: 503,
    body: 'The window is not built. Run "npm run build" and load this page again.\n',
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  };
}

/** undefined for everything that is not a plain path downwards. */
function segmentsOf(path: string): string[] | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  const segments = decoded.split('/').filter((segment) => segment !== '');
  const isPlain = segments.every((segment) => !segment.startsWith('.') && !/[\\\0:]/.test(segment));
  return decoded.startsWith('/') && isPlain ? segments : undefined;
}

/** undefined when there is no such file below `folder`, also after following links. */
export async function readConfined(
  folder: string,
  segments: readonly string[],
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const root = await realpath(folder);
    const file = await realpath(join(root, ...segments));
    if (!file.startsWith(root + sep) || !(await stat(file)).isFile()) return undefined;
    return new Uint8Array(await readFile(file));
  } catch {
    return undefined;
  }
}
