/** Reads a request's body as a JSON object, and stops at a limit without having kept what lies beyond it. */
import type { HonoRequest } from 'hono';
import { BerthError } from '#contract/berth-error.ts';
import { parseJson } from './rest/json-text.ts';
import { HttpRefusal } from './rest/problem.ts';

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
): Promise<Record<string, unknown>> {
  return jsonObjectOf(await readBytes(request, maxBytes), request);
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
export async function readBytes(request: HonoRequest, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.raw.body?.getReader();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = { code: 'timed-out', message: 'The body did not come in time. Send it again.' } as const;
    timer = setTimeout(() => reject(new HttpRefusal(408, error, { Connection: 'close' })), bodyTimeoutMs);
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
