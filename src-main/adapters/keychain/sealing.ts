/**
 * Seals and opens single values with AES-256-GCM (NIST SP 800-38D): a fresh 96-bit nonce each time, the whole 128-bit
 * tag, and additional data that tie the result to its place, so that one sealed value cannot be put in another's.
 * Keys are KeyObjects: they print as nothing.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const cipherName = 'aes-256-gcm';

const Base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
export const Sealed = z.object({ nonce: Base64.length(16), data: Base64, tag: Base64.length(24) });
export type Sealed = z.infer<typeof Sealed>;

export function keyFrom(bytes: Uint8Array): KeyObject {
  if (bytes.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
  return createSecretKey(bytes);
}

/** Names a key without telling anything of it. */
export function keyIdOf(key: KeyObject): string {
  return createHmac('sha256', key).update('berth master key id').digest('hex').slice(0, 32);
}

export function seal(
  key: KeyObject,
  { plain, context, nonce }: { plain: Uint8Array; context: string; nonce: Uint8Array },
): Sealed {
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce has ${NONCE_BYTES} bytes`);
  const cipher = createCipheriv(cipherName, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(context));
  const data = Buffer.concat([cipher.update(plain), cipher.final()]);
  return {
    nonce: Buffer.from(nonce).toString('base64'),
    data: data.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
  };
}

/** Undefined: another key, another place, or not what was sealed. */
export function unseal(key: KeyObject, sealed: Sealed, context: string): Buffer | undefined {
  const nonce = Buffer.from(sealed.nonce, 'base64');
  const decipher = createDecipheriv(cipherName, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'));
  const start = decipher.update(Buffer.from(sealed.data, 'base64'));
  try {
    return Buffer.concat([start, decipher.final()]);
  } catch {
    return undefined;
  }
}
