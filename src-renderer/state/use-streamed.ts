/** Follows a stream of things that only add up while it is looked at. They come in one piece per frame, however fast they are. */
import { useEffect, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { PlaneClient } from './api.ts';
import { useClient, useConnection } from './app-context.tsx';
import { toBerthError } from './to-berth-error.ts';

export interface Streamed<T> {
  readonly items: readonly T[];
  /** Its first part came. */
  readonly isRead: boolean;
  readonly error: BerthError | null;
}

/** `key` names what is followed: another one begins anew. Null: nothing now, and what was read stays. */
export function useStreamed<T>(
  key: string | null,
  open: (client: PlaneClient, signal: AbortSignal) => AsyncIterable<T>,
): Streamed<T> {
  const client = useClient();
  const isOpen = useConnection().phase === 'open';
  const [streamed, setStreamed] = useState<Streamed<T>>({ items: [], isRead: false, error: null });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for what `open` opens
  useEffect(() => {
    if (key === null || !isOpen) return;
    const stop = new AbortController();
    const items: T[] = [];
    let frame = 0;
    const show = (error: BerthError | null = null) => {
      cancelAnimationFrame(frame);
      frame = 0;
      setStreamed({ items: [...items], isRead: true, error });
    };
    const read = async () => {
      try {
        for await (const item of open(client, stop.signal)) {
          items.push(item);
          if (frame === 0) frame = requestAnimationFrame(() => show());
        }
        if (!stop.signal.aborted) show();
      } catch (cause) {
        const error = toBerthError(cause);
        // The connection banner says it, and all is read again when it is back.
        if (!stop.signal.aborted && error.code !== 'connection-lost') show(error);
      }
    };
    void read();
    return () => {
      stop.abort();
      cancelAnimationFrame(frame);
    };
  }, [client, key, isOpen]);
  return streamed;
}
