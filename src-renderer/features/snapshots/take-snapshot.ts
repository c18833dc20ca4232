/**
 * Takes a snapshot at once, by the workspace's rules, and tells in a notice how far it is. The notice has room for a note
 * while the reason is still known.
 */
import { createStore } from 'zustand/vanilla';
import type { OperationId, SnapshotId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { BerthError } from '#contract/berth-error.ts';
import { formatBytes, formatClock, formatPercent } from '../../components/format.ts';
import type { PlaneClient } from '../../state/api.ts';
import { isUnderWay } from '../../state/operation-progress.ts';
import type { App } from '../../state/app-context.tsx';
import { snapshotProgress, type SnapshotProgress, standsStill } from './snapshot-progress.ts';
import { workDialogs } from './snapshot-work-dialogs.ts';

export interface TakenSnapshot {
  readonly workspace: Workspace;
  readonly snapshotId: SnapshotId;
  readonly operation: Operation;
}

/** What was begun and is not followed yet: a command begins it, the overlay follows it. */
export const takenSnapshots = createStore<{ readonly taken: readonly TakenSnapshot[] }>(() => ({
  taken: [],
}));

/** Workspaces of which one is being asked for: the same keys again ask for no second one. */
const asking = new Set<string>();

export async function beginSnapshot(workspace: Workspace, client: PlaneClient): Promise<void> {
  if (asking.has(workspace.id)) return;
  asking.add(workspace.id);
  try {
    const made = await client.call('snapshots.create', { workspaceId: workspace.id });
    takenSnapshots.setState(({ taken }) => ({ taken: [...taken, { ...made, workspace }] }));
  } finally {
    asking.delete(workspace.id);
  }
}

/** "1.2 GiB of 3.4 GiB, 0:14 left": what is known of it, and no more. */
export function progressText(progress: SnapshotProgress, isStill: boolean): string {
  const { doneBytes, totalBytes, part, leftMs, isEstimating, doing } = progress;
  const bytes =
    doneBytes === null
      ? part === null
        ? doing
        : formatPercent(part)
      : totalBytes === null
        ? formatBytes(doneBytes)
        : `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
  return [
    bytes,
    ...(leftMs === null ? (isEstimating ? ['estimating…'] : []) : [`${formatClock(leftMs)} left`]),
    ...(isStill ? ['the workspace stands still'] : []),
  ].join(', ');
}

type NoticeApp = Pick<App, 'mirror' | 'notices' | 'view'>;

/** Shows the notice, and keeps it right until the operation has ended. Returns what ends it earlier. */
export function followSnapshot(app: NoticeApp, taken: TakenSnapshot): () => void {
  const { operation, snapshotId, workspace } = taken;
  const addNote = {
    label: 'Add a note',
    run: () =>
      workDialogs.open({
        kind: 'note',
        snapshotId,
        operationId: operation.id,
        workspaceName: workspace.name,
      }),
  };
  const notice = app.notices.begin({ title: `Taking a snapshot of ${workspace.name}`, action: addNote });
  let timer: ReturnType<typeof setInterval> | undefined;
  let stopWatching = () => {};
  const stop = () => {
    clearInterval(timer);
    stopWatching();
  };
  const tell = () => {
    const now = app.mirror.operations.getState().byId.get(operation.id) ?? operation;
    if (isUnderWay(now)) {
      const progress = snapshotProgress(now, Date.now());
      const still = standsStill(app.mirror.workspaces.getState().byId.get(workspace.id), now);
      notice.tell(progressText(progress, still), progress.part);
      return;
    }
    stop();
    end(app, notice, { ...taken, operation: now }, addNote);
  };
  timer = setInterval(tell, 1000);
  stopWatching = app.mirror.operations.subscribe(tell);
  tell();
  return stop;
}

function end(
  app: NoticeApp,
  notice: ReturnType<NoticeApp['notices']['begin']>,
  { workspace, snapshotId, operation }: TakenSnapshot,
  addNote: { label: string; run: () => void },
): void {
  if (operation.state !== 'succeeded') {
    // Why it failed is told as for every operation; this notice only goes.
    notice.fail('', new BerthError('cancelled', 'It was not made.'));
    return;
  }
  const made = app.mirror.snapshots.getState().byId.get(snapshotId);
  notice.done({
    level: 'done',
    title: `Took a snapshot of ${workspace.name}`,
    body:
      made === undefined ? '' : `${formatBytes(made.sizeBytes)}, ${formatBytes(made.contentBytes)} of files.`,
    ...(made?.note ? {} : { action: addNote }),
  });
}

/**
 * A note for a snapshot that may still be in the making: it is written as soon as there is a snapshot to write it to.
 * Resolves when it is written; rejects when the snapshot came to nothing.
 */
export async function noteWhenMade(
  app: Pick<App, 'mirror' | 'client'>,
  { snapshotId, operationId, note }: { snapshotId: SnapshotId; operationId: OperationId; note: string },
): Promise<void> {
  const { snapshots, operations } = app.mirror;
  await new Promise<void>((resolve, reject) => {
    const stops: (() => void)[] = [];
    const look = () => {
      const operation = operations.getState().byId.get(operationId);
      const isMade = snapshots.getState().byId.has(snapshotId) && !(operation && isUnderWay(operation));
      const isLost =
        operation !== undefined && (operation.state === 'failed' || operation.state === 'cancelled');
      if (!isMade && !isLost) return;
      for (const stop of stops) stop();
      if (isMade) resolve();
      else
        reject(new BerthError('not-found', 'The snapshot was not made, so there is nothing to note it on.'));
    };
    stops.push(snapshots.subscribe(look), operations.subscribe(look));
    look();
  });
  await app.client.call('snapshots.change', { id: snapshotId, note });
}
