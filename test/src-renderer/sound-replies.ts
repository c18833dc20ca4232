/** What a screen of the fixture plays: a tone, in the pieces and at the pace of PulseAudio, until nobody listens. */
import { encodeByteFrame } from '#contract/framed-bytes.ts';
import type { ByteStream } from '#renderer/transport/client.ts';

export const soundPort = 4711;
const framesPerSecond = 48_000;
const pieceMs = 50;

export function toneBytes(): ByteStream {
  const ending = Promise.withResolvers<void>();
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    onBytes: (listener) => {
      const beganMs = performance.now();
      let frames = 0;
      // As many as are due: a page that is busy calls late, and a loudspeaker does not wait.
      timer = setInterval(() => {
        const due = Math.floor(((performance.now() - beganMs) / 1_000) * framesPerSecond);
        listener(encodeByteFrame({ kind: 'output', bytes: tone(frames, due - frames) }), () => undefined);
        frames = due;
      }, pieceMs);
    },
    send: () => undefined,
    waitingBytes: 0,
    whenSent: () => Promise.resolve(),
    opened: Promise.resolve(),
    ended: ending.promise,
    close: () => {
      clearInterval(timer);
      ending.resolve();
    },
  };
}

function tone(from: number, frames: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(frames * 4));
  for (let frame = 0; frame < frames; frame += 1) {
    const sample = 8_192 * Math.sin((2 * Math.PI * 440 * (from + frame)) / framesPerSecond);
    view.setInt16(frame * 4, sample, true);
    view.setInt16(frame * 4 + 2, sample, true);
  }
  return new Uint8Array(view.buffer);
}
