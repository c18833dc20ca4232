/**
 * Cookies on the way through: the gateway's own never reach an app, an app never sets them, and in a frame of Berth's
 * page an app's cookies are made such that a browser keeps them there (RFC 6265bis; CHIPS). Pure.
 */
import type { ShownIn } from './app-sessions.ts';

export interface CookieNames {
  /** Of the session in a tab, and of that in a frame of Berth's page. */
  readonly session: Readonly<Record<ShownIn, string>>;
  /** Others that no app is to get. */
  readonly hidden: readonly string[];
}

/** Cookies know no ports: two Berths on one computer must not take each other's. `__Host-` needs https. */
export function appCookieNames(isSecure: boolean, port: string, hidden: readonly string[]): CookieNames {
  const [before, after] = isSecure ? ['__Host-', ''] : ['', `-${port || '80'}`];
  return {
    session: { browser: `${before}berth-app${after}`, frame: `${before}berth-app-frame${after}` },
    hidden,
  };
}

/** The text of Set-Cookie. It ends with the browser, or when Berth says so. */
export function sessionCookie(
  names: CookieNames,
  shownIn: ShownIn,
  { value, isSecure }: { readonly value: string; readonly isSecure: boolean },
): string {
  // Lax: a link elsewhere may lead to a page of the app. In a frame nothing less than None is sent at all.
  const rest = shownIn === 'frame' ? '; SameSite=None; Secure; Partitioned' : '; SameSite=Lax';
  const secure = isSecure && shownIn === 'browser' ? '; Secure' : '';
  return `${names.session[shownIn]}=${value}; Path=/; HttpOnly${rest}${secure}`;
}

/** The first of that name in Cookie headers. */
export function cookieIn(headers: readonly string[], name: string): string | undefined {
  // At every request, and most ask for one that is not there.
  const holding = headers.filter((header) => header.includes(name));
  return pairsIn(holding).find((pair) => pair.name === name)?.value;
}

/** What of a Cookie header an app gets; undefined: nothing is left. */
export function cookiesForApp(header: string, names: CookieNames): string | undefined {
  const kept = pairsIn([header]).filter(({ name }) => !isOurs(name, names));
  return kept.length === 0 ? undefined : kept.map(({ text }) => text).join('; ');
}

/** A Set-Cookie of an app as the browser gets it; undefined: it does not. */
export function cookieFromApp(header: string, names: CookieNames, isFramed: boolean): string | undefined {
  const [first = '', ...attributes] = header.split(';');
  const name = first.slice(0, Math.max(0, first.indexOf('='))).trim();
  if (isOurs(name, names)) return undefined;
  const kept = attributes.filter((attribute) => {
    const [key = ''] = attribute.trim().toLowerCase().split('=');
    // An app's cookies are for its own name alone, whatever it says.
    if (key.trim() === 'domain') return false;
    return !isFramed || !['samesite', 'secure', 'partitioned'].includes(key.trim());
  });
  if (isFramed) kept.push(' SameSite=None', ' Secure', ' Partitioned');
  return [first, ...kept].join(';');
}

/** Adds what Set-Cookie headers say to a Cookie header, as a browser would for the very next request. */
export function withCookies(header: string | undefined, setCookies: readonly string[]): string | undefined {
  const jar = new Map(pairsIn(header === undefined ? [] : [header]).map(({ name, text }) => [name, text]));
  for (const one of setCookies) {
    const [first = ''] = one.split(';');
    const name = first.slice(0, Math.max(0, first.indexOf('='))).trim();
    if (name === '') continue;
    if (/;\s*max-age=(0|-)/i.test(one) || first.trim() === `${name}=`) jar.delete(name);
    else jar.set(name, first.trim());
  }
  return jar.size === 0 ? undefined : [...jar.values()].join('; ');
}

function isOurs(name: string, { session, hidden }: CookieNames): boolean {
  return name === session.browser || name === session.frame || hidden.includes(name);
}

function pairsIn(headers: readonly string[]): { name: string; value: string; text: string }[] {
  return headers
    .flatMap((header) => header.split(';'))
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((text) => {
      const at = text.indexOf('=');
      return at < 0
        ? { name: '', value: text, text }
        : { name: text.slice(0, at).trim(), value: text.slice(at + 1).trim(), text };
    });
}
