/**
 * What a browser is told by an address of Berth's whose workspace cannot be reached: a page that says why and loads itself
 * again. Pure. Everything that comes from elsewhere is escaped; nothing is loaded from anywhere, no script runs, and the page
 * reads well where its few styles are not allowed.
 */
import { createHash } from 'node:crypto';

export interface AwayFacts {
  /** The workspace's name. */
  readonly workspaceName: string;
  /** In the workspace. */
  readonly port: number | null;
  /** Whole sentences for a person: what happened and what can be done. */
  readonly reason: string;
}

/** Seconds between two tries: a host that wakes takes some, and a page that flickers cannot be read. */
export const retryAfterSeconds = 3;

const styles =
  ':root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{margin:20vh auto 0;max-width:34rem;padding:0 1.5rem}h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:0 0 .75rem}small{opacity:.7}';

/** Headers of RFC 9110 (Retry-After is §10.2.3) and of CSP3, for an answer with status 503. */
export const awayHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'retry-after': String(retryAfterSeconds),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(styles).digest('base64')}'; base-uri 'none'; form-action 'none'`,
};

export function awayPage({ workspaceName, port, reason }: AwayFacts): string {
  const what = port === null ? escaped(workspaceName) : `Port ${port} of ${escaped(workspaceName)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="${retryAfterSeconds}">
<meta name="viewport" content="width=device-width">
<title>${what} is away</title>
<style>${styles}</style>
</head>
<body>
<h1>${what} cannot be reached just now</h1>
<p>${escaped(reason)}</p>
<p><small>Berth keeps this address, and this page tries again every ${retryAfterSeconds} seconds.</small></p>
</body>
</html>
`;
}

/** Whether these first bytes of a connection are an HTTP/1 request (RFC 9112 §3), which an answer in HTTP fits. */
export function isHttpRequest(bytes: Uint8Array): boolean {
  return (
    /^[A-Z]{3,10} [\x21-\x7e]/.test(Buffer.from(bytes.subarray(0, 32)).toString('latin1')) &&
    !isPreface(bytes)
  );
}

/** The whole answer on a connection that speaks HTTP/1. `request`: its first bytes. */
export function awayResponse(request: Uint8Array, facts: AwayFacts): Buffer {
  const page = Buffer.from(awayPage(facts), 'utf8');
  const head = [
    'HTTP/1.1 503 Service Unavailable',
    ...Object.entries(awayHeaders).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${page.byteLength}`,
    'connection: close',
  ];
  const isHead = Buffer.from(request.subarray(0, 5)).toString('latin1') === 'HEAD ';
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), ...(isHead ? [] : [page])]);
}

/** HTTP/2 with prior knowledge (RFC 9113 §3.4): an answer of HTTP/1 would be noise there. */
function isPreface(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 6)).toString('latin1') === 'PRI * ';
}

function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => names[character] ?? '');
}
