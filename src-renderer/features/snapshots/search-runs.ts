/** How the hits of a search are told: for each path the snapshots that have it, equal content joined to one line. Pure. */
import type { SearchHit, Snapshot } from '#contract/snapshots.ts';
import { newestFirst } from './snapshot-list.ts';

export interface FoundRun {
  /** The newest of the run: what is shown and saved is this. */
  readonly snapshot: Snapshot;
  readonly entry: SearchHit['found'][number]['entry'];
  /** The oldest of the run. The newest itself: it stands alone. */
  readonly since: Snapshot;
  readonly count: number;
}

export interface FoundInWorkspace {
  readonly workspaceId: string;
  readonly workspaceName: string;
  readonly runs: readonly FoundRun[];
}

/** Entries are equal when their content is; where nobody knows that, when kind, size, time and target are. */
function sameness({ kind, sha256, sizeBytes, modifiedAtMs, target }: FoundRun['entry']): string {
  return sha256 ?? [kind, sizeBytes, modifiedAtMs, target ?? ''].join(' ');
}

/** By workspace, the one with the newest first. Snapshots that are gone meanwhile are left out. */
export function foundRuns(hit: SearchHit, snapshots: ReadonlyMap<string, Snapshot>): FoundInWorkspace[] {
  const found = hit.found
    .flatMap(({ snapshotId, entry }) => {
      const snapshot = snapshots.get(snapshotId);
      return snapshot ? [{ snapshot, entry }] : [];
    })
    .sort((a, b) => newestFirst(a.snapshot, b.snapshot));
  const byWorkspace = Map.groupBy(found, ({ snapshot }) => snapshot.workspaceId);
  return [...byWorkspace].map(([workspaceId, own]) => {
    const runs: FoundRun[] = [];
    for (const { snapshot, entry } of own) {
      const last = runs.at(-1);
      if (last && sameness(last.entry) === sameness(entry))
        runs[runs.length - 1] = { ...last, since: snapshot, count: last.count + 1 };
      else runs.push({ snapshot, entry, since: snapshot, count: 1 });
    }
    return { workspaceId, workspaceName: own[0]!.snapshot.workspaceName, runs };
  });
}
