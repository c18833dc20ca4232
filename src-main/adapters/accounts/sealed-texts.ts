/**
 * Seals texts with AES-256-GCM (NIST SP 800-38D): a fresh 96-bit nonce each time, the whole 128-bit tag, and the place as
 * additional data. One line: version, nonce, tag and data in base64url.
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import type { Sealer } from '../../control-plane/interfaces/sealer.ts';
import { Secret } from '../../control-plane/interfaces/secret.ts';

const cipherName = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
const version = 'v1';

/** `keyBytes`: 32 of them. */
export function createSealer(keyBytes: Uint8Array): Sealer {
  const key = createSecretKey(keyBytes);
  return {
    seal(plain, context) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(cipherName, key, nonce, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(context));
      const data = Buffer.concat([cipher.update(plain.reveal(), 'utf8'), cipher.final()]);
      return [version, ...[nonce, cipher.getAuthTag(), data].map((part) => part.toString('base64url'))].join(
        '.',
      );
    },

    open(sealed, context) {
      const [kind, ...parts] = sealed.split('.');
      const [nonce, tag, data] = parts.map((part) => Buffer.from(part, 'base64url'));
      if (kind !== version || nonce?.length !== nonceBytes || tag?.length !== tagBytes || data === undefined)
        return undefined;
      const decipher = createDecipheriv(cipherName, key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(tag);
      try {
        return new Secret(Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8'));
      } catch {
        return undefined;
      }
    },
  };
}
