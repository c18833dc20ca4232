/**
 * Gives a restic repository in a folder a key file whose password is quick to try. restic makes it so that one try takes half a
 * second of a processor, which is most of what a hundred runs on a small repository cost. Password and content stay the same.
 */
import { createCipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** As restic writes it: https://restic.readthedocs.io/en/stable/100_references.html#keys-encryption-and-mac */
interface KeyFile {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly data: string;
}

export function quickenKey(repository: string, password: string): void {
  const folder = join(repository, 'keys');
  const [name, ...more] = readdirSync(folder);
  if (name === undefined || more.length > 0) throw new Error('a repository that was just made has one key');
  const file = JSON.parse(readFileSync(join(folder, name), 'utf8')) as KeyFile;
  const sealed = Buffer.from(file.data, 'base64');
  const iv = sealed.subarray(0, 16);
  const plain = applied(keysOf(password, file), iv, sealed.subarray(16, -16));

  const quick = { ...file, N: 2, r: 8, p: 1, salt: randomBytes(64).toString('base64') };
  const keys = keysOf(password, quick);
  const nonce = randomBytes(16);
  const text = applied(keys, nonce, plain);
  const data = Buffer.concat([nonce, text, macOf(keys, nonce, text)]).toString('base64');
  const content = JSON.stringify({ ...quick, data });
  rmSync(join(folder, name));
  writeFileSync(join(folder, createHash('sha256').update(content).digest('hex')), content, { mode: 0o400 });
}

interface Keys {
  readonly encrypt: Buffer;
  readonly macK: Buffer;
  readonly macR: Buffer;
}

function keysOf(password: string, { N, r, p, salt }: Omit<KeyFile, 'data'>): Keys {
  const bytes = scryptSync(password, Buffer.from(salt, 'base64'), 64, { N, r, p, maxmem: 1 << 30 });
  return { encrypt: bytes.subarray(0, 32), macK: bytes.subarray(32, 48), macR: bytes.subarray(48) };
}

/** AES-256 in counter mode: the same there and back. */
const applied = ({ encrypt }: Keys, iv: Buffer, bytes: Buffer): Buffer =>
  createCipheriv('aes-256-ctr', encrypt, iv).update(bytes);

/** Poly1305-AES. */
function macOf({ macK, macR }: Keys, nonce: Buffer, bytes: Buffer): Buffer {
  const numberOf = (some: Buffer) => BigInt(`0x${Buffer.from(some).reverse().toString('hex') || '0'}`);
  const r = numberOf(macR) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  const s = numberOf(createCipheriv('aes-128-ecb', macK, null).update(nonce));
  let sum = 0n;
  for (let at = 0; at < bytes.length; at += 16) {
    const part = bytes.subarray(at, at + 16);
    sum = ((sum + numberOf(part) + (1n << BigInt(8 * part.length))) * r) % ((1n << 130n) - 5n);
  }
  const tag = (sum + s) & ((1n << 128n) - 1n);
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse();
}
