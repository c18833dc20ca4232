/**
 * Names of web apps on the network: each app has a host name of its own, and so an origin of its own, one label below a
 * base that all share. Pure.
 */

export interface AppBase {
  readonly isSecure: boolean;
  /** What stands behind the label and its dot: `localhost:47100`, `apps.example.org`; the scheme's own port left out. */
  readonly host: string;
}

/** One label of a host name (RFC 1123, 2.1), lower case. */
const labelShape = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/** Names below `localhost` lead to the browser's own computer (RFC 6761, 6.3). @param port of plain HTTP there */
export function loopbackBase(port: number): AppBase {
  return { isSecure: false, host: new URL(`http://localhost:${port}`).host };
}

/** @param pattern as the configuration has it: `https://*.apps.example.org` */
export function baseOfPattern(pattern: string): AppBase {
  const { protocol, host } = new URL(pattern.replace('*.', ''));
  return { isSecure: protocol === 'https:', host };
}

/** Whether whoever reaches this origin is on the same computer, without TLS. */
export function isLoopbackOrigin(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  const isLoopback = loopbackNames.includes(hostname) || /^127(\.\d+){3}$/.test(hostname);
  return protocol === 'http:' && isLoopback;
}

function hostOf(base: AppBase, label: string): string {
  return `${label}.${base.host}`;
}

export function originOf(base: AppBase, label: string): string {
  return `${base.isSecure ? 'https' : 'http'}://${hostOf(base, label)}`;
}

/** The label in a Host header; undefined where it names no app. */
export function labelIn(base: AppBase, host: string): string | undefined {
  const name = host.toLowerCase();
  const end = `.${base.host}`;
  if (!name.endsWith(end)) return undefined;
  const label = name.slice(0, -end.length);
  return labelShape.test(label) ? label : undefined;
}

/** All of them, as a Content Security Policy names them. */
export function frameSourceOf(base: AppBase): string {
  return originOf(base, '*');
}
