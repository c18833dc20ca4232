/** The address of the API: where tokens are sent, so it is checked before anything goes there. */
import { isIP } from 'node:net';
import { BerthError } from '#contract/berth-error.ts';

export const defaultApiUrl = 'https://api.digitalocean.com';

/**
 * Without a slash at the end. Throws invalid-input (field `apiUrl`) where it is no address, holds a name or a query, or
 * is neither https nor http on loopback: a token must not cross a network in the clear.
 */
export function checkedApiUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) throw refused('is not an address such as https://api.digitalocean.com');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw refused('must hold no name, password, query or fragment');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    throw refused('must begin with https://, or with http:// on this computer');
  return url.href.replace(/\/+$/, '');
}

/** 127.0.0.0/8 (RFC 1122), ::1 (RFC 4291) and localhost (RFC 6761), as a URL writes them. */
function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '[::1]') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

function refused(rule: string): BerthError {
  return BerthError.atField('apiUrl', `The address of DigitalOcean’s API ${rule}.`);
}
