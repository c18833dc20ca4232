/** Addresses of providers' APIs. Tokens that can spend money go there: nothing crosses a network in the clear. */
import { WrongValue } from './config-error.ts';
import { isLoopback } from './values.ts';

/** Without a slash at the end. @throws WrongValue */
export function parseApiUrl(text: string): string {
  const url = URL.parse(text);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (url === null || !isSafe) throw new WrongValue('must be an https:// address, or http:// on loopback');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new WrongValue('must hold no name, password, query or fragment');
  return url.href.replace(/\/+$/, '');
}
