/**
 * The vault's passphrase where nobody is there to type one: made of the key that a served Berth is started with, by
 * HKDF-SHA-256 (RFC 5869), so that the vault's file tells nothing of the key's other uses, nor they of it.
 */
import { hkdfSync } from 'node:crypto';
import { Secret } from '../../control-plane/interfaces/secret.ts';

/** As the server's other keys: `berth/` and what it is for. */
const purpose = 'berth/vault';
const lengthBytes = 32;

export function unattendedPassphrase(secretKey: Secret): Secret {
  const bytes = Buffer.from(hkdfSync('sha256', secretKey.reveal(), '', purpose, lengthBytes));
  return new Secret(bytes.toString('base64'));
}
