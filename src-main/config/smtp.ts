/** How e-mail leaves: from `SMTP_URL`, or from its parts. Mails hold links that open accounts, so they are encrypted. */
import type { SmtpConfig } from '../config.ts';
import { Secret } from '../control-plane/interfaces/secret.ts';
import { WrongValue } from './config-error.ts';
import type { Settings } from './settings.ts';
import { integerWithin, isLoopback, oneOf, parseHostName } from './values.ts';

type Security = SmtpConfig['security'];
const securities = ['tls', 'starttls', 'none'] as const;
const usualPorts: Readonly<Record<Security, number>> = { tls: 465, starttls: 587, none: 25 };
const parts = ['SMTP_HOST', 'SMTP_PORT', 'SMTP_USER', 'SMTP_PASSWORD'] as const;

interface Server {
  readonly host: string;
  readonly port: number | null;
  readonly user: string | null;
  readonly password: Secret | null;
  readonly isTls: boolean;
}

/** Null: no e-mail, or what was said is wrong and told. */
export function readSmtp(settings: Settings): SmtpConfig | null {
  const said = settings.read('SMTP_SECURITY', oneOf(...securities), null);
  const from = settings.read('SMTP_FROM', parseSender, null);
  const server = readServer(settings);
  if (server === null) return null;
  const { host, user, password } = server;
  if (server.isTls && said !== null && said !== 'tls')
    settings.wrong(
      'SMTP_SECURITY',
      'contradicts SMTP_URL, which begins with smtps: leave it out, or begin with smtp:',
    );
  const security = said ?? usualSecurity(server);
  const port = server.port ?? usualPorts[security];
  if (security === 'none' && !isLoopback(host)) {
    if (password !== null)
      settings.wrong(
        'SMTP_SECURITY',
        'is none, so the password would go over the network unencrypted. Say starttls or tls',
      );
    else
      settings.findings.warn(
        'SMTP_SECURITY is none: mails, which hold links that open accounts, go over the network unencrypted. Right only in a network of your own.',
      );
  }
  if ((user === null) !== (password === null)) {
    const [given, missing] = user === null ? ['SMTP_PASSWORD', 'SMTP_USER'] : ['SMTP_USER', 'SMTP_PASSWORD'];
    settings.wrong(given, `is given without ${missing}: signing in at the mail server needs both`);
  }
  const sender = from ?? (user !== null && isAddress(user) ? user : null);
  if (sender === null) {
    if (settings.said('SMTP_FROM') === undefined)
      settings.wrong('SMTP_FROM', 'is missing: every mail has a sender');
    return null;
  }
  return { host, port, security, user, password, from: sender };
}

function usualSecurity({ isTls, port, host }: Server): Security {
  if (isTls || port === 465) return 'tls';
  return isLoopback(host) ? 'none' : 'starttls';
}

function readServer(settings: Settings): Server | null {
  const url = settings.read('SMTP_URL', parseSmtpUrl, null);
  const given = parts.filter((name) => settings.said(name) !== undefined);
  if (settings.said('SMTP_URL') !== undefined) {
    const [first] = given;
    if (first !== undefined)
      settings.wrong(first, 'is given beside SMTP_URL, which says it too. Keep one of them');
    return url;
  }
  const host = settings.read('SMTP_HOST', parseHostName, null);
  const port = settings.read('SMTP_PORT', integerWithin(1, 65_535), null);
  const user = settings.read('SMTP_USER', (text) => text, null);
  const password = settings.readSecret('SMTP_PASSWORD');
  if (host !== null) return { host, port, user, password, isTls: false };
  const [first] = [...given, 'SMTP_SECURITY', 'SMTP_FROM'].filter(
    (name) => settings.said(name) !== undefined,
  );
  if (first !== undefined && settings.said('SMTP_HOST') === undefined)
    settings.wrong(first, 'is given without SMTP_HOST (or SMTP_URL): there is no mail server to use it with');
  return null;
}

/** @throws WrongValue */
function parseSmtpUrl(text: string): Server {
  const url = URL.parse(text);
  const isKnown = url?.protocol === 'smtp:' || url?.protocol === 'smtps:';
  if (
    url === null ||
    !isKnown ||
    url.hostname === '' ||
    !/^\/?$/.test(url.pathname) ||
    url.search !== '' ||
    url.hash !== ''
  )
    throw new WrongValue(
      'must look like smtps://USER:PASSWORD@smtp.example.org:465, with what is no letter or digit percent-encoded (@ is %40)',
    );
  const password = decoded(url.password);
  return {
    host: parseHostName(url.hostname),
    port: url.port === '' ? null : Number(url.port),
    user: decoded(url.username) || null,
    password: password === '' ? null : new Secret(password),
    isTls: url.protocol === 'smtps:',
  };
}

/** @throws WrongValue */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new WrongValue('has a % that is not percent-encoding; as itself it is %25');
  }
}

function isAddress(text: string): boolean {
  return /^[^\s@<>",;:]+@[^\s@<>",;:]+$/.test(text) && text.length <= 254;
}

/** `berth@example.org` or `Berth <berth@example.org>`. @throws WrongValue */
function parseSender(text: string): string {
  const [, address = text] = /^[^<>]{0,100}<([^<>]+)>$/.exec(text) ?? [];
  if (!isAddress(address)) throw new WrongValue('must be an address, alone or as Berth <berth@example.org>');
  return text;
}
