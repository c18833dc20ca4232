/** The sidebar's tree as a value: hosts, their workspaces and terminals. Row ids are view keys or nouns' ids. Pure. */
import { Container, Monitor, MonitorDot, Server, SquareTerminal } from 'lucide-react';
import type { Host } from '#contract/hosts.ts';
import type { Machine } from '#contract/machines.ts';
import type { Terminal } from '#contract/terminals.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { formatLatency } from '../../components/format.ts';
import type { TreeNode } from '../../components/tree.tsx';
import type { Subject } from '../../state/commands.ts';
import { hostMark, terminalMark, terminalTitle, workspaceMark } from '../../state/marks.ts';
import type { ViewRef } from '../../state/view-ref.ts';

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

export function sidebarTree(
  hosts: readonly Host[],
  workspaces: readonly Workspace[],
  terminals: readonly Terminal[],
  machines: readonly Machine[],
  mayRename: { readonly hosts: boolean; readonly workspaces: boolean; readonly terminals: boolean },
): TreeNode[] {
  const machineOf = new Map(machines.map((machine) => [machine.hostId, machine]));
  const byHost = Map.groupBy(workspaces, (workspace) => workspace.hostId);
  const terminalsOf = Map.groupBy(terminals, ({ target }) =>
    target.kind === 'workspace' ? target.workspaceId : target.hostId,
  );
  const terminalNodes = (id: string): TreeNode[] =>
    (terminalsOf.get(id as Terminal['id'] & Workspace['id']) ?? []).map((terminal) => ({
      id: terminal.id,
      label: terminalTitle(terminal),
      icon: SquareTerminal,
      mark: terminal.state.phase === 'live' ? null : terminalMark(terminal),
      canRename: mayRename.terminals,
      isDimmed: terminal.state.phase === 'ended',
    }));
  const nodes = [...hosts]
    .sort((a, b) => byName.compare(a.name, b.name))
    .map((host): TreeNode => {
      const mark = hostMark(host, machineOf.get(host.id));
      const children = [
        ...(byHost.get(host.id) ?? [])
          .sort((a, b) => byName.compare(a.name, b.name))
          .map(
            (workspace): TreeNode => ({
              id: workspace.id,
              label: workspace.name,
              hint: `${workspace.name}: ${workspace.image} on ${host.name}`,
              icon: workspace.kind === 'desktop' ? MonitorDot : Container,
              mark: workspaceMark(workspace, machineOf.get(host.id)),
              children: terminalNodes(workspace.id),
              canRename: mayRename.workspaces,
              isDimmed: host.state.phase !== 'ready',
            }),
          ),
        ...terminalNodes(host.id),
      ];
      return {
        id: host.id,
        label: host.name,
        hint: host.name,
        icon: host.definition.kind === 'local' ? Monitor : Server,
        mark,
        children,
        canRename: mayRename.hosts,
        ...(host.state.phase === 'ready' && host.state.roundTripMs !== null
          ? { note: formatLatency(host.state.roundTripMs) }
          : {}),
      };
    });
  return nodes;
}

/** What a row stands for. */
export function subjectOfRow(id: string): Subject | null {
  if (id.startsWith('host_')) return { kind: 'host', id: id as Host['id'] };
  if (id.startsWith('ws_')) return { kind: 'workspace', id: id as Workspace['id'] };
  if (id.startsWith('term_')) return { kind: 'terminal', id: id as Terminal['id'] };
  return null;
}

export function viewOfSubject(subject: Subject): ViewRef {
  switch (subject.kind) {
    case 'host':
      return { type: 'host', hostId: subject.id };
    case 'machine':
      return { type: 'machine', machineId: subject.id };
    case 'workspace':
      return { type: 'workspace', workspaceId: subject.id };
    case 'terminal':
      return { type: 'terminal', terminalId: subject.id };
    case 'project':
      return { type: 'project', projectId: subject.id };
    case 'snapshot':
      return { type: 'snapshot', snapshotId: subject.id };
    case 'forward':
      return { type: 'app', forwardId: subject.id };
    case 'operation':
      return { type: 'operation', operationId: subject.id };
    default:
      return subject satisfies never;
  }
}
