/**
 * SSH keys as people have them, made by ssh-keygen(1): types, sizes, passphrases, formats, certificates. For tests only:
 * a passphrase goes through argv here, which the product must never do.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChecked } from './run-process.ts';

export type SshKeyType = 'ed25519' | 'rsa' | 'ecdsa';

export interface SshKeyOptions {
  readonly type: SshKeyType;
  /** rsa: default 3072. ecdsa: 256, 384 or 521; default 256. */
  readonly bits?: number;
  readonly passphrase?: string;
  /** `openssh` (default) or `pem`: the older PKCS#1/SEC1 form (`ssh-keygen -m PEM`); ed25519 has only the first. */
  readonly format?: 'openssh' | 'pem';
  readonly comment?: string;
}

export interface SshKey {
  readonly path: string;
  /** `type base64`, without the comment. */
  readonly publicLine: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
}

/** Makes PATH (0600) and PATH.pub; neither may exist. */
export async function generateKey(path: string, options: SshKeyOptions): Promise<SshKey> {
  const { type, bits, passphrase = '', format = 'openssh', comment = 'berth-test' } = options;
  const bitsArgs = bits === undefined ? [] : ['-b', String(bits)];
  const formatArgs = format === 'pem' ? ['-m', 'PEM'] : [];
  await runChecked([
    'ssh-keygen',
    '-q',
    '-t',
    type,
    ...bitsArgs,
    ...formatArgs,
    '-N',
    passphrase,
    '-C',
    comment,
    '-f',
    path,
  ]);
  const publicLine = publicLineOf(await readFile(`${path}.pub`, 'utf8'));
  return { path, publicLine, fingerprint: fingerprintOf(publicLine) };
}

/** The first two fields of a public key line. */
export function publicLineOf(line: string): string {
  return line.trim().split(/\s+/).slice(0, 2).join(' ');
}

/** As `ssh-keygen -l` prints it: base64 of the blob's SHA-256, without padding. */
export function fingerprintOf(publicLine: string): string {
  const blob = Buffer.from(publicLine.trim().split(/\s+/)[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

export interface CertificateOptions {
  /** The authority's private key. */
  readonly authorityPath: string;
  /** The public key to sign, as a line. */
  readonly publicKey: string;
  /** Names that the certificate is for (host names, addresses, or user names). */
  readonly principals: readonly string[];
  readonly kind: 'host' | 'user';
  /** As ssh-keygen -V takes it; default one day around now. */
  readonly validity?: string;
}

/** Resolves with the certificate's line. */
export async function signKey(options: CertificateOptions): Promise<string> {
  const { authorityPath, publicKey, principals, kind, validity = '-1d:+1d' } = options;
  const folder = await mkdtemp(join(tmpdir(), 'berth-sign-'));
  try {
    const path = join(folder, 'key');
    await writeFile(`${path}.pub`, `${publicKey}\n`);
    const kindArgs = kind === 'host' ? ['-h'] : [];
    const what = ['-I', 'berth-test', ...kindArgs, '-n', principals.join(','), '-V', validity];
    await runChecked(['ssh-keygen', '-q', '-s', authorityPath, ...what, `${path}.pub`]);
    return (await readFile(`${path}-cert.pub`, 'utf8')).trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
