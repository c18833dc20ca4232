/** Follows the log of one operation while it is looked at. */
import type { BerthError } from '#contract/berth-error.ts';
import type { OperationId } from '#contract/ids.ts';
import type { LogLine } from '#contract/operations.ts';
import { useStreamed } from './use-streamed.ts';

export interface OperationLog {
  readonly lines: readonly LogLine[];
  readonly error: BerthError | null;
}

export function useOperationLog(id: OperationId, isOn: boolean): OperationLog {
  const { items, error } = useStreamed(isOn ? id : null, (client, signal) =>
    client.stream('operations.log', { id }, { signal }),
  );
  return { lines: items, error };
}
