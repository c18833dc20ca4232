/** The pages for who is not signed in, and the way back from them to where the window was. Pure. */

export const signedOutPaths: ReadonlySet<string> = new Set([
  '/sign-in',
  '/register',
  '/verify',
  '/reset',
  '/invite',
  '/forgot',
]);

type Place = Pick<Location, 'pathname' | 'search'>;

/** The sign-in page that leads back to a place of the window. Its fragment stays behind: it may hold a secret. */
export function signInPath({ pathname, search }: Place): string {
  const from = `${pathname}${search}`;
  return from === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(from)}`;
}

/**
 * Where to go after a sign-in: the `next` of an address, if it is a place of this very origin's window, else its
 * beginning. An address in somebody's mail must lead nowhere else (open redirect, CWE-601).
 */
export function placeAfterSignIn(search: string, origin: string): string {
  const next = new URLSearchParams(search).get('next');
  // A backslash is a slash to browsers; two of them name another host.
  if (next === null || !/^\/(?![/\\])/.test(next) || !URL.canParse(next, origin)) return '/';
  const url = new URL(next, origin);
  if (url.origin !== origin || signedOutPaths.has(url.pathname) || url.pathname.startsWith('/api/'))
    return '/';
  return `${url.pathname}${url.search}`;
}
