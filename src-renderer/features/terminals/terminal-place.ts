/** Where a terminal is, in words. */
import type { Terminal } from '#contract/terminals.ts';
import type { AppState } from '../../state/commands.ts';

/** As "api-server on atlas". */
export function terminalPlace(terminal: Terminal, state: Pick<AppState, 'hosts' | 'workspaces'>): string {
  if (terminal.target.kind === 'host')
    return state.hosts.get(terminal.target.hostId)?.name ?? 'a removed host';
  const workspace = state.workspaces.get(terminal.target.workspaceId);
  if (workspace === undefined) return 'a destroyed workspace';
  const host = state.hosts.get(workspace.hostId);
  return host === undefined ? workspace.name : `${workspace.name} on ${host.name}`;
}
