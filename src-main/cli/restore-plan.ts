/** What a restore, a comparison and a rule would do, in lines. Pure. */
import type { KeepPlan } from '#contract/snapshot-rules.ts';
import type { EntryChange, RestorePlan, Snapshot, SnapshotComparison } from '#contract/snapshots.ts';
import { formatBytes, formatCount, formatInstant } from './amounts.ts';
import { labelOf } from './find-snapshot.ts';

const files = (count: number) => formatCount(count, 'entry', 'entries');

/** `comparison`: from the snapshot to what is there now; a restore goes the other way. */
export function describeRestorePlan(plan: RestorePlan, makesSafetySnapshot: boolean): string[] {
  const { comparison, isRunning, openTerminals, changesOutside, mountPoint } = plan;
  const terminals = openTerminals === 0 ? '' : ` and ${formatCount(openTerminals, 'terminal', 'terminals')}`;
  return [
    `Restores the workspace "${plan.workspaceName}" on ${plan.hostName} to ${plan.snapshotLabel}.`,
    comparison === null
      ? '  Changes  its present files could not be compared'
      : `  Changes  brings back ${files(comparison.removed)}, takes away ${files(comparison.added)}, resets ${files(comparison.changed)}`,
    ...(isRunning ? [`  Ends     its programs${terminals}`] : []),
    ...(changesOutside === null || changesOutside === 0
      ? []
      : [
          `  Loses    ${formatCount(changesOutside, 'file', 'files')} changed outside ${mountPoint}, as programs installed there`,
        ]),
    makesSafetySnapshot
      ? '  Keeps    a snapshot of the present files, made first'
      : '  Keeps    no snapshot of the present files',
    `  Undo     until ${formatInstant(plan.undoUntil)}, with: berth snapshot undo`,
    `  Needs    ${formatBytes(plan.needsBytes)} of ${formatBytes(plan.freeBytes)} free on the host`,
  ];
}

const marks: Readonly<Record<EntryChange['change'], string>> = { added: '+', removed: '-', changed: '~' };

export function describeComparison(comparison: SnapshotComparison): string[] {
  const { added, removed, changed, addedBytes, removedBytes, changes, isByContent, isTruncated } = comparison;
  const lines = changes.map(({ change, path, what }) =>
    change === 'changed' ? `${marks[change]} ${path}  (${what.join(', ')})` : `${marks[change]} ${path}`,
  );
  if (added + removed + changed === 0) return ['Nothing differs.'];
  return [
    ...lines,
    ...(isTruncated ? ['… and more than are listed here'] : []),
    `${added} added (${formatBytes(addedBytes)}), ${removed} removed (${formatBytes(removedBytes)}), ${changed} changed`,
    ...(isByContent ? [] : ['Compared by kind, size, time, mode and owner; contents were not read.']),
  ];
}

export function describeKeepPlan(plan: KeepPlan, snapshots: readonly Snapshot[]): string[] {
  const byId = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  const name = (id: Snapshot['id']) => {
    const snapshot = byId.get(id);
    return snapshot === undefined ? id : labelOf(snapshot);
  };
  return [
    ...plan.keeps.map(({ id, reasons }) => `  keeps    ${name(id)}: ${reasons.join(', ')}`),
    ...plan.destroys.map((id) => `  deletes  ${name(id)}`),
    plan.destroys.length === 0
      ? 'Nothing is to be deleted.'
      : `Deletes ${formatCount(plan.destroys.length, 'snapshot', 'snapshots')}, which frees ${formatBytes(plan.freesBytes)}.`,
  ];
}
