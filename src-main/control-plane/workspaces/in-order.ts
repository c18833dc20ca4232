/**
 * What a client sends, one after the other. A channel hands each message on as it comes, and takes the promise only for
 * its credit: whoever waits for room in between would else see the next message first.
 */
import { BerthError } from '#contract/berth-error.ts';
import {
  type ByteFrame,
  ByteFrameError,
  type ByteFrameKind,
  ByteFrameReader,
} from '#contract/framed-bytes.ts';
import type { ByteChannel } from '../handler.ts';

/** Resolves never; rejects with what `take` threw, or invalid-input for what is no frame of these kinds. */
export function receiveInOrder(
  channel: ByteChannel,
  kinds: readonly ByteFrameKind[],
  take: (frame: ByteFrame) => void | Promise<void>,
): Promise<never> {
  const failing = Promise.withResolvers<never>();
  failing.promise.catch(() => undefined);
  let hasFailed = false;
  let frames: ByteFrame[] = [];
  const reader = new ByteFrameReader(kinds, (frame) => frames.push(frame));
  const fail = (error: unknown) => {
    hasFailed = true;
    failing.reject(
      error instanceof ByteFrameError
        ? new BerthError('invalid-input', `Not valid: ${error.message} was sent.`)
        : error,
    );
  };
  let before = Promise.resolve();
  channel.onReceive((bytes) => {
    before = before
      .then(async () => {
        if (hasFailed) return;
        frames = [];
        reader.push(bytes);
        for (const frame of frames) await take(frame);
      })
      .catch(fail);
    return before;
  });
  return failing.promise;
}
