/**
 * The known_hosts format (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT") and the verdict on a key that a server shows. Pure.
 *
 * Stricter than OpenSSH in one point: a server of which keys are known and that shows none of them has *changed*, also when
 * it now shows a key of another type. Otherwise an impostor would only have to offer a type that was not seen before to turn
 * a refusal into a question.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface KnownHostsLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly marker: 'revoked' | 'cert-authority' | undefined;
  /** The first field as it stands: comma-separated patterns, or one hashed name. */
  readonly names: string;
  readonly keyType: string;
  readonly key: Buffer;
}

export interface KnownHostsFile {
  readonly file: string;
  readonly lines: readonly KnownHostsLine[];
}

export type HostKeyVerdict =
  | { readonly kind: 'trusted'; readonly by: KnownHostsLine }
  | { readonly kind: 'unknown'; readonly alsoKnownAs: readonly string[] }
  | { readonly kind: 'changed'; readonly was: KnownHostsLine }
  | { readonly kind: 'revoked'; readonly by: KnownHostsLine };

/** Lines that are not understood (comments, SSH 1 keys, damage) are skipped, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): KnownHostsFile {
  const lines: KnownHostsLine[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const fields = raw.trim().split(/[ \t]+/);
    if (!fields[0] || fields[0].startsWith('#')) continue;
    const marker = fields[0].startsWith('@') ? fields.shift() : undefined;
    const [names, keyType, base64] = fields;
    if (names === undefined || keyType === undefined || base64 === undefined) continue;
    if (marker !== undefined && marker !== '@revoked' && marker !== '@cert-authority') continue;
    const key = Buffer.from(base64, 'base64');
    if (keyTypeOf(key) !== keyType) continue;
    lines.push({
      file,
      line: index + 1,
      marker: marker?.slice(1) as KnownHostsLine['marker'],
      names,
      keyType,
      key,
    });
  }
  return { file, lines };
}

/** The name under which a server is looked up: `host`, or `[host]:port` where the port is not 22. */
export function knownHostName(address: string, port: number): string {
  const name = address.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** `SHA256:` and base 64 without padding, as ssh-keygen -l prints it. */
export function fingerprintOfKey(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The first string of a public key blob (RFC 4253, 6.6), or undefined when it is none. */
export function keyTypeOf(key: Buffer): string | undefined {
  if (key.length < 4) return undefined;
  const length = key.readUInt32BE(0);
  if (length === 0 || length > 64 || key.length < 4 + length) return undefined;
  return key.subarray(4, 4 + length).toString('latin1');
}

/** Patterns of ssh_config(5): `*` and `?`, case as given. */
export function matchesPattern(text: string, pattern: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}

/** A list of patterns: one must match and none that is negated with `!` may. */
export function matchesPatternList(text: string, patterns: readonly string[]): boolean {
  let isMatched = false;
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(text, pattern.slice(1))) return false;
    } else if (matchesPattern(text, pattern)) isMatched = true;
  }
  return isMatched;
}

export function lineIsAbout(line: KnownHostsLine, name: string): boolean {
  if (line.names.startsWith('|1|')) {
    const [, , salt, hash] = line.names.split('|');
    if (salt === undefined || hash === undefined) return false;
    const expected = Buffer.from(hash, 'base64');
    const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
    return expected.length === actual.length && timingSafeEqual(expected, actual);
  }
  return matchesPatternList(name.toLowerCase(), line.names.toLowerCase().split(','));
}

export interface ShownKey {
  /** `HostKeyAlias`, or the address that was dialled. */
  readonly host: string;
  readonly port: number;
  /** False with HostKeyAlias, which is looked up as it stands. */
  readonly isPortPartOfName: boolean;
  readonly key: Buffer;
}

/** The names to look under: the first counts; the one without the port only ever confirms a key (as in OpenSSH). */
export function namesOf(shown: Omit<ShownKey, 'key'>): [string, ...string[]] {
  const bare = shown.host.toLowerCase();
  if (!shown.isPortPartOfName || shown.port === 22) return [bare];
  return [knownHostName(shown.host, shown.port), bare];
}

/**
 * `groups` are asked in their order, and the first that knows plain keys of this host decides: Berth's own file stands
 * before the person's, so that a deliberate replacement in it counts. A revoked key is revoked wherever it says so.
 */
export function judgeHostKey(
  shown: ShownKey,
  groups: readonly (readonly KnownHostsFile[])[],
): HostKeyVerdict {
  const names = namesOf(shown);
  const all = groups.flat().flatMap((file) => file.lines);
  const isAbout = (line: KnownHostsLine) => names.some((name) => lineIsAbout(line, name));
  const revoked = all.find(
    (line) => line.marker === 'revoked' && line.key.equals(shown.key) && isAbout(line),
  );
  if (revoked) return { kind: 'revoked', by: revoked };
  for (const group of groups) {
    const plain = group.flatMap((file) => file.lines).filter((line) => line.marker === undefined);
    const known = plain.filter((line) => lineIsAbout(line, names[0]));
    const same = known.find((line) => line.key.equals(shown.key));
    if (same) return { kind: 'trusted', by: same };
    const type = keyTypeOf(shown.key);
    const was = known.find((line) => line.keyType === type) ?? known[0];
    if (was) return { kind: 'changed', was };
    const withoutPort = plain.find((line) => line.key.equals(shown.key) && isAbout(line));
    if (withoutPort) return { kind: 'trusted', by: withoutPort };
  }
  return { kind: 'unknown', alsoKnownAs: otherNames(all, shown.key) };
}

/** Key types that are known of a host, those of the deciding group first; a server is asked for them first. */
export function knownKeyTypes(
  shown: Omit<ShownKey, 'key'>,
  groups: readonly (readonly KnownHostsFile[])[],
): string[] {
  const names = namesOf(shown);
  const types = new Set<string>();
  for (const name of names)
    for (const line of groups.flat().flatMap((file) => file.lines))
      if (line.marker === undefined && lineIsAbout(line, name)) types.add(line.keyType);
  return [...types];
}

/** Authorities (`@cert-authority`) that may sign this host's certificates. */
export function authoritiesFor(
  shown: Omit<ShownKey, 'key'>,
  groups: readonly (readonly KnownHostsFile[])[],
): KnownHostsLine[] {
  const names = namesOf(shown);
  return groups
    .flat()
    .flatMap((file) => file.lines)
    .filter((line) => line.marker === 'cert-authority' && names.some((name) => lineIsAbout(line, name)));
}

const MAX_OTHER_NAMES = 8;

function otherNames(lines: readonly KnownHostsLine[], key: Buffer): string[] {
  const names = new Set<string>();
  for (const line of lines) {
    if (line.marker !== undefined || !line.key.equals(key)) continue;
    if (line.names.startsWith('|')) names.add(`a hashed name (${line.file}, line ${line.line})`);
    else for (const name of line.names.split(',')) if (!name.startsWith('!')) names.add(name);
  }
  return [...names].slice(0, MAX_OTHER_NAMES);
}
