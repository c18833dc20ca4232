/** Headers as they came: name, value, name, value, with every repetition and in their order. Pure. */

/** As Node gives and takes them. */
export type RawHeaders = readonly string[];

/** For one connection alone (RFC 9110, 7.6.1), also where Connection does not name them. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
];

export function pairsOf(headers: RawHeaders): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) pairs.push([headers[at] ?? '', headers[at + 1] ?? '']);
  return pairs;
}

export function valuesOf(headers: RawHeaders, name: string): string[] {
  return pairsOf(headers)
    .filter(([key]) => key.toLowerCase() === name)
    .map(([, value]) => value);
}

/** Without those that are for one connection alone. */
export function endToEnd(headers: RawHeaders): [name: string, value: string][] {
  const named = valuesOf(headers, 'connection').flatMap((value) => value.split(','));
  const dropped = new Set([...hopByHop, ...named.map((name) => name.trim().toLowerCase())]);
  return pairsOf(headers).filter(([name]) => !dropped.has(name.toLowerCase()));
}
