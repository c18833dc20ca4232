/**
 * The built window as files, for whoever serves it (HTTP or the app's own scheme): path, type, confinement, policy.
 * Guarantees that nothing outside the folder is read, whatever the path or a link inside says.
 */
import { readFile, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

export interface UiFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** Its name holds a hash of its content: it may be cached for ever. */
  readonly isHashed: boolean;
}

export const contentTypes: Readonly<Record<string, string>> = {
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
 * A path without an extension is a place in the window and gets its page. undefined: there is no such file.
 * @param path still percent-encoded, without query
 */
export async function readUiFile(folder: string, path: string): Promise<UiFile | undefined> {
  const segments = segmentsOf(path);
  if (segments === undefined) return undefined;
  const name = segments.at(-1) ?? '';
  const isPage = extname(name) === '';
  const body = await readConfined(folder, isPage ? ['index.html'] : segments);
  if (body === undefined) return undefined;
  const contentType = contentTypes[isPage ? '.html' : extname(name)] ?? 'application/octet-stream';
  // Vite puts a hash of the content into the names in this folder.
  return { body, contentType, isHashed: !isPage && segments[0] === 'assets' };
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

async function readConfined(
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

/**
 * What the window's page may do. Styles may be inline: xterm.js writes its measured ones into a style element; scripts
 * may not. `connectSources` are beyond 'self', since not every browser counts a web socket as that. `frameSources`: of web
 * apps that the page shows.
 */
export function uiPolicy(connectSources: readonly string[], frameSources: readonly string[] = []): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    ['connect-src', "'self'", ...connectSources].join(' '),
    ...(frameSources.length === 0 ? [] : [['frame-src', ...frameSources].join(' ')]),
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
