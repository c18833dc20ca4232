/**
 * Turns any value into JSON that may be written to the log. Guarantees: no `Secret`, no value under a name that means a
 * secret (also inside nested causes), no private key block, no credentials of a URL or an Authorization header, no token
 * that says what it is; bounded in depth and size; never throws, whatever it is given.
 */
import { Secret } from '../../control-plane/interfaces/secret.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

const redacted = '[secret]';
const MAX_DEPTH = 8;
const MAX_TEXT_CHARACTERS = 16_384;
const MAX_ENTRIES = 200;

/** Compared without case, `-` and `_`. `credentialId` and the like are references and stay. */
const secretName =
  /pass(word|phrase|wd|code)|^pass$|^pwd$|secret|token|authorization|apikey|privatekey|masterkey|cookie|^otp$|^answers?$/;

const privateKeyBlock =
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g;
const puttyKeyBlock = /PuTTY-User-Key-File-\d:[\s\S]*/g;
const urlPassword = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi;
/** Tokens that say what they are, as `abc_v1_` and hexadecimal digits. */
const versionedToken = /\b[a-z]{2,8}_v\d{1,2}_[0-9a-f]{32,}\b/g;
const authorization = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi;
const namedInText =
  /\b((?:pass(?:word|phrase|wd)|secret|token|api[-_]?key|authorization)["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s,;&"']+)/gi;

export function redactText(text: string): string {
  const short =
    text.length > MAX_TEXT_CHARACTERS
      ? `${text.slice(0, MAX_TEXT_CHARACTERS)}… (${text.length} characters)`
      : text;
  return short
    .replace(privateKeyBlock, redacted)
    .replace(puttyKeyBlock, redacted)
    .replace(urlPassword, `$1:${redacted}@`)
    .replace(versionedToken, redacted)
    .replace(authorization, `$1 ${redacted}`)
    .replace(namedInText, `$1${redacted}`);
}

export function redact(value: unknown): Json {
  return convert(value, 0, new Set());
}

function convert(value: unknown, depth: number, above: ReadonlySet<object>): Json {
  switch (typeof value) {
    case 'string':
      return redactText(value);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return String(value);
    case 'undefined':
    case 'function':
    case 'symbol':
      return null;
    case 'object':
      if (value === null) return null;
      if (value instanceof Secret) return redacted;
      if (above.has(value)) return '[circular]';
      if (depth >= MAX_DEPTH) return '[deeper]';
      try {
        return convertObject(value, depth + 1, new Set(above).add(value));
      } catch {
        return '[unreadable]';
      }
  }
}

function convertObject(value: object, depth: number, above: ReadonlySet<object>): Json {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof URL) return redactText(value.href);
  if (value instanceof Map)
    return fieldsOf(
      [...value].map(([key, item]) => [String(key), item]),
      depth,
      above,
    );
  if (value instanceof Set || Array.isArray(value)) {
    const items = [...value];
    const shown = items.slice(0, MAX_ENTRIES).map((item) => convert(item, depth, above));
    if (items.length > MAX_ENTRIES) shown.push(`… ${items.length - MAX_ENTRIES} more`);
    return shown;
  }
  if (value instanceof Error) {
    const own = Object.keys(value).filter(
      (name) => name !== 'name' && name !== 'message' && name !== 'stack',
    );
    const entries: [string, unknown][] = own.map((name) => [name, (value as never)[name]]);
    if (value.cause !== undefined && !own.includes('cause')) entries.push(['cause', value.cause]);
    if (value instanceof AggregateError && !own.includes('errors')) entries.push(['errors', value.errors]);
    return {
      name: String(value.name),
      message: redactText(String(value.message)),
      ...fieldsOf(entries, depth, above),
      stack: redactText(stackFrames(value)),
    };
  }
  return fieldsOf(Object.entries(value), depth, above);
}

function fieldsOf(
  entries: readonly (readonly [string, unknown])[],
  depth: number,
  above: ReadonlySet<object>,
): { [name: string]: Json } {
  const fields: { [name: string]: Json } = {};
  for (const [name, item] of entries.slice(0, MAX_ENTRIES)) {
    if (item === undefined || typeof item === 'function') continue;
    const plain = name.toLowerCase().replaceAll(/[-_]/g, '');
    const isHidden = secretName.test(plain) && typeof item !== 'boolean' && item !== null;
    fields[name] = isHidden ? redacted : convert(item, depth, above);
  }
  return fields;
}

/** The frames alone: the first lines repeat the message. */
function stackFrames(error: Error): string {
  const lines = String(error.stack ?? '').split('\n');
  return lines
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
    .join('\n');
}
