/** What the fixture plane answers to whoever makes, restores, schedules, forks, moves and imports. */
import { BerthError } from '#contract/berth-error.ts';
import type { Operation, OperationKind } from '#contract/operations.ts';
import type { Repository } from '#contract/repositories.ts';
import type { SnapshotRules } from '#contract/snapshot-rules.ts';
import type { RestorePlan, RestoreUndo, Snapshot } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { ByteStream } from '#renderer/transport/client.ts';
import type { FixtureCollection, Replies } from './fixture-plane.ts';

export interface SnapshotWorkScene {
  /** `never` compares for ever. */
  readonly restorePlan?: RestorePlan | BerthError | 'never';
  /** The plane takes so many bytes of an import and then no more. */
  readonly importStallsAt?: number;
}

interface Collections {
  readonly workspaces: FixtureCollection<Workspace>;
  readonly snapshots: FixtureCollection<Snapshot>;
  readonly operations: FixtureCollection<Operation>;
  readonly restoreUndos: FixtureCollection<RestoreUndo>;
  readonly snapshotRules: FixtureCollection<SnapshotRules>;
  readonly repositories: FixtureCollection<Repository>;
}

const body = (n: number) => String(n).padStart(20, '0');

/** A moment of the schedule, at the hour that its second word names, on the next days. */
function nextTimes(schedule: string): string[] {
  const [minute = '0', hour = '2'] = schedule.split(' ');
  const fixed = (word: string) => (/^\d+$/.test(word) ? Number(word) : 0);
  return [1, 2, 3, 4, 5].map((day) =>
    new Date(Date.UTC(2026, 10, 26 + day, fixed(hour), fixed(minute))).toISOString(),
  );
}

