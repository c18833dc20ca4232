/**
 * The files of TLS, looked at before anything listens: they are there, they belong together, the certificate is of today,
 * and nobody else on this computer can read the key. The server reads them again when it starts.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Settings } from './settings.ts';
import type { VariableName } from './variables.ts';

const dayMs = 24 * 3600 * 1000;
/** Certificates of 90 days are renewed 30 days before their end: whoever has fewer left has a renewal that does not work. */
const soonDays = 21;

export interface TlsFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Undefined where it could not be read, which is then a finding. */
  readonly certificate: X509Certificate | undefined;
}

/** Null: not asked for. */
export function readTlsFiles(settings: Settings, now: Date): TlsFiles | null {
  const certificateFile = settings.read('TLS_CERT', (text) => resolve(text), null);
  const keyFile = settings.read('TLS_KEY', (text) => resolve(text), null);
  if (certificateFile === null && keyFile === null) return null;
  if (certificateFile === null || keyFile === null) {
    const [given, missing] =
      keyFile === null ? (['TLS_CERT', 'TLS_KEY'] as const) : (['TLS_KEY', 'TLS_CERT'] as const);
    settings.wrong(given, `is given without ${missing}: TLS needs both`);
    return null;
  }
  const certificate = readCertificate(settings, certificateFile, now);
  checkKey(settings, keyFile, certificate);
  return { certificateFile, keyFile, certificate };
}

function readText(settings: Settings, name: VariableName, path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    settings.wrong(
      name,
      `names a file that cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
    );
    return undefined;
  }
}

function readCertificate(settings: Settings, path: string, now: Date): X509Certificate | undefined {
  const text = readText(settings, 'TLS_CERT', path);
  if (text === undefined) return undefined;
  try {
    // The first of the file is the server's own (RFC 8446 section 4.4.2); the rest is its chain.
    const certificate = new X509Certificate(text);
    const { validFromDate, validToDate } = certificate;
    const daysLeft = Math.floor((validToDate.getTime() - now.getTime()) / dayMs);
    if (validToDate <= now)
      settings.wrong('TLS_CERT', `ended on ${validToDate.toISOString()}: browsers refuse it. Renew it`);
    else if (validFromDate > now)
      settings.wrong(
        'TLS_CERT',
        `begins on ${validFromDate.toISOString()} only. Check this computer's clock`,
      );
    else if (daysLeft < soonDays)
      settings.findings.warn(
        `TLS_CERT: the certificate ends in ${daysLeft} days, on ${validToDate.toISOString()}. Renew it.`,
      );
    return certificate;
  } catch {
    settings.wrong('TLS_CERT', 'is no certificate in PEM form (-----BEGIN CERTIFICATE-----)');
    return undefined;
  }
}

function checkKey(settings: Settings, path: string, certificate: X509Certificate | undefined): void {
  const text = readText(settings, 'TLS_KEY', path);
  if (text === undefined) return;
  if (process.platform !== 'win32') {
    const { mode } = statSync(path);
    if ((mode & 0o006) !== 0)
      settings.wrong(
        'TLS_KEY',
        'can be read or written by every user of this computer. Shut it: chmod 600 FILE',
      );
  }
  if (/-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    settings.wrong(
      'TLS_KEY',
      'is locked with a passphrase, which nobody could type at a start. Take it off: openssl pkey -in FILE -out NEW',
    );
    return;
  }
  try {
    const key = createPrivateKey(text);
    if (certificate?.checkPrivateKey(key) === false)
      settings.wrong('TLS_KEY', 'is not the key of the certificate in TLS_CERT');
  } catch {
    settings.wrong('TLS_KEY', 'is no private key in PEM form (-----BEGIN PRIVATE KEY-----)');
  }
}
