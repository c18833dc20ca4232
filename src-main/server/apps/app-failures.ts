/**
 * What a browser gets in the place of an app's answer. 503 where the app cannot be reached: that passes, and its page loads
 * itself again until it is the app. 502 only where something answered that is no HTTP. Never says more of the cause than
 * the plane's own words.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import {
  type AwayFacts,
  awayHeaders,
  awayPage,
  retryAfterSeconds,
} from '../../control-plane/forwards/away-page.ts';
import { escapeHtml, sendPage, sendText, wantsPage } from './app-pages.ts';
import { asksForPage } from './relay-request.ts';
import type { Visit } from './visit.ts';

interface Failure {
  readonly status: 502 | 503;
  readonly facts: AwayFacts;
}

export function failureOf({ target }: Visit, error: unknown): Failure {
  const { workspaceName, port } = target;
  if (BerthError.is(error)) return { status: 503, facts: { workspaceName, port, reason: error.message } };
  const how = target.protocol === 'https' ? 'HTTP over TLS' : 'HTTP';
  const reason = `Something listens there, and what it answered is no ${how}. Look at the program’s own output, or open the port in another protocol.`;
  return { status: 502, facts: { workspaceName, port, reason } };
}

/** Where an answer has begun already, its connection is cut: it must not look whole. */
export function answerFailure(
  visit: Visit,
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { status, facts } = failureOf(visit, error);
  const frameOrigins = visit.shown.isFramed ? visit.shown.frameOrigins : [];
  // Of a body that is still coming nobody reads the rest.
  const headers: Record<string, string> = request.complete ? {} : { Connection: 'close' };
  if (status === 503) headers['Retry-After'] = String(retryAfterSeconds);
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  if (status === 503 && isReading && wantsPage(request) && asksForPage(request)) {
    const page = awayPage(facts);
    const policy = `${awayHeaders['content-security-policy']}; frame-ancestors ${["'self'", ...frameOrigins].join(' ')}`;
    response.writeHead(503, {
      ...awayHeaders,
      ...headers,
      'content-security-policy': policy,
      'content-length': String(Buffer.byteLength(page)),
    });
    response.end(page);
  } else if (wantsPage(request)) {
    const title = `Port ${facts.port} of ${facts.workspaceName} did not answer`;
    const again = isReading ? '' : '<p>What was sent may not have arrived. Go back and send it again.</p>';
    const body = `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(facts.reason)}</p>${again}`;
    sendPage(response, { status, title, body, headers, frameOrigins });
  } else sendText(response, status, `${facts.reason}\n`, headers);
}

/** For an upgrade, which has no page to show anything in. */
export function refuseUpgrade(near: Duplex, status: number): void {
  if (near.destroyed) return;
  const retry = status === 503 ? `Retry-After: ${retryAfterSeconds}\r\n` : '';
  near.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${retry}Connection: close\r\nContent-Length: 0\r\n\r\n`,
    () => near.destroy(),
  );
}
