/** A byte stream whose other end is the test: what the plane would send and hear. */
import { type ByteFrame, ByteFrameReader, encodeByteFrame } from '#contract/framed-bytes.ts';
import type { BerthError } from '#contract/berth-error.ts';
import type { ByteStream } from '#renderer/transport/client.ts';

export function planeStream() {
  const ending = Promise.withResolvers<void>();
  ending.promise.catch(() => undefined);
  const frames: ByteFrame[] = [];
  const reader = new ByteFrameReader(['input', 'inputEnd'], (frame) => frames.push(frame));
  let listener: ((bytes: Uint8Array, done: () => void) => void) | undefined;
  let usedBytes = 0;
  let isClosed = false;
  const stream: ByteStream = {
    onBytes: (to) => {
      listener = to;
    },
    send: (bytes) => reader.push(bytes.slice()),
    waitingBytes: 0,
    whenSent: () => Promise.resolve(),
    opened: Promise.resolve(),
    ended: ending.promise,
    close: () => {
      isClosed = true;
      ending.resolve();
    },
  };
  const raw = (bytes: Uint8Array) =>
    listener?.(bytes, () => {
      usedBytes += bytes.byteLength;
    });
  return {
    stream,
    frames,
    raw,
    say: (text: string) => raw(encodeByteFrame({ kind: 'output', bytes: new TextEncoder().encode(text) })),
    sayEnd: () => raw(encodeByteFrame({ kind: 'outputEnd' })),
    end: () => ending.resolve(),
    fail: (error: BerthError) => ending.reject(error),
    isClosed: () => isClosed,
    usedBytes: () => usedBytes,
    /** What came up, as text. */
    heard: () =>
      frames.map((frame) => (frame.kind === 'input' ? new TextDecoder().decode(frame.bytes) : frame.kind)),
  };
}
