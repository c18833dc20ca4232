/** Single values from text. Each parser throws WrongValue with its rule, and never repeats what it was given. */
import { isIP } from 'node:net';
import { WrongValue } from './config-error.ts';

/** @throws WrongValue */
export function integerWithin(min: number, max: number, remark = ''): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d{1,15}$/.test(text) || number < min || number > max)
      throw new WrongValue(`must be a whole number from ${min} to ${max}${remark}`);
    return number;
  };
}

/** @throws WrongValue */
export function decimalWithin(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d{1,9}(\.\d{1,3})?$/.test(text) || number < min || number > max)
      throw new WrongValue(`must be a number from ${min} to ${max}`);
    return number;
  };
}

/** @throws WrongValue */
export function oneOf<T extends string>(...words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text.toLowerCase());
    if (found === undefined) throw new WrongValue(`must be ${words.join(' or ')}`);
    return found;
  };
}

/** @throws WrongValue */
export function parseBoolean(text: string): boolean {
  const yes = ['true', 'yes', 'on', '1'];
  const no = ['false', 'no', 'off', '0'];
  const word = text.toLowerCase();
  if (!yes.includes(word) && !no.includes(word)) throw new WrongValue('must be true or false');
  return yes.includes(word);
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const maxSeconds = 365 * 86_400;

/** Seconds, `90s`, `30m`, `2h`, `1d`; `0` and `never`: null. In milliseconds. @throws WrongValue */
export function parseDuration(text: string): number | null {
  if (text.toLowerCase() === 'never') return null;
  const [, number, unit] = /^(\d{1,9})\s*([smhd]?)$/i.exec(text) ?? [];
  const seconds = Number(number) * (units[unit?.toLowerCase() || 's'] ?? 1);
  if (number === undefined || seconds > maxSeconds)
    throw new WrongValue('must be seconds, or 90s, 30m, 2h, 1d, at most a year; 0 for never');
  return seconds === 0 ? null : seconds * 1000;
}

const prefixes = ['', 'K', 'M', 'G', 'T', 'P'];

/** `4GiB` and `4G` are powers of 1024, as Docker takes them; `4GB` are powers of 1000; a bare number is bytes. @throws WrongValue */
export function parseSize(text: string): number {
  const [, number, prefix = '', ending = ''] =
    /^(\d{1,15}(?:\.\d{1,3})?)\s*([KMGTP]?)(iB|B)?$/i.exec(text) ?? [];
  const factor = ending.toLowerCase() === 'b' && prefix !== '' ? 1000 : 1024;
  const bytes = Math.floor(Number(number) * factor ** prefixes.indexOf(prefix.toUpperCase()));
  const isWhole = ending.toLowerCase() !== 'ib' || prefix !== '';
  if (number === undefined || !isWhole || !Number.isSafeInteger(bytes))
    throw new WrongValue('must be a size such as 500MB or 4GiB');
  return bytes;
}

/** Parts between commas, without spaces around them and without empty ones. */
export function listOf<T>(parse: (text: string) => T): (text: string) => T[] {
  return (text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(parse);
}

/** 127.0.0.0/8 (RFC 1122), ::1 (RFC 4291) and `localhost` with the names below it (RFC 6761). Takes `[::1]` as URLs write it. */
export function isLoopback(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  if (isIP(name) === 4) return name.startsWith('127.');
  return name === '::1' || /^::ffff:127\./.test(name);
}

/** An address, or a name (RFC 1123). @throws WrongValue */
export function parseHostName(text: string): string {
  const isName =
    /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*\.?$/i;
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) !== 0) return bare;
  // Of digits and dots alone it can only be an address that was mistyped.
  if (!isName.test(text) || /^[\d.]+$/.test(text))
    throw new WrongValue('must be an address or a host name, without a port');
  return text;
}

/** An address or a CIDR block (RFC 4632). @throws WrongValue */
export function parseAddressBlock(text: string): string {
  const [address = '', prefix, more] = text.split('/');
  const family = isIP(address);
  const longest = family === 4 ? 32 : 128;
  const isBlock = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest);
  if (family === 0 || more !== undefined || !isBlock)
    throw new WrongValue('must be addresses or blocks such as 10.0.0.0/8, separated by commas');
  if (prefix !== undefined && Number(prefix) === 0)
    throw new WrongValue(
      'must not be a block of all addresses: everybody could then say to come from anywhere. Name the proxies',
    );
  return text;
}

/** Control characters must not come into headers, logs and terminals. @throws WrongValue */
export function parseLine(text: string): string {
  if (text.length > 2000 || /\p{Cc}/u.test(text))
    throw new WrongValue('must be one line of at most 2000 characters');
  return text;
}
