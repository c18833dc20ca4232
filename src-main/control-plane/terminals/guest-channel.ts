/**
 * A guest's end of a terminal's stream. Guarantees that a guest holds nobody up: the terminal never waits for one, and
 * one that is too far behind is let go instead of filling memory. What a guest who may only watch sends goes nowhere.
 */
import type { ByteChannel } from '../handler.ts';

/** Bytes that may wait for one guest. Four times what the plane holds of a terminal's output, so that joining fits. */
export const maxBehindBytes = 2 * 1024 * 1024;

export interface GuestRules {
  readonly mayType: boolean;
  /** It sent something all the same. */
  readonly onTypingDropped: () => void;
  readonly onTooFarBehind: () => void;
}

export function guestChannel(channel: ByteChannel, rules: GuestRules): ByteChannel {
  let isLetGo = false;
  return {
    send: (bytes) => {
      if (isLetGo) return Promise.resolve();
      if (channel.waitingBytes + bytes.byteLength > maxBehindBytes) {
        isLetGo = true;
        channel.dropWaiting();
        rules.onTooFarBehind();
      } else channel.send(bytes).catch(() => undefined);
      return Promise.resolve();
    },
    // To the terminal nothing ever waits here; see above.
    waitingBytes: 0,
    dropWaiting: () => channel.dropWaiting(),
    onReceive: (listener) =>
      channel.onReceive((bytes) => {
        if (rules.mayType) return listener(bytes);
        rules.onTypingDropped();
      }),
  };
}
