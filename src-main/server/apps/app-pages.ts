/**
 * Pages and texts of the gateway itself, in the place of an app that cannot answer or may not be seen. They need nothing
 * but themselves, run no script (but the entrance's), and no foreign page may show them.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

const style = `body{margin:0;min-height:100vh;display:grid;place-items:center;font:15px/1.5 system-ui,sans-serif}
main{max-width:28rem;padding:2rem}h1{font-size:1.25rem;font-weight:600;margin:0 0 .5rem}p{margin:.5rem 0}`;
const styleHash = createHash('sha256').update(style).digest('base64');

export interface OwnPage {
  readonly status: number;
  /** Text. */
  readonly title: string;
  /** HTML. */
  readonly body: string;
  /** HTML. */
  readonly head?: string;
  /** Beyond nothing at all. */
  readonly policy?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly frameOrigins: readonly string[];
}

export function sendPage(response: ServerResponse, page: OwnPage): void {
  const { status, title, body, head = '', policy = [], headers = {}, frameOrigins } = page;
  const text = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>${escapeHtml(title)}</title>
<style>${style}</style>${head}</head>
<body><main>${body}</main></body></html>
`;
  const directives = ["default-src 'none'", `style-src 'sha256-${styleHash}'`, 'img-src data:', ...policy];
  const ancestors = ['frame-ancestors', "'self'", ...frameOrigins].join(' ');
  send(response, status, text, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': [...directives, "base-uri 'none'", "form-action 'none'", ancestors].join('; '),
    ...headers,
  });
}

export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  send(response, status, text, { 'Content-Type': 'text/plain; charset=utf-8', ...headers });
}

/** Whether a page is what is to be seen; else a line of text does. */
export function wantsPage({ headers }: IncomingMessage): boolean {
  const dest = headers['sec-fetch-dest'];
  const isDocument = dest === undefined || dest === 'document' || dest === 'iframe' || dest === 'frame';
  return isDocument && /\btext\/html\b/i.test(headers.accept ?? '');
}

export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, {
    'Content-Length': String(Buffer.byteLength(text)),
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(text);
}
