/**
 * Ends connections of senders that keep a request open without sending it: a body of which nothing came for a while, and
 * one that nobody wants any more because the answer is out. Node's own limit is for the whole request, and a large upload
 * over a slow line may honestly take hours.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface SlowLimits {
  /** Without a byte of the body. A host that takes an upload slowly makes pauses of its own, but not such ones. */
  readonly silenceMs: number;
  /** For the rest of a body after its answer, which is thrown away so that a client that still sends can read it. */
  readonly restMs: number;
}

export const slowLimits: SlowLimits = { silenceMs: 120_000, restMs: 2_000 };

export function endSlowRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { silenceMs, restMs }: SlowLimits,
): void {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (coding === undefined && Number(length ?? 0) === 0) return;
  const { socket } = request;
  let seenBytes = socket.bytesRead;
  const silence = setInterval(() => {
    if (request.complete || response.writableEnded) clearInterval(silence);
    else if (socket.bytesRead === seenBytes) refuse();
    else seenBytes = socket.bytesRead;
  }, silenceMs);
  silence.unref();

  function refuse(): void {
    clearInterval(silence);
    if (response.headersSent) {
      socket.destroy();
      return;
    }
    response.writeHead(408, { Connection: 'close', 'Content-Type': 'text/plain; charset=utf-8' });
    response.end('Request Timeout\n', () => socket.destroy());
  }

  response.once('close', () => clearInterval(silence));
  response.once('finish', () => {
    clearInterval(silence);
    if (request.complete) return;
    // The listener takes the rest in and lets go by itself; this is for a sender that it does not notice.
    setTimeout(() => {
      if (!request.complete) socket.destroy();
    }, restMs).unref();
  });
}
