/** Follows the log of one operation while it is looked at. Lines come in one piece per frame, however fast they are. */
import { useEffect, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { OperationId } from '#contract/ids.ts';
import type { LogLine } from '#contract/operations.ts';
import { useClient, useConnection } from './app-context.tsx';
import { toBerthError } from './to-berth-error.ts';

export interface OperationLog {
  readonly lines: readonly LogLine[];
  readonly error: BerthError | null;
}

const nothing: OperationLog = { lines: [], error: null };

export function useOperationLog(id: OperationId, isOn: boolean): OperationLog {
  const client = useClient();
  const isOpen = useConnection().phase === 'open';
  const [log, setLog] = useState<OperationLog>(nothing);
  useEffect(() => {
    if (!isOn || !isOpen) return;
    const stop = new AbortController();
    const lines: LogLine[] = [];
    let frame = 0;
    const show = (error: BerthError | null = null) => {
      cancelAnimationFrame(frame);
      frame = 0;
      setLog({ lines: [...lines], error });
    };
    const read = async () => {
      try {
        for await (const line of client.stream('operations.log', { id }, { signal: stop.signal })) {
          lines.push(line);
          if (frame === 0) frame = requestAnimationFrame(() => show());
        }
        if (!stop.signal.aborted) show();
      } catch (cause) {
        const error = toBerthError(cause);
        // The connection banner says it, and the log is read again when it is back.
        if (!stop.signal.aborted && error.code !== 'connection-lost') show(error);
      }
    };
    void read();
    return () => {
      stop.abort();
      cancelAnimationFrame(frame);
    };
  }, [client, id, isOn, isOpen]);
  return log;
}
