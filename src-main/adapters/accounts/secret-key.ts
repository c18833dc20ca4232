/**
 * The server's one secret key, from which all others come (HKDF with SHA-256, RFC 5869), each for one purpose. It is what
 * the configuration says, or 256 random bits in the data folder: `secret.key`, mode 0600, written once and on the disk
 * before it is used. Whoever has it can sign access tokens and open second factors: a backup that holds it is a secret.
 */
import { hkdfSync, randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';
import type { Secret } from '../../control-plane/interfaces/secret.ts';

/** 32 bytes for a purpose, as `access-token`. The same purpose gives the same bytes as long as the key is the same. */
export type DeriveKey = (purpose: string) => Uint8Array;

const keyBytes = 32;
const fileName = 'secret.key';

/** Throws store.unwritable. */
export async function openSecretKey(configured: Secret | null, dataFolder: string): Promise<DeriveKey> {
  const key = configured === null ? await keyOfFolder(dataFolder) : Buffer.from(configured.reveal());
  return (purpose) => new Uint8Array(hkdfSync('sha256', key, '', `berth/${purpose}`, keyBytes));
}

async function keyOfFolder(folder: string): Promise<Buffer> {
  const path = join(folder, fileName);
  try {
    return (await readKey(path)) ?? (await makeKey(folder, path));
  } catch (cause) {
    if (BerthError.is(cause)) throw cause;
    throw new BerthError(
      'store.unwritable',
      `The server’s secret key, ${path}, cannot be read or written. Check the permissions of the data folder.`,
      { cause },
    );
  }
}

async function readKey(path: string): Promise<Buffer | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const key = Buffer.from(text.trim(), 'base64url');
  if (key.length !== keyBytes)
    throw new BerthError(
      'store.unwritable',
      `The server’s secret key, ${path}, is damaged. Put it back from a backup, or remove it: then everybody sets up their second factor again.`,
    );
  if (process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600);
  return key;
}

async function makeKey(folder: string, path: string): Promise<Buffer> {
  const key = randomBytes(keyBytes);
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(`${key.toString('base64url')}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  // One Berth at a time has the folder: nobody else made one meanwhile.
  await rename(temporary, path);
  if (process.platform !== 'win32') {
    const entry = await open(folder, 'r');
    try {
      await entry.sync();
    } finally {
      await entry.close();
    }
  }
  return key;
}
