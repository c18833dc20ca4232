/**
 * Identity providers: `OIDC_…` is the one, `OIDC_<ID>_…` are several. What a provider says decides who somebody is, so its
 * address is https (OpenID Connect Discovery 1.0, section 3) and its signatures are asymmetric.
 */
import type { OidcConfig } from '../config.ts';
import { WrongValue } from './config-error.ts';
import type { Settings } from './settings.ts';
import { isLoopback, listOf, parseBoolean } from './values.ts';
import { providerFields } from './variables.ts';

/** JSON Web Algorithms (RFC 7518) and EdDSA (RFC 8037, RFC 9864) that need the provider's private key. */
const asymmetric = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const usualAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];
/** What people can change themselves at many providers. */
const changeableClaims = ['email', 'preferred_username', 'name', 'nickname', 'upn'];

export function readOidc(settings: Settings): OidcConfig[] {
  const isOneGiven = providerFields.some((field) => settings.said(`OIDC_${field}`) !== undefined);
  const one = isOneGiven ? [readProvider(settings, 'oidc', 'OIDC_')] : [];
  const several = settings
    .providerKeys()
    .map((key) => readProvider(settings, key.toLowerCase().replaceAll('_', '-'), `OIDC_${key}_`));
  const found = [...one, ...several].filter((provider) => provider !== null);
  const issuers = new Set(found.map(({ issuer }) => issuer));
  if (issuers.size < found.length)
    settings.findings.error('Two identity providers have the same OIDC issuer. Keep one of them.');
  return found;
}

function readProvider(
  settings: Settings,
  id: string,
  prefix: 'OIDC_' | `OIDC_${string}_`,
): OidcConfig | null {
  const named = (field: string) => `${prefix}${field}` as `OIDC_${string}`;
  const issuer = settings.read(named('ISSUER'), parseIssuer, null);
  const clientId = settings.read(named('CLIENT_ID'), (text) => text, null);
  for (const field of ['ISSUER', 'CLIENT_ID'])
    if (settings.said(named(field)) === undefined)
      settings.wrong(named(field), 'is missing: a provider needs it');
  const clientSecret = settings.readSecret(named('CLIENT_SECRET'));
  const audiences = settings.read(
    named('AUDIENCE'),
    listOf((text) => text),
    [],
  );
  const algorithms = settings.read(named('ALGORITHMS'), listOf(parseAlgorithm), usualAlgorithms);
  const userClaim = settings.read(named('USER_CLAIM'), parseClaim, 'sub');
  const scopes = settings.read(named('SCOPES'), parseScopes, ['openid', 'profile', 'email']);
  const name = settings.read(named('NAME'), parseName, null);
  const makesUsers = settings.read(named('MAKE_USERS'), parseBoolean, false);
  if (changeableClaims.includes(userClaim))
    settings.findings.warn(
      `${named('USER_CLAIM')}: people may be able to change this claim at the provider and so become somebody else. sub is never given to another.`,
    );
  if (issuer === null || clientId === null) return null;
  return {
    id,
    name: name ?? new URL(issuer).hostname,
    issuer,
    clientId,
    clientSecret,
    audiences: audiences.length === 0 ? [clientId] : audiences,
    algorithms: algorithms.length === 0 ? usualAlgorithms : algorithms,
    userClaim,
    scopes,
    makesUsers,
  };
}

/** As it was written: the provider's tokens must say exactly that. @throws WrongValue */
function parseIssuer(text: string): string {
  const url = URL.parse(text);
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (
    url === null ||
    !isHttp ||
    url.search !== '' ||
    url.hash !== '' ||
    url.username !== '' ||
    url.password !== ''
  )
    throw new WrongValue('must be an address such as https://login.example.org/realms/berth');
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw new WrongValue('must begin with https: over http anybody on the way could say who somebody is');
  return text;
}

/** @throws WrongValue */
function parseAlgorithm(text: string): string {
  const found = asymmetric.find((name) => name.toLowerCase() === text.toLowerCase());
  if (found === undefined)
    throw new WrongValue(
      `must be some of ${asymmetric.join(', ')}; none and HS… are signatures that others can make`,
    );
  return found;
}

/** @throws WrongValue */
function parseClaim(text: string): string {
  if (!/^[A-Za-z0-9_.:/-]{1,128}$/.test(text)) throw new WrongValue('must be the name of a claim');
  return text;
}

/** RFC 6749 section 3.3. @throws WrongValue */
function parseScopes(text: string): string[] {
  const scopes = text.split(/[\s,]+/).filter((scope) => scope !== '');
  if (!scopes.includes('openid') || scopes.some((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(scope)))
    throw new WrongValue('must be scopes with spaces between them, and openid one of them');
  return scopes;
}

/** @throws WrongValue */
function parseName(text: string): string {
  if (text.length > 60) throw new WrongValue('must have at most 60 characters');
  return text;
}
