/**
 * Reads private keys as people have them: OpenSSH's format, the older PEM (PKCS #1, SEC 1), PKCS #8, PuTTY's version 2;
 * each also encrypted. Guarantees: what cannot be used is named with its remedy, and neither key nor passphrase ever
 * appears in a message.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import ssh2, { type ParsedKey } from 'ssh2';
import { BerthError } from '#contract/berth-error.ts';
import type { Secret } from '../../control-plane/interfaces/secret.ts';
import { Reader, string, uint32 } from './agent.ts';
import { keyTypeOf } from './known-hosts.ts';

export interface PrivateKeyText {
  /** For messages and questions: a path or a credential's name. */
  readonly name: string;
  readonly isEncrypted: boolean;
  /** The public half, where the file shows it without the passphrase. */
  readonly publicBlob: Buffer | undefined;
  /**
   * The key itself; undefined: the passphrase is wrong, or one is needed.
   * @throws credential.unreadable-key
   */
  unlock(passphrase: Secret | undefined): ParsedKey | undefined;
}

/** Past this it is no key file. The longest RSA keys in use have 13 kB. */
export const MAX_KEY_FILE_BYTES = 64 * 1024;

/** @throws credential.unreadable-key when it is no private key, or of a kind that cannot be used */
export function readPrivateKey(text: string, name: string): PrivateKeyText {
  const normal = `${text.replaceAll('\r\n', '\n').trim()}\n`;
  const header = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(normal)?.[1];
  if (header === 'OPENSSH PRIVATE KEY') return openSshKey(normal, name);
  if (header === 'PRIVATE KEY' || header === 'ENCRYPTED PRIVATE KEY')
    return pkcs8Key(normal, name, header === 'ENCRYPTED PRIVATE KEY');
  if (header === 'RSA PRIVATE KEY' || header === 'EC PRIVATE KEY')
    return legacyKey(normal, name, /^Proc-Type: 4,ENCRYPTED/m.test(normal));
  if (header === 'DSA PRIVATE KEY')
    throw unreadable(
      name,
      'is a DSA key, which SSH servers no longer accept. Make a new one: ssh-keygen -t ed25519.',
    );
  if (/^PuTTY-User-Key-File-2:/.test(normal))
    return legacyKey(normal, name, !/^Encryption: none/m.test(normal));
  if (/^PuTTY-User-Key-File-/.test(normal))
    throw unreadable(
      name,
      'is in a PuTTY format that cannot be read here. Convert it: puttygen KEY.ppk -O private-openssh -o KEY.',
    );
  if (/^(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]+/.test(normal) || header === 'PUBLIC KEY')
    throw unreadable(name, 'is a public key. Choose the private one: the same name without .pub.');
  if (normal.trim() === '') throw unreadable(name, 'is empty.');
  throw unreadable(name, 'is not a private key that can be read. Make one with ssh-keygen -t ed25519.');
}

function openSshKey(text: string, name: string): PrivateKeyText {
  const base64 = text.replaceAll(/-----[A-Z ]+-----/g, '').replaceAll(/\s/g, '');
  const bytes = Buffer.from(base64, 'base64');
  const magic = 'openssh-key-v1\0';
  if (bytes.subarray(0, magic.length).toString('latin1') !== magic)
    throw unreadable(name, 'is damaged: its header is not that of a key. Copy it again, all lines of it.');
  const reader = new Reader(bytes.subarray(magic.length));
  const cipher = reader.string()?.toString('latin1');
  reader.string();
  reader.string();
  reader.uint32();
  const publicBlob = reader.string();
  const type = publicBlob && keyTypeOf(publicBlob);
  if (cipher === undefined || type === undefined)
    throw unreadable(name, 'is damaged: it ends too early. Copy it again, all lines of it.');
  if (type.startsWith('sk-'))
    throw unreadable(
      name,
      'belongs to a security key (FIDO), which cannot sign here. Use a key without a token for this host.',
    );
  if (type === 'ssh-dss')
    throw unreadable(
      name,
      'is a DSA key, which SSH servers no longer accept. Make a new one: ssh-keygen -t ed25519.',
    );
  const isEncrypted = cipher !== 'none';
  return {
    name,
    isEncrypted,
    publicBlob: Buffer.from(publicBlob as Buffer),
    unlock: parseWith(text, name, isEncrypted),
  };
}

