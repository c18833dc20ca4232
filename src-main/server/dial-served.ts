/**
 * A connection to a served Berth as its client: a web socket that is opened with an API key. Guarantees that the key goes
 * to that origin alone, over TLS that was verified (or on this computer), and into no message of an error.
 */
import { isIP } from 'node:net';
import { WebSocket } from 'ws';
import { BerthError } from '#contract/berth-error.ts';
import type { Connection } from '#contract/frame.ts';
import { maxMessageBytes, socketPath, socketProtocol, webSocketConnection } from './websocket-connection.ts';

/** Milliseconds for name, TLS and upgrade. */
const openTimeoutMs = 15_000;

/** Where a served Berth is, as a person types it. @throws BerthError invalid-input */
export function parseServer(text: string): URL {
  const url = URL.parse(text);
  const wrong = (why: string) =>
    new BerthError('invalid-input', `The server "${text}" cannot be used: ${why}`);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw wrong('it must look like https://berth.example.org');
  if (
    url.username !== '' ||
    url.password !== '' ||
    url.pathname !== '/' ||
    url.search !== '' ||
    url.hash !== ''
  )
    throw wrong('only its origin is wanted, as https://berth.example.org');
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw wrong('over http the key could be read on the way. Use https');
  return url;
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'))
  );
}

/** @throws BerthError not-signed-in, connection-lost, timed-out */
export function dialServed(server: URL, key: string, signal?: AbortSignal): Promise<Connection> {
  const url = new URL(socketPath, server);
  url.protocol = server.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url, socketProtocol, {
    headers: { authorization: `Bearer ${key}` },
    handshakeTimeout: openTimeoutMs,
    // The key must not follow a redirection to another origin.
    followRedirects: false,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
  });
  return new Promise((resolve, reject) => {
    const fail = (error: BerthError) => {
      signal?.removeEventListener('abort', stop);
      reject(error);
      socket.terminate();
    };
    const stop = () => fail(new BerthError('cancelled', 'It was cancelled.'));
    if (signal?.aborted) return stop();
    signal?.addEventListener('abort', stop, { once: true });
    socket.on('error', (error) => fail(openFailure(server, error)));
    socket.once('unexpected-response', (_request, response) => {
      response.destroy();
      fail(refusal(server, response.statusCode ?? 0));
    });
    socket.once('open', () => {
      signal?.removeEventListener('abort', stop);
      resolve(webSocketConnection(socket));
    });
  });
}

function refusal({ origin }: URL, status: number): BerthError {
  if (status === 401 || status === 403)
    return new BerthError(
      'not-signed-in',
      `${origin} does not take this API key. It may have expired or been removed: make another there (berth token create), or look at which one is used.`,
    );
  if (status === 429)
    return new BerthError('too-many', `${origin} takes no more requests for now. Wait a little.`);
  return new BerthError(
    'connection-lost',
    `${origin} answers with status ${status} in place of a connection. Is it a Berth, and is a proxy in front set up for web sockets?`,
    { details: { status } },
  );
}

const certificateCodes = /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/;

function openFailure({ origin }: URL, error: Error): BerthError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const options = { cause: error, details: { code } };
  if (certificateCodes.test(code))
    return new BerthError(
      'connection-lost',
      `The certificate of ${origin} is not trusted (${code}). Where it comes from an authority of your own, name that in $NODE_EXTRA_CA_CERTS.`,
      options,
    );
  if (/timed out/i.test(error.message))
    return new BerthError('timed-out', `${origin} did not answer within ${openTimeoutMs / 1000} s.`, options);
  return new BerthError(
    'connection-lost',
    `${origin} cannot be reached${code === '' ? '' : ` (${code})`}. Check the address, and whether Berth runs there.`,
    options,
  );
}
