/**
 * Keeps one stream of the plane open for as long as the window lives: opens it when there is a connection and its gate
 * lets it, again when it ends, with pauses that grow while it fails.
 */
import { toBerthError } from './to-berth-error.ts';
import type { BerthError } from '#contract/berth-error.ts';
import type { PlaneClient } from './api.ts';

export type Gate = (signal: AbortSignal) => Promise<void>;

/** Milliseconds before a stream that failed is opened again; grows to the last one. */
const retryDelaysMs = [250, 1_000, 3_000, 10_000] as const;

export interface Follower<I> {
  /** Resolves when the stream may be opened; asked before each opening. Rejects only by the signal. */
  readonly gate: Gate | null;
  readonly open: (signal: AbortSignal) => AsyncIterable<I>;
  /** False: the item does not fit what is held; open the stream again. */
  readonly onItem: (item: I, isFirst: boolean) => boolean;
  readonly onAway: () => void;
  readonly onError: (error: BerthError) => void;
}

/** Resolves when the connection is open, at once or later; rejects only by the signal. */
function untilOpen(client: PlaneClient, signal: AbortSignal): Promise<void> {
  if (client.connectionState.phase === 'open') return Promise.resolve();
  return new Promise((resolve, reject) => {
    const stop = client.onConnectionState((state) => {
      if (state.phase !== 'open') return;
      stop();
      resolve();
    });
    signal.addEventListener(
      'abort',
      () => {
        stop();
        reject(signal.reason as Error);
      },
      { once: true },
    );
  });
}

/** Keeps one stream open until the signal aborts. Returns what wakes it when it waits after an error. */
export function follow<I>(client: PlaneClient, signal: AbortSignal, follower: Follower<I>): () => void {
  let wake: () => void = () => {};
  const run = async () => {
    let failures = 0;
    while (!signal.aborted) {
      await follower.gate?.(signal);
      await untilOpen(client, signal);
      const stream = new AbortController();
      const stop = () => stream.abort(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      let error: BerthError | null = null;
      try {
        let isFirst = true;
        for await (const item of follower.open(stream.signal)) {
          failures = 0;
          if (!follower.onItem(item, isFirst)) break;
          isFirst = false;
        }
      } catch (cause) {
        error = toBerthError(cause);
      } finally {
        signal.removeEventListener('abort', stop);
        stream.abort();
      }
      if (signal.aborted) return;
      if (error && error.code !== 'connection-lost' && error.code !== 'cancelled') follower.onError(error);
      else follower.onAway();
      const delayMs = retryDelaysMs[Math.min(failures, retryDelaysMs.length - 1)]!;
      failures += 1;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, delayMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', wake, { once: true });
      });
    }
  };
  run().catch(() => {
    // Only the signal ends the loop: the window is closing.
  });
  return () => wake();
}