export function snapshotWorkReplies(
  scene: SnapshotWorkScene,
  collections: Collections,
  found: <T>(value: T | undefined) => T,
): Replies {
  const { workspaces, snapshots, operations, snapshotRules, repositories, restoreUndos } = collections;
  let count = 100;
  const begin = (kind: OperationKind, workspace: Workspace, title: string): Operation => {
    count += 1;
    const now = new Date().toISOString();
    const operation: Operation = {
      id: `op_${body(count)}`,
      kind,
      title,
      subject: { kind: 'workspace', id: workspace.id, name: workspace.name },
      hostId: workspace.hostId,
      state: 'running',
      steps: [
        {
          ...{ id: 'read', title: 'Read the files', state: 'running', startedAt: now, endedAt: null },
          progress: { done: 0, total: 1_000_000, unit: 'bytes', parts: [] },
          note: '',
        },
      ],
      error: null,
      canCancel: true,
      startedAt: now,
      endedAt: null,
    };
    operations.put(operation);
    return operation;
  };
  const workspaceOf = (id: string) => found(workspaces.items.get(id));
  const ofSnapshot = (id: string) => workspaceOf(found(snapshots.items.get(id)).workspaceId);
  return {
    'snapshots.create': ({ workspaceId }) => {
      const workspace = workspaceOf(workspaceId);
      const operation = begin('snapshot.create', workspace, `Take a snapshot of “${workspace.name}”`);
      return { snapshotId: `snap_${body(count)}`, operation };
    },
    'snapshots.restorePlan': () => {
      const { restorePlan } = scene;
      if (restorePlan === 'never') return new Promise(() => undefined);
      if (BerthError.is(restorePlan)) throw restorePlan;
      return found(restorePlan);
    },
    'snapshots.restore': ({ id }) => begin('snapshot.restore', ofSnapshot(id), 'Restore'),
    'snapshots.undoRestore': ({ workspaceId }) => {
      restoreUndos.delete(workspaceId);
      return begin('snapshot.undo-restore', workspaceOf(workspaceId), 'Go back');
    },
    'snapshots.endUndo': ({ workspaceId }) => {
      restoreUndos.delete(workspaceId);
      return begin('snapshot.end-undo', workspaceOf(workspaceId), 'Delete the files from before');
    },
    'snapshotRules.explain': ({ schedule, timeZone }) => {
      const wrong = /[^\d*/,\- ]/.test(schedule);
      if (wrong || !timeZone.includes('/'))
        throw new BerthError('invalid-input', 'The schedule cannot be read.', {
          details: {
            fields: [
              wrong
                ? 'schedule: must hold numbers, *, /, - and commas'
                : 'timeZone: must be the name of a time zone as Europe/Berlin',
            ],
          },
        });
      return { next: nextTimes(schedule) };
    },
    'snapshotRules.set': ({ id, ...change }) => {
      const rules = {
        ...{ schedule: null, timeZone: 'Europe/Berlin', quietHours: null, consistency: 'paused' as const },
        ...{ beforeCommand: null, afterCommand: null, repositoryId: null, keep: null },
        ...{ nextAt: null, lastAt: null, problem: null },
        ...snapshotRules.items.get(id),
        ...change,
        id,
      } as SnapshotRules;
      snapshotRules.put(rules);
      return rules;
    },
    // As many of the newest stay as the first number says, and all that are pinned.
    'snapshotRules.keepPlan': ({ workspaceId, keep }) => {
      const own = [...snapshots.items.values()]
        .filter((snapshot) => snapshot.workspaceId === workspaceId)
        .sort((a, b) => b.createdAt.localeCompare(a.createdAt));
      const stays = (snapshot: Snapshot, index: number) =>
        snapshot.isPinned || index < keep.last || (keep.monthly > 0 && index === own.length - 1);
      const destroyed = own.filter((snapshot, index) => !stays(snapshot, index));
      return {
        keeps: own.filter(stays).map((snapshot, index) => ({
          id: snapshot.id,
          reasons: [
            ...(snapshot.isPinned ? ['pinned'] : []),
            ...(index < keep.last ? ['last'] : [`monthly ${snapshot.createdAt.slice(0, 7)}`]),
            ...(keep.daily > 0 ? [`daily ${snapshot.createdAt.slice(0, 10)}`] : []),
          ],
        })),
        destroys: destroyed.map(({ id }) => id),
        freesBytes: destroyed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      };
    },
    'snapshotRules.apply': ({ workspaceId, destroys }) => {
      for (const id of destroys) snapshots.delete(id);
      return begin('snapshot.destroy', workspaceOf(workspaceId), 'Destroy snapshots');
    },
    'workspaces.fork': ({ snapshotId, name, hostId }) => {
      const model = ofSnapshot(snapshotId);
      const operation = begin('workspace.create', model, `Create “${name}”`);
      const workspace: Workspace = {
        ...model,
        ...{ id: `ws_${body(count)}`, name, hostId: hostId ?? model.hostId, state: 'creating', move: null },
        operationId: operation.id,
      };
      workspaces.put(workspace);
      return { workspace, operation };
    },
    'workspaces.move': ({ id }) => begin('workspace.move', workspaceOf(id), 'Move'),
    'workspaces.confirmMove': ({ id }) =>
      begin('workspace.confirm-move', workspaceOf(id), 'Confirm the move'),
    'workspaces.cancelMove': ({ id }) =>
      begin('workspace.cancel-move', workspaceOf(id), 'Take the move back'),
    'repositories.add': ({ name, hostId, place }) => {
      count += 1;
      const repository: Repository = {
        ...{ id: `repo_${body(count)}`, name, hostId, place, createdAt: new Date().toISOString() },
        ...{ checkedAt: null, problem: null },
      };
      repositories.put(repository);
      return { repository, key: 'Rk4T-9wQm-Zp2L-8vXc-Jn6B-3sHd-Fy7G-0aEu' };
    },
    'repositories.check': ({ id }) => {
      const checked = {
        ...found(repositories.items.get(id)),
        ...{ checkedAt: new Date().toISOString(), problem: null },
      };
      repositories.put(checked);
      return checked;
    },
    'repositories.remove': ({ id }) => {
      repositories.delete(id);
      return {};
    },
  };
}

export interface ReceivedBytes {
  bytes: number;
  /** Of all bytes, each times its place: two files of one size differ in it. */
  sum: number;
}

/** Takes an import as the plane does: a slice at a time, and ends when all of it is there. */
export function importBytes(
  scene: SnapshotWorkScene,
  input: { readonly sizeBytes: number },
  { received, failure }: { received: ReceivedBytes; failure: BerthError | undefined },
): ByteStream {
  const ending = Promise.withResolvers<void>();
  ending.promise.catch(() => undefined);
  received.bytes = 0;
  received.sum = 0;
  const isStalled = () => scene.importStallsAt !== undefined && received.bytes >= scene.importStallsAt;
  return {
    onBytes: () => undefined,
    send: (bytes) => {
      for (const [index, byte] of bytes.entries())
        received.sum = (received.sum + byte * ((received.bytes + index) % 65_521)) % 2 ** 40;
      received.bytes += bytes.byteLength;
      if (failure !== undefined) ending.reject(failure);
      else if (received.bytes >= input.sizeBytes) setTimeout(() => ending.resolve(), 30);
    },
    waitingBytes: 0,
    whenSent: () =>
      isStalled() ? ending.promise.catch(() => undefined) : new Promise((resolve) => setTimeout(resolve)),
    opened: Promise.resolve(),
    ended: ending.promise,
    close: () => ending.resolve(),
  };
}
