/** Headers as they came: name, value, name, value, with every repetition and in their order. Pure. */

/** As Node gives and takes them. */
export type RawHeaders = readonly string[];

/** For one connection alone (RFC 9110, 7.6.1), also where Connection does not name them. */
const hopByHop: ReadonlySet<string> = new Set([
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
]);

export function pairsOf(headers: RawHeaders): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) pairs.push([headers[at] ?? '', headers[at + 1] ?? '']);
  return pairs;
}

export function valuesOf(headers: RawHeaders, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2)
    if (headers[at]?.length === name.length && headers[at]?.toLowerCase() === name)
      values.push(headers[at + 1] ?? '');
  return values;
}

/** Without those that are for one connection alone. */
export function endToEnd(headers: RawHeaders): [name: string, value: string][] {
  const named = valuesOf(headers, 'connection')
    .flatMap((value) => value.split(','))
    .map((name) => name.trim().toLowerCase());
  return pairsOf(headers).filter(([name]) => {
    const key = name.toLowerCase();
    return !hopByHop.has(key) && !named.includes(key);
  });
}
