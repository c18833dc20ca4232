/**
 * Says what a private key is without using it: type, fingerprint of the public half, whether a passphrase protects it.
 * OpenSSH's format carries the public half in clear (PROTOCOL.key); an encrypted PEM or PuTTY 2 key may not, and then
 * the fingerprint is empty. The text is in no error.
 */
import { createHash } from 'node:crypto';
import ssh2 from 'ssh2';
import { BerthError } from '#contract/berth-error.ts';

export interface KeyDescription {
  /** As in authorized_keys, `ssh-ed25519`; empty where the file hides it. */
  readonly type: string;
  /** `SHA256:…` as ssh-keygen prints it; empty where the file hides it. */
  readonly fingerprint: string;
  readonly isEncrypted: boolean;
}

const openSshBegin = '-----BEGIN OPENSSH PRIVATE KEY-----';
const openSshEnd = '-----END OPENSSH PRIVATE KEY-----';
const magic = Buffer.from('openssh-key-v1\0');

/** Throws credential.unreadable-key, with what to do. */
export function describeKey(text: string): KeyDescription {
  const trimmed = text.trim();
  const openSsh = readOpenSsh(trimmed);
  if (openSsh?.isEncrypted) return openSsh;
  const parsed = ssh2.utils.parseKey(trimmed);
  if (!(parsed instanceof Error)) {
    if (!parsed.isPrivateKey())
      throw unreadable('This is a public key. Choose the private one, the file without .pub.');
    return {
      type: parsed.type,
      fingerprint: fingerprintOf(parsed.getPublicSSH()),
      isEncrypted: false,
    };
  }
  // A cut key in OpenSSH's format must not pass for an encrypted one: its clear part would have been read above.
  const isOpenSsh = trimmed.includes(openSshBegin);
  if (!isOpenSsh && /no passphrase given|encrypted/i.test(parsed.message))
    return { type: '', fingerprint: '', isEncrypted: true };
  if (openSsh && /^sk-/.test(openSsh.type))
    throw unreadable(
      'Keys on security tokens (sk-…) cannot be used from a file. Use the SSH agent for them.',
    );
  throw unreadable(
    'This is not a private key that Berth can read. OpenSSH, PEM and PuTTY keys of the types RSA, ECDSA and Ed25519 can be; was the whole file pasted, with its first and last line?',
    parsed.message,
  );
}

function fingerprintOf(publicKey: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '')}`;
}

/** The clear part of OpenSSH's own format; undefined for other formats and for what is cut or malformed. */
function readOpenSsh(text: string): KeyDescription | undefined {
  const start = text.indexOf(openSshBegin);
  const end = text.indexOf(openSshEnd);
  if (start < 0 || end < start) return undefined;
  const bytes = Buffer.from(text.slice(start + openSshBegin.length, end), 'base64');
  if (!bytes.subarray(0, magic.length).equals(magic)) return undefined;
  let at = magic.length;
  const next = (): Buffer => {
    const length = bytes.readUInt32BE(at);
    at += 4 + length;
    if (at > bytes.length) throw new RangeError('cut');
    return bytes.subarray(at - length, at);
  };
  try {
    const cipher = next().toString('latin1');
    next(); // The key derivation's name,
    next(); // and its options.
    if (bytes.readUInt32BE(at) !== 1) return undefined;
    at += 4;
    const publicKey = next();
    next(); // The private part must be there, whole.
    const type = publicKey.subarray(4, 4 + publicKey.readUInt32BE(0)).toString('latin1');
    return { type, fingerprint: fingerprintOf(publicKey), isEncrypted: cipher !== 'none' };
  } catch {
    return undefined;
  }
}

function unreadable(message: string, reason?: string): BerthError {
  return new BerthError('credential.unreadable-key', message, {
    details: { field: 'secret' },
    ...(reason === undefined ? {} : { cause: reason }),
  });
}
