/**
 * Reads a request's body, and stops at a limit of bytes or time without having kept what lies beyond it. What comes too
 * slowly holds a connection, so that is a limit as well.
 */
import type { HonoRequest } from 'hono';
import { BerthError } from '#contract/berth-error.ts';

/** Milliseconds for a whole body of the API. The largest takes 15 s at 8 Mbit/s. */
export const bodyTimeoutMs = 60_000;
const formType = 'application/x-www-form-urlencoded';
const jsonType = 'application/json';

/**
 * An empty body is an empty object. The type is asked for because a form or plain text, which any page may send, has
 * another. @throws BerthError invalid-input, too-large, too-slow
 */
export async function readJsonObject(
  request: HonoRequest,
  maxBytes: number,
  timeoutMs = bodyTimeoutMs,
): Promise<Record<string, unknown>> {
  const bytes = await readBytes(request, maxBytes, timeoutMs);
  return bytes.byteLength === 0 ? {} : jsonObject(typeOf(request), bytes);
}

/**
 * The fields of a form, or of a JSON object where that is sent. @throws as readJsonObject, and invalid-input for a field
 * that is there twice
 */
export async function readFields(
  request: HonoRequest,
  maxBytes: number,
  timeoutMs = bodyTimeoutMs,
): Promise<Record<string, unknown>> {
  if (typeOf(request) !== formType) return readJsonObject(request, maxBytes, timeoutMs);
  return readForm(request, maxBytes, timeoutMs);
}

/** @throws BerthError invalid-input also for any other type than that of a form */
export async function readForm(
  request: HonoRequest,
  maxBytes: number,
  timeoutMs = bodyTimeoutMs,
): Promise<Record<string, string>> {
  const bytes = await readBytes(request, maxBytes, timeoutMs);
  if (typeOf(request) !== formType)
    throw new BerthError('invalid-input', `The body must be a form, sent as ${formType}.`);
  const fields: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(Buffer.from(bytes).toString('utf8'))) {
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

async function readBytes(request: HonoRequest, maxBytes: number, timeoutMs: number): Promise<Uint8Array> {
  if (Number(request.header('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const reader = request.raw.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const seconds = Math.ceil(timeoutMs / 1000);
    const error = new BerthError(
      'too-slow',
      `The body did not arrive within ${seconds} seconds. Send it again.`,
    );
    timer = setTimeout(() => reject(error), timeoutMs);
    timer.unref();
  });
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) return Buffer.concat(chunks);
      length += value.byteLength;
      if (length > maxBytes) throw tooLarge(maxBytes);
      chunks.push(value);
    }
  } finally {
    clearTimeout(timer);
    // What still comes is the listener's to throw away; nobody waits for it here.
    reader.releaseLock();
  }
}

function tooLarge(maxBytes: number): BerthError {
  return new BerthError('too-large', `The body must have at most ${maxBytes.toLocaleString('en')} bytes.`);
}

function jsonObject(type: string | undefined, bytes: Uint8Array): Record<string, unknown> {
  const value = parse(bytes);
  if (type !== jsonType || typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BerthError('invalid-input', 'The body must be a JSON object, sent as application/json.');
  return value as Record<string, unknown>;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
