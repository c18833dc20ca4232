/** Follows a workspace's readings while somebody looks at them; what was read stays when they look away. */
import { useEffect, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import { useClient, useConnection } from '../../state/app-context.tsx';
import { toBerthError } from '../../state/to-berth-error.ts';
import { emptyStats, type StatsWindow, withReading } from './stats-window.ts';

export function useWorkspaceStats(
  id: WorkspaceId,
  isOn: boolean,
): { readonly stats: StatsWindow; readonly error: BerthError | null } {
  const client = useClient();
  const isOpen = useConnection().phase === 'open';
  const [stats, setStats] = useState(emptyStats);
  const [error, setError] = useState<BerthError | null>(null);
  useEffect(() => {
    if (!isOn || !isOpen) return;
    const stop = new AbortController();
    setError(null);
    const read = async () => {
      try {
        for await (const reading of client.stream('workspaces.stats', { id }, { signal: stop.signal }))
          setStats((before) => withReading(before, reading));
      } catch (cause) {
        const failure = toBerthError(cause);
        // Both are said by the page's own state, and end this by themselves.
        const isKnown = failure.code === 'workspace.not-running' || failure.code === 'connection-lost';
        if (!stop.signal.aborted && !isKnown) setError(failure);
      }
    };
    void read();
    return () => stop.abort();
  }, [client, id, isOn, isOpen]);
  return { stats, error };
}
