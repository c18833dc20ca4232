/**
 * What a browser gets of an app's headers. The app stays within its own origin: no cookie for other names, no clearing of
 * what is not its own, no other server in its place; redirects to where it thinks it is lead to where it is. Who may show
 * it in a frame is decided here: its own pages, and Berth's where the session was made for that. Pure.
 */
import { cookieFromApp } from './app-cookies.ts';
import { endToEnd, type RawHeaders } from './header-lists.ts';
import { type AppSide, seenBy } from './request-headers.ts';

export interface ShownAs {
  readonly isFramed: boolean;
  /** Origins of Berth's own pages. */
  readonly frameOrigins: readonly string[];
}

/** Of Clear-Site-Data a browser takes the cookies of all names around, Berth's among them. */
const dropped = new Set(['alt-svc', 'clear-site-data', 'public-key-pins', 'strict-transport-security']);

export function responseHeaders(headers: RawHeaders, side: AppSide, shown: ShownAs): string[] {
  const result: string[] = [];
  for (const [name, value] of endToEnd(headers)) {
    const kept = keptValue(name.toLowerCase(), value, { side, shown });
    if (kept !== undefined) result.push(name, kept);
  }
  // All policies of an answer hold at once: one more takes nothing from the app's own.
  result.push('Content-Security-Policy', frameAncestors(shown));
  return result;
}

/** Set-Cookie headers of an app as the browser gets them. */
export function cookiesFor(
  setCookies: readonly string[],
  side: Pick<AppSide, 'cookies'>,
  shown: Pick<ShownAs, 'isFramed'>,
): string[] {
  return setCookies
    .map((one) => cookieFromApp(one, side.cookies, shown.isFramed))
    .filter((one) => one !== undefined)
    .flatMap((one) => ['Set-Cookie', one]);
}

function keptValue(
  name: string,
  value: string,
  { side, shown }: { readonly side: AppSide; readonly shown: ShownAs },
): string | undefined {
  if (dropped.has(name)) return undefined;
  if (name === 'set-cookie') return cookieFromApp(value, side.cookies, shown.isFramed);
  if (name === 'location') return locationFor(value, side);
  if (!shown.isFramed) return value;
  if (name === 'x-frame-options') return undefined;
  return name === 'content-security-policy' ? withoutFrameAncestors(value) : value;
}

/** Where the app thinks that it is, whatever the scheme, is its origin as the browser knows it. */
export function locationFor(location: string, side: Pick<AppSide, 'target' | 'origin'>): string {
  const url = URL.parse(location);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return location;
  const { port } = side.target;
  const local = ['localhost', '127.0.0.1', '0.0.0.0', '[::1]'].map((name) => `${name}:${port}`);
  const own = [seenBy(side).host, new URL(side.origin).host, ...local];
  return own.includes(url.host) ? `${side.origin}${url.pathname}${url.search}${url.hash}` : location;
}

function frameAncestors({ isFramed, frameOrigins }: ShownAs): string {
  return ['frame-ancestors', "'self'", ...(isFramed ? frameOrigins : [])].join(' ');
}

/** A header may hold several policies, parted by commas (CSP3, 2.2). */
function withoutFrameAncestors(value: string): string | undefined {
  const policies = value.split(',').map((policy) =>
    policy
      .split(';')
      .filter((directive) => !/^\s*frame-ancestors(\s|$)/i.test(directive))
      .join(';')
      .trim(),
  );
  const kept = policies.filter((policy) => policy.replaceAll(';', '').trim() !== '');
  return kept.length === 0 ? undefined : kept.join(', ');
}
