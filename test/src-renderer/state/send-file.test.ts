/** A file goes up in slices, each when the one before has left; the plane's word ends it, and so does the person's. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { sendFile } from '#renderer/state/send-file.ts';
import type { ByteStream } from '#renderer/transport/client.ts';

const kib = 1024;

/** Takes bytes only when told to. */
function heldStream() {
  const ending = Promise.withResolvers<void>();
  let sending = Promise.withResolvers<void>();
  const got: Uint8Array[] = [];
  let waiting = 0;
  let isClosed = false;
  const stream: ByteStream = {
    onBytes: () => undefined,
    send: (bytes) => {
      got.push(bytes.slice());
      waiting += bytes.byteLength;
    },
    get waitingBytes() {
      return waiting;
    },
    whenSent: () => sending.promise,
    opened: Promise.resolve(),
    ended: ending.promise,
    close: () => {
      isClosed = true;
      sending.resolve();
      ending.resolve();
    },
  };
  return {
    stream,
    got,
    isClosed: () => isClosed,
    take: () => {
      waiting = 0;
      sending.resolve();
      sending = Promise.withResolvers();
    },
    end: (error?: BerthError) => {
      sending.resolve();
      if (error) ending.reject(error);
      else ending.resolve();
    },
  };
}
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
const content = Uint8Array.from({ length: 1200 * kib }, (_, index) => index % 251);

describe('sending a file', () => {
  it('reads the next slice when the last has left, and ends when the plane says so', async () => {
    const held = heldStream();
    const said: number[] = [];
    const sent = sendFile(held.stream, {
      file: new Blob([content]),
      signal: new AbortController().signal,
      onSent: (bytes) => said.push(bytes),
    });
    await turn();
    expect(held.got).toHaveLength(1);
    held.take();
    await turn();
    expect(held.got).toHaveLength(2);
    held.take();
    await turn();
    held.take();
    await turn();
    expect(said).toEqual([512 * kib, 1024 * kib, 1200 * kib]);
    expect(Buffer.concat(held.got).equals(Buffer.from(content))).toBe(true);
    held.end();
    await sent;
  });

  it('stops reading and throws what the plane said', async () => {
    const held = heldStream();
    const sent = sendFile(held.stream, {
      file: new Blob([content]),
      signal: new AbortController().signal,
      onSent: () => undefined,
    });
    await turn();
    held.end(new BerthError('snapshot.unsafe-archive', 'It holds ../etc/passwd.'));
    await expect(sent).rejects.toMatchObject({ code: 'snapshot.unsafe-archive' });
    expect(held.got).toHaveLength(1);
  });

  it('is cancelled by its signal: the stream is closed, and that is no failure of the plane', async () => {
    const held = heldStream();
    const stop = new AbortController();
    const sent = sendFile(held.stream, {
      file: new Blob([content]),
      signal: stop.signal,
      onSent: () => undefined,
    });
    await turn();
    stop.abort();
    await expect(sent).rejects.toMatchObject({ code: 'cancelled' });
    expect(held.isClosed()).toBe(true);
  });
});
