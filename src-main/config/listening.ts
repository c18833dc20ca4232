/**
 * Where Berth listens and under which name. Refuses every way in which a sign-in would travel over a network unencrypted:
 * plain HTTP is for loopback, or for the last step from a proxy with TLS.
 */
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { readAppsOrigin } from './apps-origin.ts';
import { WrongValue } from './config-error.ts';
import type { Settings } from './settings.ts';
import { readTlsFiles } from './tls-files.ts';
import { integerWithin, isLoopback, listOf, parseAddressBlock, parseHostName } from './values.ts';

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** An origin; http only with a loopback name. */
  readonly publicOrigin: string | null;
  readonly tls: { readonly certificateFile: string; readonly keyFile: string } | null;
  readonly trustedProxies: readonly string[];
  readonly corsOrigins: readonly string[];
  /** `https://*.apps.example.org`. */
  readonly appsOrigin: string | null;
}

const defaultPort = 7474;

export function readListening(settings: Settings, now: Date): Listening {
  const host = settings.read('HOST', parseHostName, '127.0.0.1');
  const port = settings.read('PORT', integerWithin(0, 65_535, ' (0: any free one)'), defaultPort);
  const publicOrigin = settings.read('PUBLIC_URL', parsePublicUrl, null);
  const trustedProxies = settings.read('TRUSTED_PROXIES', listOf(parseAddressBlock), []);
  const corsOrigins = settings.read('CORS_ORIGINS', listOf(parseCorsOrigin), []);
  const tls = readTlsFiles(settings, now);
  const isTls = tls !== null;
  const isOpen = !isLoopback(host);
  const appsOrigin = readAppsOrigin(settings, { publicOrigin, certificate: tls?.certificate });
  // A value that is wrong has been told; what follows from its absence would only confuse.
  const isSaid = settings.said('PUBLIC_URL') !== undefined;

  if (isTls && publicOrigin === null && !isSaid) {
    const name = firstNameOf(tls.certificate?.subjectAltName);
    settings.wrong(
      'TLS_CERT',
      `needs PUBLIC_URL beside it, the address in the browser${name === undefined ? '' : `, as PUBLIC_URL=https://${name}${port === 443 ? '' : `:${port}`}`}`,
    );
  }
  if (isTls && publicOrigin?.startsWith('http:') === true)
    settings.wrong('PUBLIC_URL', 'begins with http, and TLS_CERT makes it https');
  if (isTls && publicOrigin !== null && tls.certificate !== undefined) {
    const { hostname } = new URL(publicOrigin);
    if (!isFor(tls.certificate, hostname))
      settings.findings.warn(
        'TLS_CERT: the certificate is not made for the name in PUBLIC_URL. Right only where a proxy with one that is stands in front.',
      );
  }
  if (isOpen && !isTls) {
    if (publicOrigin === null && !isSaid)
      settings.wrong(
        'HOST',
        'is not loopback, so the sign-in would go over the network unencrypted. Give TLS_CERT and TLS_KEY; or put a proxy with TLS in front and say PUBLIC_URL=https://its.name; or leave HOST out',
      );
    else if (publicOrigin?.startsWith('http:') === true)
      settings.findings.warn(
        `Berth listens beyond loopback without TLS, and answers only to loopback names (${publicOrigin}). That is for a container whose port is published on loopback: -p 127.0.0.1:${new URL(publicOrigin).port || 80}:${port}`,
      );
  }
  if (
    !isTls &&
    publicOrigin?.startsWith('https:') === true &&
    trustedProxies.length === 0 &&
    settings.said('TRUSTED_PROXIES') === undefined
  )
    settings.findings.warn(
      'TRUSTED_PROXIES is not given: all requests through the proxy count as one client, also for limits on wrong sign-ins. Name the proxy’s address, as TRUSTED_PROXIES=127.0.0.1',
    );
  return {
    host,
    port,
    publicOrigin,
    tls: tls && { certificateFile: tls.certificateFile, keyFile: tls.keyFile },
    trustedProxies,
    corsOrigins,
    appsOrigin,
  };
}

/** @throws WrongValue */
function parsePublicUrl(text: string): string {
  const url = URL.parse(text);
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === null || !isHttp || url.origin !== text.replace(/\/$/, '').toLowerCase())
    throw new WrongValue('must look like https://berth.example.org or https://name:8443, without a path');
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw new WrongValue(
      'must begin with https: over http everybody on the way reads the sign-in. http is for loopback names alone, as http://localhost:7474',
    );
  return url.origin;
}

/** @throws WrongValue */
function parseCorsOrigin(text: string): string {
  if (text === '*' || text.includes('*'))
    throw new WrongValue('must name each site: * would let every page on the web call Berth');
  const url = URL.parse(text);
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === null || !isHttp || url.origin !== text.replace(/\/$/, '').toLowerCase())
    throw new WrongValue(
      'must be origins such as https://dashboard.example.org, without a path, separated by commas',
    );
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw new WrongValue(
      'must begin with https, loopback names aside: a page that came over http can have been changed on the way, and it holds a token',
    );
  return url.origin;
}

/** `DNS:berth.example.org, IP Address:…`: the first name that a browser could be given. */
function firstNameOf(subjectAltName: string | undefined): string | undefined {
  return /DNS:([A-Za-z0-9.-]+)/.exec(subjectAltName ?? '')?.[1];
}

function isFor(certificate: X509Certificate, hostname: string): boolean {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return (isIP(bare) === 0 ? certificate.checkHost(bare) : certificate.checkIP(bare)) !== undefined;
}
