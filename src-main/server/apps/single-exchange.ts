/**
 * One request over a connection of its own, by Node's client: for what undici does not carry, which is waiting until the
 * app wants the body (RFC 9110, 10.1.1) and trailers of a request (RFC 9110, 6.5). Rare, and slower. Guarantees the same.
 */
import { type IncomingMessage, request as ask } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AnswerSink, AppAnswer, AppRequest, BrowserBody } from './app-answer.ts';
import { AppCarrier, maxHeaderBytes } from './app-carrier.ts';
import { pairsOf, type RawHeaders, valuesOf } from './header-lists.ts';

interface SingleRequest extends AppRequest {
  readonly body: BrowserBody | undefined;
  /** The app says that it wants the body. */
  readonly onContinue: () => void;
}

export function needsConnectionOfItsOwn(headers: RawHeaders): boolean {
  return valuesOf(headers, 'expect').length > 0 || valuesOf(headers, 'trailer').length > 0;
}

/** Resolves when the answer has begun. Rejects with what broke the connection, or an error of Node's where that is no HTTP. */
export function askOnce(connection: Duplex, request: SingleRequest): Promise<AppAnswer> {
  const { method, path, headers, body, onContinue } = request;
  const carrier = new AppCarrier(connection);
  const state = { isBroken: false };
  // Before Node's own listener, which takes the end of the connection for that of a body without a length.
  carrier.once('error', () => (state.isBroken = true));
  return new Promise((resolve, reject) => {
    const outgoing = ask({
      createConnection: () => carrier,
      method,
      path,
      headers: [...headers, 'Connection', 'close'],
      maxHeaderSize: maxHeaderBytes,
    });
    outgoing.on('error', (error) => {
      carrier.destroy();
      body?.resume();
      reject(error);
    });
    outgoing.once('continue', onContinue);
    outgoing.once('response', (answer) => {
      resolve({
        status: answer.statusCode ?? 502,
        reason: answer.statusMessage ?? '',
        headers: answer.rawHeaders,
        readTo: (sink) => read(answer, sink, state),
        destroy: () => carrier.destroy(),
      });
      answer.once('close', () => {
        carrier.destroy();
        body?.resume();
      });
    });
    if (body === undefined) {
      outgoing.end();
      return;
    }
    outgoing.flushHeaders();
    body.on('data', (bytes: Buffer) => {
      if (outgoing.destroyed || outgoing.write(bytes)) return;
      body.pause();
      outgoing.once('drain', () => body.resume());
    });
    body.once('end', () => {
      // The app's request ends only where the browser's has ended.
      if (!body.complete || outgoing.destroyed) return;
      if (body.rawTrailers.length > 0) outgoing.addTrailers(pairsOf(body.rawTrailers));
      outgoing.end();
    });
  });
}

function read(answer: IncomingMessage, sink: AnswerSink, state: { readonly isBroken: boolean }): void {
  answer.on('data', (bytes: Buffer) => {
    if (sink.take(bytes)) return;
    answer.pause();
    sink.onRoom(() => answer.resume());
  });
  answer.on('error', () => undefined);
  let hasEnded = false;
  answer.once('end', () => {
    if (!answer.complete || state.isBroken) return;
    hasEnded = true;
    sink.end(answer.rawTrailers);
  });
  answer.once('close', () => {
    if (!hasEnded) sink.cut();
  });
}
