/**
 * Reads a request's body as a JSON object or a form, and stops at a limit of bytes or time without having kept what lies
 * beyond it. What comes too slowly holds a connection, so that is a limit as well.
 */
import type { HonoRequest } from 'hono';
import { BerthError } from '#contract/berth-error.ts';
import { parseJson } from './rest/json-text.ts';
import { HttpRefusal } from './rest/problem.ts';

const formType = 'application/x-www-form-urlencoded';
const jsonTypes = ['application/json'] as const;
/** RFC 7396: what is left out stays, which is what each PATCH of the contract means. */
const patchTypes = ['application/json', 'application/merge-patch+json'] as const;

/**
 * An empty body is an empty object. The type is asked for because a form or plain text, which any page may send, has
 * another. @throws HttpRefusal 413, 415; BerthError invalid-input
 */
export async function readJsonObject(
  request: HonoRequest,
  maxBytes: number,
  timeoutMs?: number,
): Promise<Record<string, unknown>> {
  return jsonObjectOf(await readBytes(request, maxBytes, timeoutMs), request);
}

/** The fields of a form, or of a JSON object where that is sent. @throws as readJsonObject and readForm */
export async function readFields(
  request: HonoRequest,
  maxBytes: number,
  timeoutMs?: number,
): Promise<Record<string, unknown>> {
  const isForm = typeOf(request) === formType;
  return isForm ? readForm(request, maxBytes, timeoutMs) : readJsonObject(request, maxBytes, timeoutMs);
}

/** @throws HttpRefusal 413, 415; BerthError invalid-input for a field that is there twice */
export async function readForm(
  request: HonoRequest,
  maxBytes: number,
  timeoutMs?: number,
): Promise<Record<string, string>> {
  const bytes = await readBytes(request, maxBytes, timeoutMs);
  if (bytes.byteLength > 0 && typeOf(request) !== formType)
    throw new HttpRefusal(
      415,
      { code: 'invalid-input', message: `The body must be a form, sent as ${formType}.` },
      { Accept: formType },
    );
  const fields: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(decode(bytes))) {
    if (Object.hasOwn(fields, name))
      throw new BerthError('invalid-input', 'A field is given twice.', {
        details: { fields: [`${name.slice(0, 80)}: must be given once`] },
      });
    fields[name] = value;
  }
  return fields;
}

function typeOf(request: HonoRequest): string | undefined {
  return request.header('content-type')?.split(';')[0]?.trim().toLowerCase();
}

export function jsonObjectOf(bytes: Uint8Array, request: HonoRequest): Record<string, unknown> {
  if (bytes.byteLength === 0) return {};
  checkType(request);
  const value = parseJson(decode(bytes));
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BerthError('invalid-input', 'The body must be a JSON object.');
  return value as Record<string, unknown>;
}

/** Milliseconds for a body that is kept in memory as it comes: a slow sender must not hold it for long. */
const bodyTimeoutMs = 30_000;

/** @throws HttpRefusal 408, 413 */
export async function readBytes(
  request: HonoRequest,
  maxBytes: number,
  timeoutMs = bodyTimeoutMs,
): Promise<Uint8Array> {
  if (Number(request.header('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.raw.body?.getReader();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = { code: 'timed-out', message: 'The body did not come in time. Send it again.' } as const;
    timer = setTimeout(() => reject(new HttpRefusal(408, error)), timeoutMs);
  });
  try {
    while (reader !== undefined) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) break;
      length += value.byteLength;
      if (length > maxBytes) throw tooLarge(maxBytes);
      chunks.push(value);
    }
  } finally {
    clearTimeout(timer);
    void reader?.cancel().catch(() => undefined);
  }
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): HttpRefusal {
  return new HttpRefusal(413, {
    code: 'invalid-input',
    message: `The body must have at most ${maxBytes.toLocaleString('en')} bytes.`,
  });
}

function checkType(request: HonoRequest): void {
  const allowed: readonly string[] = request.method === 'PATCH' ? patchTypes : jsonTypes;
  const [type = '', ...parameters] = (request.header('content-type') ?? '').split(';');
  const charset = parameters.map((one) => one.trim().toLowerCase()).find((one) => one.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-8"?$/.test(charset);
  const encoding = request.header('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (allowed.includes(type.trim().toLowerCase()) && isUtf8 && encoding === 'identity') return;
  // RFC 9110 §15.5.16: what would be accepted may be said in the header of this name.
  throw new HttpRefusal(
    415,
    { code: 'invalid-input', message: 'The body must be sent as application/json in UTF-8, not compressed.' },
    { Accept: allowed.join(', '), 'Accept-Encoding': 'identity' },
  );
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new BerthError('invalid-input', 'The body is no UTF-8.');
  }
}
