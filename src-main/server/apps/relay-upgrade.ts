/**
 * An upgrade to an app (RFC 9110, 7.8), as of a web socket: the app's answer back, then bytes both ways at the pace of the
 * slower side. Ends on both sides when it ends on one.
 */
import { type IncomingMessage, request as ask, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { dial } from './app-connections.ts';
import { loginHeaders } from './app-login.ts';
import { breakOff } from './break-off.ts';
import { pairsOf, type RawHeaders } from './header-lists.ts';
import { requestHeaders } from './request-headers.ts';
import { responseHeaders } from './response-headers.ts';
import type { Visit } from './visit.ts';

/**
 * Resolves when the app's answer is out. Throws before that: what the plane's `connect` throws, or an error of Node's where
 * the app spoke no HTTP.
 */
export async function relayUpgrade(
  visit: Visit,
  request: IncomingMessage,
  near: Duplex,
  head: Buffer,
): Promise<void> {
  const { target, side, shown, address } = visit;
  const { method = 'GET', url: path = '/', rawHeaders } = request;
  const abort = new AbortController();
  near.once('close', () => abort.abort());
  const headers = requestHeaders({ method, headers: rawHeaders, address }, side);
  headers.push(...(await loginHeaders(target, headers)));
  headers.push('Connection', 'Upgrade', 'Upgrade', request.headers.upgrade ?? '');
  const connection = await dial(target, abort.signal);
  if (near.destroyed) {
    connection.destroy();
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const outgoing = ask({ createConnection: () => connection, method, path, headers, signal: abort.signal });
    outgoing.once('error', (error) => {
      connection.destroy();
      reject(error);
    });
    outgoing.once('upgrade', (answer, far, farHead) => {
      const kept = responseHeaders(answer.rawHeaders, side, shown);
      writeHead(near, answer, [...kept, ...switching(answer)]);
      join(near, far, { head, farHead });
      resolve();
    });
    outgoing.once('response', (answer) => {
      // It does not want to: an answer as any other, after which nothing follows.
      writeHead(near, answer, [...responseHeaders(answer.rawHeaders, side, shown), 'Connection', 'close']);
      // Its end is that of the connection: less than a reset would make it whole.
      answer.on('error', () => breakOff(near));
      answer.once('close', () => {
        if (!answer.complete) breakOff(near);
      });
      answer.pipe(near);
      resolve();
    });
    outgoing.end();
  });
}

function switching({ headers }: IncomingMessage): string[] {
  return ['Connection', 'Upgrade', 'Upgrade', headers.upgrade ?? ''];
}

function writeHead(
  near: Duplex,
  { statusCode = 502, statusMessage }: IncomingMessage,
  headers: RawHeaders,
): void {
  const lines = pairsOf(headers).map(([name, value]) => `${name}: ${value}`);
  const reason = statusMessage || STATUS_CODES[statusCode] || '';
  near.write(Buffer.from([`HTTP/1.1 ${statusCode} ${reason}`, ...lines, '', ''].join('\r\n'), 'latin1'));
}

function join(
  near: Duplex,
  far: Duplex,
  { head, farHead }: { readonly head: Buffer; readonly farHead: Buffer },
): void {
  near.on('error', () => far.destroy());
  far.on('error', () => breakOff(near));
  near.once('close', () => far.destroy());
  far.once('close', () => endSoon(near));
  if (farHead.length > 0) near.write(farHead);
  if (head.length > 0) far.write(head);
  near.pipe(far);
  far.pipe(near);
}

/** What was written goes out first. */
function endSoon(near: Duplex): void {
  if (near.writableFinished) near.destroy();
  else near.end(() => near.destroy());
}
