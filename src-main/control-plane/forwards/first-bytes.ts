/** The first bytes of a connection, for whoever must know what it speaks before it is joined to anything. */
import type { Readable } from 'node:stream';
import type { Clock } from '../interfaces/clock.ts';

/**
 * Hands each piece to `take` until that returns true; what `take` leaves is put back by `stream.unshift`. False: the stream
 * ended or broke first, or `withinMs` passed. Nothing is lost either way.
 */
export function readUntil(
  stream: Readable,
  take: (bytes: Buffer) => boolean,
  { clock, withinMs }: { readonly clock: Clock; readonly withinMs: number },
): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = clock.after(withinMs, () => end(false));
    const onEnd = () => end(false);
    function end(isDone: boolean): void {
      stop();
      stream.off('readable', read);
      stream.off('end', onEnd);
      stream.off('close', onEnd);
      resolve(isDone);
    }
    function read(): void {
      for (;;) {
        const bytes = stream.read() as Buffer | null;
        if (bytes === null) return;
        if (take(bytes)) {
          end(true);
          return;
        }
      }
    }
    stream.on('readable', read);
    stream.on('end', onEnd);
    stream.on('close', onEnd);
    if (stream.destroyed || stream.readableEnded) end(false);
  });
}

/** What has arrived, without taking it; empty when nothing does `withinMs`. */
export async function peek(
  stream: Readable,
  patience: { readonly clock: Clock; readonly withinMs: number },
): Promise<Buffer> {
  let first: Buffer = Buffer.alloc(0);
  await readUntil(
    stream,
    (bytes) => {
      first = bytes;
      return true;
    },
    patience,
  );
  if (first.byteLength > 0 && !stream.destroyed) stream.unshift(first);
  return first;
}