function legacyKey(text: string, name: string, isEncrypted: boolean): PrivateKeyText {
  const unlock = parseWith(text, name, isEncrypted);
  return {
    name,
    isEncrypted,
    publicBlob: isEncrypted ? undefined : unlock(undefined)?.getPublicSSH(),
    unlock,
  };
}

function parseWith(text: string, name: string, isEncrypted: boolean) {
  return (passphrase: Secret | undefined): ParsedKey | undefined => {
    if (isEncrypted && passphrase === undefined) return undefined;
    const parsed = ssh2.utils.parseKey(text, isEncrypted ? passphrase?.reveal() : undefined);
    const key = Array.isArray(parsed) ? parsed[0] : parsed;
    if (key === undefined || key instanceof Error) {
      const message = key?.message ?? '';
      if (/Unsupported|unknown cipher/i.test(message))
        throw unreadable(
          name,
          'uses a cipher or format that cannot be read here. Rewrite it: ssh-keygen -p -f KEY.',
        );
      // With a passphrase every other failure is a wrong one: the bytes did not decrypt to a key.
      if (isEncrypted) return undefined;
      throw unreadable(name, 'is damaged. Copy it again, all lines of it.');
    }
    if (!key.isPrivateKey()) throw unreadable(name, 'holds no private half. Choose the file without .pub.');
    return key;
  };
}

/** PKCS #8 (RFC 5958), which ssh2 does not read: Node's crypto does, and gives it back in a form that ssh2 reads. */
function pkcs8Key(text: string, name: string, isEncrypted: boolean): PrivateKeyText {
  const unlock = (passphrase: Secret | undefined): ParsedKey | undefined => {
    if (isEncrypted && passphrase === undefined) return undefined;
    let key: KeyObject;
    try {
      key = createPrivateKey({ key: text, format: 'pem', passphrase: passphrase?.reveal() ?? '' });
    } catch {
      if (isEncrypted) return undefined;
      throw unreadable(name, 'is damaged. Copy it again, all lines of it.');
    }
    return parseWith(sshFormOf(key, name), name, false)(undefined);
  };
  return {
    name,
    isEncrypted,
    publicBlob: isEncrypted ? undefined : unlock(undefined)?.getPublicSSH(),
    unlock,
  };
}

/** PEM for the older types, OpenSSH’s own format for Ed25519, which has no other that ssh2 reads. */
export function sshFormOf(key: KeyObject, name: string): string {
  if (key.asymmetricKeyType === 'rsa') return key.export({ format: 'pem', type: 'pkcs1' }).toString();
  if (key.asymmetricKeyType === 'ec') return key.export({ format: 'pem', type: 'sec1' }).toString();
  if (key.asymmetricKeyType !== 'ed25519')
    throw unreadable(name, 'is of a type that SSH does not know. Make one with ssh-keygen -t ed25519.');
  const jwk = key.export({ format: 'jwk' });
  const seed = Buffer.from(String(jwk.d), 'base64url');
  const point = Buffer.from(String(jwk.x), 'base64url');
  const publicBlob = Buffer.concat([string('ssh-ed25519'), string(point)]);
  const check = Buffer.alloc(8);
  const secret = Buffer.concat([check, publicBlob, string(Buffer.concat([seed, point])), string('')]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (secret.length % 8)) % 8));
  const body = Buffer.concat([
    ...[Buffer.from('openssh-key-v1\0'), string('none'), string('none'), string(''), uint32(1)],
    ...[string(publicBlob), string(Buffer.concat([secret, padding]))],
  ]);
  const lines = body.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join(
    '\n',
  );
}

export function unreadable(name: string, why: string, cause?: unknown): BerthError {
  return new BerthError('credential.unreadable-key', `The key ${name} ${why}`, {
    details: { key: name },
    cause,
  });
}
