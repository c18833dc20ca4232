/** Reads a request's body as a JSON object, and stops at a limit without having kept what lies beyond it. */
import type { HonoRequest } from 'hono';
import { BerthError } from '#contract/berth-error.ts';

/**
 * An empty body is an empty object. The type is asked for because a form or plain text, which any page may send, has
 * another. @throws BerthError invalid-input
 */
export async function readJsonObject(
  request: HonoRequest,
  maxBytes: number,
): Promise<Record<string, unknown>> {
  const bytes = await readBytes(request.raw.body, maxBytes);
  if (bytes.byteLength === 0) return {};
  const type = request.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  const value = parse(bytes);
  if (type !== 'application/json' || typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BerthError('invalid-input', 'The body must be a JSON object, sent as application/json.');
  return value as Record<string, unknown>;
}

async function readBytes(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    if (length > maxBytes)
      throw new BerthError(
        'invalid-input',
        `The body must have at most ${maxBytes.toLocaleString('en')} bytes.`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
