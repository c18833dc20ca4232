/**
 * How far a snapshot is that is being made, said only as far as it is known: bytes and files of the step that reads, and
 * the time that this step still needs at the rate it had. Nothing is guessed for the steps after it. Pure.
 */
import type { Operation } from '#contract/operations.ts';
import type { Workspace, WorkspaceState } from '#contract/workspaces.ts';
import { isUnderWay, runningStep, stepLeftMs } from '../../state/operation-progress.ts';

export interface SnapshotProgress {
  /** What it does now, as "Read the files". */
  readonly doing: string;
  /** What the plane adds to it, as "29,904 entries". */
  readonly note: string;
  /** 0 to 1; null: how much there is is not known. */
  readonly part: number | null;
  readonly doneBytes: number | null;
  readonly totalBytes: number | null;
  readonly files: { readonly done: number; readonly total: number | null } | null;
  /** Null where it cannot be said. */
  readonly leftMs: number | null;
  /** The time left cannot be said yet, and will be in a moment. */
  readonly isEstimating: boolean;
}

/** A part of the reading step that counts files beside its bytes. */
const filesPartId = 'files';

export function snapshotProgress(operation: Operation, nowMs: number): SnapshotProgress {
  const step = runningStep(operation);
  const progress = step?.progress ?? null;
  const files = progress?.parts.find(({ id }) => id === filesPartId);
  const isBytes = progress?.unit === 'bytes';
  const total = progress?.total ?? null;
  const leftMs = step === undefined ? null : stepLeftMs(step, nowMs);
  return {
    doing: step?.title ?? (operation.state === 'waiting' ? 'Waiting for the host' : 'About to begin'),
    note: step?.note ?? '',
    part: total === null || total === 0 || progress === null ? null : Math.min(1, progress.done / total),
    doneBytes: isBytes ? progress.done : null,
    totalBytes: isBytes ? total : null,
    files: isBytes
      ? files === undefined
        ? null
        : { done: files.done, total: files.total }
      : progress === null
        ? null
        : { done: progress.done, total },
    leftMs,
    isEstimating: leftMs === null && total !== null && total > 0,
  };
}

/** The snapshot of this workspace that is being made now. */
export function snapshotUnderWay(
  operations: readonly Operation[],
  workspace: Pick<Workspace, 'id' | 'operationId'>,
): Operation | undefined {
  return operations.find(
    ({ id, kind, subject, state }) =>
      kind === 'snapshot.create' &&
      (subject.id === workspace.id || id === workspace.operationId) &&
      isUnderWay({ state }),
  );
}

/** The workspace is frozen while it is read: its programs stand still and go on by themselves. */
export function standsStill(workspace: { state: WorkspaceState } | undefined, operation: Operation): boolean {
  return (
    workspace?.state === 'paused' && operation.kind === 'snapshot.create' && operation.state === 'running'
  );
}
