/** Where web apps of workspaces are in the browser: one name below a domain for each. */
import type { X509Certificate } from 'node:crypto';
import { WrongValue } from './config-error.ts';
import type { Settings } from './settings.ts';
import { isLoopback } from './values.ts';

export function readAppsOrigin(
  settings: Settings,
  {
    publicOrigin,
    certificate,
  }: { readonly publicOrigin: string | null; readonly certificate: X509Certificate | undefined },
): string | null {
  const appsOrigin = settings.read('APPS_ORIGIN', parseAppsOrigin, null);
  if (appsOrigin === null) return null;
  if (publicOrigin === null) {
    if (settings.said('PUBLIC_URL') === undefined)
      settings.wrong('APPS_ORIGIN', 'needs PUBLIC_URL beside it, the address of Berth itself in the browser');
    return null;
  }
  const base = new URL(appsOrigin.replace('*.', '')).hostname;
  const { hostname: own, protocol } = new URL(publicOrigin);
  if (own === base || own.endsWith(`.${base}`))
    settings.wrong(
      'APPS_ORIGIN',
      'covers the name in PUBLIC_URL, so that an app could be where Berth is. Take a domain of its own, as https://*.apps.example.org',
    );
  if (protocol !== new URL(appsOrigin.replace('*.', '')).protocol)
    settings.wrong(
      'APPS_ORIGIN',
      'must begin as PUBLIC_URL does: browsers show no http in a page over https',
    );
  if (certificate !== undefined && certificate.checkHost(`app.${base}`) === undefined)
    settings.findings.warn(
      'TLS_CERT: the certificate is not made for the names in APPS_ORIGIN. Right only where a proxy with one that is stands in front.',
    );
  return appsOrigin;
}

/** @throws WrongValue */
function parseAppsOrigin(text: string): string {
  const bare = text.replace(/\/$/, '').toLowerCase();
  const url = URL.parse(bare.replace('://*.', '://'));
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (
    url === null ||
    !isHttp ||
    bare.split('*').length !== 2 ||
    !bare.includes('://*.') ||
    url.origin !== bare.replace('://*.', '://')
  )
    throw new WrongValue('must look like https://*.apps.example.org or https://*.apps.example.org:8443');
  if (url.hostname.includes('[') || /^[\d.]+$/.test(url.hostname))
    throw new WrongValue('must be a domain: addresses have no names below them');
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw new WrongValue('must begin with https: over http everybody on the way reads what apps show');
  return `${url.protocol}//*.${url.host}`;
}
