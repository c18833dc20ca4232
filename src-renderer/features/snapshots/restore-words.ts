/** What a restore changes, ends, drops and keeps, as the lines of its dialog. Says what is not known as not known. Pure. */
import type { RestorePlan, Snapshot, SnapshotComparison } from '#contract/snapshots.ts';
import { formatBytes, formatCount } from '../../components/format.ts';
import { dayAndTime } from './snapshot-words.ts';

/** Which snapshot, within a sentence: “before the upgrade”, or the one of a time. */
export function inQuotes({ name, createdAt }: Pick<Snapshot, 'name' | 'createdAt'>): string {
  return name === null ? `the snapshot of ${dayAndTime(createdAt)}` : `“${name}”`;
}

export interface RestoreLine {
  readonly what: string;
  readonly detail: string | null;
}

const files = (count: number) => formatCount(count, 'file', 'files');

/** The comparison goes from the snapshot to the files of now: what is new since is what a restore takes away. */
export function restoreCounts(comparison: SnapshotComparison): {
  readonly comesBack: number;
  readonly goes: number;
  readonly changes: number;
} {
  return { comesBack: comparison.removed, goes: comparison.added, changes: comparison.changed };
}

export function hasNoDifference(plan: RestorePlan): boolean {
  const { comparison } = plan;
  return comparison !== null && comparison.added + comparison.removed + comparison.changed === 0;
}

export function changeLines({ comparison, mountPoint }: RestorePlan): readonly RestoreLine[] {
  if (comparison === null)
    return [
      {
        what: 'What differs could not be read',
        detail: `All of ${mountPoint} becomes what the snapshot has.`,
      },
    ];
  const { comesBack, goes, changes } = restoreCounts(comparison);
  const line = (count: number, what: string, bytes: number | null): RestoreLine[] =>
    count === 0
      ? []
      : [{ what: `${files(count)} ${what}`, detail: bytes === null ? null : formatBytes(bytes) }];
  return [
    ...line(comesBack, comesBack === 1 ? 'comes back' : 'come back', comparison.removedBytes),
    ...line(
      goes,
      goes === 1 ? 'goes: it is not in the snapshot' : 'go: they are not in the snapshot',
      comparison.addedBytes,
    ),
    ...line(changes, changes === 1 ? 'becomes what it was' : 'become what they were', null),
  ];
}

export function endLines({ isRunning, openTerminals }: RestorePlan): readonly RestoreLine[] {
  if (!isRunning) return [];
  const terminals =
    openTerminals === 0
      ? null
      : `${formatCount(openTerminals, 'open terminal', 'open terminals')} with what runs in ${openTerminals === 1 ? 'it' : 'them'}.`;
  return [
    { what: 'The programs that run in it', detail: 'It is started again afterwards.' },
    ...(terminals === null ? [] : [{ what: terminals, detail: null }]),
  ];
}

/** Not in any snapshot, and in no volume: it goes with the old container. */
export function lostLines({ changesOutside, mountPoint }: RestorePlan): readonly RestoreLine[] {
  if (changesOutside === 0) return [];
  const detail =
    'Programs that were installed there, for example. No snapshot has them; they do not come back.';
  return changesOutside === null
    ? [{ what: `Whatever was changed outside ${mountPoint}: how much is not known`, detail }]
    : [{ what: `${files(changesOutside)} changed outside ${mountPoint}`, detail }];
}

export function keepLines(
  plan: RestorePlan,
  options: { readonly makesSafetySnapshot: boolean; readonly nowMs: number },
): readonly RestoreLine[] {
  const hours = Math.max(1, Math.round((Date.parse(plan.undoUntil) - options.nowMs) / 3_600_000));
  return [
    {
      what: `All files as they are now, for ${formatCount(hours, 'hour', 'hours')}`,
      detail: 'Until then you can go back to them as they were.',
    },
    ...(options.makesSafetySnapshot
      ? [{ what: 'A safety snapshot of the files as they are now', detail: 'It is taken first, and stays.' }]
      : []),
  ];
}

/** Null: it fits, or how much is free is not known. */
export function spaceProblem({ needsBytes, freeBytes, hostName }: RestorePlan): string | null {
  if (freeBytes === null || freeBytes >= needsBytes) return null;
  return `${formatBytes(needsBytes)} are needed, and ${hostName} has ${formatBytes(freeBytes)} free. Delete snapshots or other files there first.`;
}

export function spaceWords({ needsBytes, freeBytes, hostName }: RestorePlan): string {
  const free =
    freeBytes === null ? 'how much is free there is not known' : `${formatBytes(freeBytes)} are free`;
  return `Needs ${formatBytes(needsBytes)} on ${hostName}; ${free}.`;
}
