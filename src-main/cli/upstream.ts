/**
 * Bytes of this computer on their way up a stream of the plane. Pauses its source while they wait for credit, so that a
 * file of any size takes no memory.
 */
import type { Readable } from 'node:stream';
import type { ByteStream } from '#renderer/transport/client.ts';

/** Bytes that may wait for credit before the source is paused. */
const waitingBytes = 262_144;

export interface Upstream {
  /** Resolves at the end of the source, and when `stop` was called. */
  readonly ended: Promise<void>;
  stop(): void;
}

/** `send` gets each piece, and sends it. */
export function sendUp(source: Readable, stream: ByteStream, send: (bytes: Uint8Array) => void): Upstream {
  const ending = Promise.withResolvers<void>();
  let isStopped = false;
  const take = (chunk: Buffer | string) => {
    send(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    if (stream.waitingBytes <= waitingBytes) return;
    source.pause();
    void stream.whenSent().then(() => {
      if (!isStopped) source.resume();
    });
  };
  const end = () => {
    stop();
    ending.resolve();
  };
  const stop = () => {
    if (isStopped) return;
    isStopped = true;
    source.off('data', take).off('end', end).off('error', end);
    source.pause();
    ending.resolve();
  };
  source.on('data', take).once('end', end).once('error', end);
  source.resume();
  return { ended: ending.promise, stop };
}
