/** All that a served Berth is told beyond where its data is, from its settings. Each wrong value is a finding. */
import type { Quota } from '#contract/users.ts';
import type { ServedConfig } from '../config.ts';
import type { Secret } from '../control-plane/interfaces/secret.ts';
import { WrongValue } from './config-error.ts';
import { readDatabaseUrl } from './database-url.ts';
import type { Listening } from './listening.ts';
import { readOidc } from './oidc.ts';
import { assertStrong } from './secret-strength.ts';
import type { Settings } from './settings.ts';
import { readSmtp } from './smtp.ts';
import { decimalWithin, integerWithin, oneOf, parseDuration, parseSize } from './values.ts';

/** A hundred calls a second is more than any window or script of ours makes. */
export const defaultCallsPerMinute = 6_000;

const secretKeyLength = 32;
const deleteKeyLength = 16;

/** What a command needs to work at the same records as `berth serve`. */
export function readStored(settings: Settings): Pick<ServedConfig, 'databaseUrl' | 'secretKey'> {
  return {
    databaseUrl: readDatabaseUrl(settings),
    secretKey: readKey(settings, 'SECRET_KEY', secretKeyLength),
  };
}

export function readServed(settings: Settings, listening: Listening): ServedConfig {
  const smtp = readSmtp(settings);
  const oidc = readOidc(settings);
  const registration = settings.read('REGISTRATION', oneOf('open', 'invited'), 'invited');
  if (
    registration === 'open' &&
    smtp === null &&
    settings.said('SMTP_HOST') === undefined &&
    settings.said('SMTP_URL') === undefined
  )
    settings.findings.warn(
      'REGISTRATION is open and no mail server is set (SMTP_HOST): nobody can confirm an address.',
    );
  return {
    ...readStored(settings),
    appsOrigin: listening.appsOrigin,
    corsOrigins: listening.corsOrigins,
    smtp,
    oidc,
    registration,
    deleteKey: readKey(settings, 'DELETE_KEY', deleteKeyLength),
    idleTimeoutMs: settings.read('IDLE_TIMEOUT', parseDuration, null),
    callsPerMinute: settings.read('RATE_LIMIT', integerWithin(0, 10_000_000), defaultCallsPerMinute),
    tls: listening.tls,
    trustedProxies: listening.trustedProxies,
    firstWorkspace: readFirstWorkspace(settings),
    defaultQuota: readQuota(settings),
  };
}

function readKey(settings: Settings, name: 'SECRET_KEY' | 'DELETE_KEY', minLength: number): Secret | null {
  return settings.readSecret(name, (text) => assertStrong(text, minLength));
}

function readFirstWorkspace(settings: Settings): ServedConfig['firstWorkspace'] {
  const image = settings.read('FIRST_IMAGE', parseImage, null);
  const hostName = settings.read('FIRST_HOST', parseDisplayName, null);
  if (hostName !== null && settings.said('FIRST_IMAGE') === undefined)
    settings.wrong('FIRST_HOST', 'is given without FIRST_IMAGE: there is nothing to make there');
  return image === null ? null : { image, hostName };
}

function readQuota(settings: Settings): Quota {
  return {
    workspaces: settings.read('QUOTA_WORKSPACES', integerWithin(0, 10_000), null),
    cpus: settings.read('QUOTA_CPUS', decimalWithin(0, 10_000), null),
    memoryBytes: settings.read('QUOTA_MEMORY', parseSize, null),
    diskBytes: settings.read('QUOTA_DISK', parseSize, null),
    snapshots: settings.read('QUOTA_SNAPSHOTS', integerWithin(0, 1_000_000), null),
  };
}

/** Its characters; whether there is such an image only the engine can say. @throws WrongValue */
function parseImage(text: string): string {
  if (!/^[a-z0-9][a-z0-9._/:@-]{0,511}$/i.test(text))
    throw new WrongValue('must be the name of an image, as debian:13 or ghcr.io/example/image:tag');
  return text;
}

/** @throws WrongValue */
function parseDisplayName(text: string): string {
  if (text.trim() !== text || text.length > 100)
    throw new WrongValue('must be the name of a host as Berth shows it');
  return text;
}
