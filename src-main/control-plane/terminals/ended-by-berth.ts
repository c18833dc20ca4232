/** Why what ran in a workspace or on a host has ended, where Berth ended it because somebody wanted that. Pure. */
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import type { TerminalTarget } from '#contract/terminals.ts';
import type { MachineOfHost } from '../hosts/machine-of-host.ts';

interface Workspaces {
  record(
    id: WorkspaceId,
  ): { readonly hostId: HostId; readonly name: string; readonly desired: 'running' | 'stopped' } | undefined;
}

/** A sentence; null: Berth did not, as far as it knows. */
export function endedByBerth(
  target: TerminalTarget,
  workspaces: Workspaces,
  machineOf: (hostId: HostId) => MachineOfHost | undefined,
): string | null {
  const workspace = target.kind === 'workspace' ? workspaces.record(target.workspaceId) : undefined;
  const hostId = target.kind === 'host' ? target.hostId : workspace?.hostId;
  const machine = hostId === undefined ? undefined : machineOf(hostId);
  // What was there before it slept is found gone while it wakes.
  if (machine !== undefined && (machine.turning !== null || machine.away === 'asleep'))
    return `“${machine.name}” went to sleep.`;
  return workspace?.desired === 'stopped' ? `“${workspace.name}” was stopped.` : null;
}
