/** What snapshots give to the window: the timeline, a page for each, the comparison of two, their commands and dialogs. */
import { DatabaseBackup, FileDiff, History, type LucideIcon } from 'lucide-react';
import { lazy } from 'react';
import { defineView, type Feature, type ViewDescription } from '../../state/feature.ts';
import type { AppState } from '../../state/commands.ts';
import { snapshotCommands } from './snapshot-commands.ts';
import { SnapshotDialogs } from './snapshot-overlays.tsx';
import { WorkspaceSnapshotBands, WorkspaceSnapshots } from './snapshot-section.tsx';
import { DiskStatus, SnapshotStatus } from './snapshot-status.tsx';
import { snapshotWorkCommands } from './snapshot-work-commands.ts';
import { SnapshotFollower, SnapshotWorkDialogs, WorkDialogs } from './snapshot-work-overlays.tsx';
import { snapshotInWords, snapshotLabel } from './snapshot-words.ts';

const SnapshotsPage = lazy(() => import('./snapshots-page.tsx'));
const SnapshotPage = lazy(() => import('./snapshot-page.tsx'));
const RepositoriesPage = lazy(() => import('./repositories-page.tsx'));
const ComparePage = lazy(() => import('./compare-page.tsx'));

function describe(id: string, state: AppState, icon: LucideIcon, word: string): ViewDescription {
  const snapshot = state.snapshots.get(id);
  if (snapshot === undefined) return { title: word, icon };
  const hint = `${word} ${snapshotInWords(snapshot)} on ${state.hosts.get(snapshot.hostId)?.name ?? 'a removed host'}`;
  return {
    title: `${snapshot.workspaceName} · ${snapshotLabel(snapshot)}`,
    icon,
    hint,
    mark: snapshot.problem === null ? null : { signal: 'failed', word: 'damaged' },
  };
}

export const snapshotsFeature: Feature = {
  name: 'snapshots',
  commands: [...snapshotWorkCommands, ...snapshotCommands],
  overlays: [SnapshotDialogs, SnapshotWorkDialogs, WorkDialogs, SnapshotFollower],
  statusItems: [SnapshotStatus, DiskStatus],
  workspaceBands: [WorkspaceSnapshotBands],
  workspaceParts: [WorkspaceSnapshots],
  views: [
    defineView({
      type: 'snapshots',
      component: SnapshotsPage,
      describe: () => ({ title: 'Snapshots', icon: History }),
      isFullBleed: true,
    }),
    defineView({
      type: 'snapshot',
      component: SnapshotPage,
      describe: (ref, state) => describe(ref.snapshotId, state, History, 'Snapshot'),
      isFullBleed: true,
    }),
    defineView({
      type: 'repositories',
      component: RepositoriesPage,
      describe: () => ({ title: 'Repositories', icon: DatabaseBackup }),
    }),
    defineView({
      type: 'snapshot-compare',
      component: ComparePage,
      describe: (ref, state) => describe(ref.snapshotId, state, FileDiff, 'Comparison'),
      isFullBleed: true,
    }),
  ],
};
