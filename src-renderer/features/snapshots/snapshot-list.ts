/** Which snapshots the timeline shows, in which order and under which day. Pure; `now` is given. */
import type { Host } from '#contract/hosts.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import { reasonWords, snapshotLabel } from './snapshot-words.ts';

export interface SnapshotFilter {
  readonly workspaceId: string | null;
  readonly hostId: string | null;
  readonly text: string;
}

export const noFilter: SnapshotFilter = { workspaceId: null, hostId: null, text: '' };

export function isFiltering(filter: SnapshotFilter): boolean {
  return filter.workspaceId !== null || filter.hostId !== null || filter.text.trim() !== '';
}

/** The newest first. Words are looked for in the name, the note, the workspace, the host, and why it was made. */
export function listedSnapshots(
  snapshots: readonly Snapshot[],
  filter: SnapshotFilter,
  hosts: ReadonlyMap<string, Pick<Host, 'name'>>,
): Snapshot[] {
  const words = filter.text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return snapshots
    .filter(
      (snapshot) =>
        (filter.workspaceId === null || snapshot.workspaceId === filter.workspaceId) &&
        (filter.hostId === null || snapshot.hostId === filter.hostId) &&
        (words.length === 0 || hasWords(snapshot, words, hosts)),
    )
    .sort(newestFirst);
}

function hasWords(
  snapshot: Snapshot,
  words: readonly string[],
  hosts: ReadonlyMap<string, Pick<Host, 'name'>>,
): boolean {
  const where = [
    snapshotLabel(snapshot),
    snapshot.note,
    snapshot.workspaceName,
    hosts.get(snapshot.hostId)?.name ?? '',
    snapshot.image,
    snapshot.consistency,
    reasonWords[snapshot.reason],
    snapshot.isPinned ? 'pinned' : '',
    snapshot.problem === null ? '' : 'damaged',
    snapshot.verifiedAt === null ? '' : 'verified',
  ]
    .join(' ')
    .toLocaleLowerCase();
  return words.every((word) => where.includes(word));
}

export function newestFirst(a: Snapshot, b: Snapshot): number {
  return b.createdAt.localeCompare(a.createdAt) || a.id.localeCompare(b.id);
}

export type TimelineRow =
  | { readonly kind: 'day'; readonly key: string; readonly label: string; readonly count: number }
  | { readonly kind: 'snapshot'; readonly key: string; readonly snapshot: Snapshot };

/** A day's heading, then its snapshots. `sorted` is newest first; days are those of this computer's clock. */
export function timelineRows(sorted: readonly Snapshot[], now: Date): TimelineRow[] {
  const byDay = Map.groupBy(sorted, ({ createdAt }) => dayKey(new Date(createdAt)));
  return [...byDay].flatMap(([key, own]): TimelineRow[] => [
    { kind: 'day', key, label: dayLabel(new Date(own[0]!.createdAt), now), count: own.length },
    ...own.map((snapshot) => ({ kind: 'snapshot' as const, key: snapshot.id, snapshot })),
  ]);
}

function dayKey(date: Date): string {
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

const thisYear = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });
const otherYear = new Intl.DateTimeFormat('en-GB', {
  ...{ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' },
});

/** "Today", "Yesterday", "Monday 23 November", and with the year where it is another. */
export function dayLabel(date: Date, now: Date): string {
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  const format = date.getFullYear() === now.getFullYear() ? thisYear : otherYear;
  if (dayKey(date) === dayKey(now)) return 'Today';
  if (dayKey(date) === dayKey(yesterday)) return 'Yesterday';
  return format.format(date);
}

/** Workspaces that have snapshots, by name: also those that were destroyed since. */
export function workspacesOf(
  snapshots: readonly Snapshot[],
  present: ReadonlyMap<string, { readonly name: string }>,
): { readonly id: string; readonly name: string; readonly isGone: boolean }[] {
  const last = new Map<string, Snapshot>();
  for (const snapshot of snapshots) {
    const before = last.get(snapshot.workspaceId);
    if (before === undefined || before.createdAt < snapshot.createdAt)
      last.set(snapshot.workspaceId, snapshot);
  }
  return [...last.values()]
    .map(({ workspaceId, workspaceName }) => ({
      id: workspaceId,
      name: present.get(workspaceId)?.name ?? workspaceName,
      isGone: !present.has(workspaceId),
    }))
    .sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true, sensitivity: 'base' }));
}
