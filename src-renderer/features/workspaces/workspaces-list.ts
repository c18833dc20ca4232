/** Workspaces as the list shows them: by host, in the order of names, those that fit what was typed. Pure. */
import type { Host } from '#contract/hosts.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { workspaceMark } from '../../state/marks.ts';

export interface HostGroup {
  readonly hostId: Workspace['hostId'];
  /** Undefined: its host was removed. */
  readonly host: Host | undefined;
  readonly workspaces: readonly Workspace[];
}

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** Every word must be in the name, image, project, host or state. */
export function groupedWorkspaces(
  workspaces: readonly Workspace[],
  hosts: ReadonlyMap<string, Host>,
  text: string,
): HostGroup[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const fitting = workspaces.filter((workspace) => {
    const hostName = hosts.get(workspace.hostId)?.name ?? '';
    const all = [
      workspace.name,
      workspace.image,
      workspace.projectName,
      hostName,
      workspaceMark(workspace).word,
    ];
    const where = all.join(' ').toLocaleLowerCase();
    return words.every((word) => where.includes(word));
  });
  return [...Map.groupBy(fitting, (workspace) => workspace.hostId)]
    .map(([hostId, own]) => ({
      hostId,
      host: hosts.get(hostId),
      workspaces: own.sort((a, b) => byName.compare(a.name, b.name)),
    }))
    .sort((a, b) => byName.compare(a.host?.name ?? '\uffff', b.host?.name ?? '\uffff'));
}
