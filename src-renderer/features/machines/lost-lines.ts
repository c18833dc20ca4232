/** What lies on a machine, as lines for whoever is about to lose it. Pure. */
import type { DestroyPlan } from '#contract/machines.ts';
import { formatCount } from '../../components/format.ts';
import type { PlanLine } from './plan-lines.tsx';

/** More names than this are counted. */
const NAMED_WORKSPACES = 8;

/** Providers delete a machine’s backups with the machine; a snapshot of it stays. */
export const backupsLine: PlanLine = {
  key: 'backups',
  text: 'The provider’s backups of it',
  detail: 'They end with it. Snapshots of the whole machine stay.',
};

export function onMachineLines({
  workspaces,
  otherWorkspaces,
  snapshots,
}: Pick<DestroyPlan, 'workspaces' | 'otherWorkspaces' | 'snapshots'>): PlanLine[] {
  const lines: PlanLine[] = workspaces.slice(0, NAMED_WORKSPACES).map(({ id, name, isRunning }) => ({
    key: id,
    text: `The workspace ${name}, with its files`,
    ...(isRunning ? { detail: 'It is running: programs in it end.' } : {}),
  }));
  const unnamed = workspaces.length - NAMED_WORKSPACES;
  if (unnamed > 0)
    lines.push({
      key: 'more',
      text: `${formatCount(unnamed, 'more workspace', 'more workspaces')} of yours, with files`,
    });
  if (otherWorkspaces > 0)
    lines.push({
      key: 'others',
      text: `${formatCount(otherWorkspaces, 'workspace of somebody else', 'workspaces of other people')}, with files`,
    });
  if (snapshots > 0)
    lines.push({
      key: 'snapshots',
      text: `${formatCount(snapshots, 'snapshot of a workspace', 'snapshots of workspaces')} that ${snapshots === 1 ? 'lies' : 'lie'} nowhere else`,
    });
  return lines;
}
