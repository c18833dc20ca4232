/**
 * Restoring a workspace so that nothing can be lost: a safety snapshot, a new volume filled and compared entry by entry with
 * the manifest, and only then another container, on that volume. The volume from before stays. Taking a restore back is the
 * same exchange the other way round.
 */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { HostId, type OperationId, SnapshotId, UserId, WorkspaceId } from '#contract/ids.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { OperationDefinition, StepContext, StepDefinition } from '../operations/operation-definition.ts';
import { asMade } from '../workspaces/access-password.ts';
import { label } from '../workspaces/labels.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import { ensureImage } from '../workspaces/workspace-image.ts';
import * as parts from '../workspaces/workspace-parts.ts';
import { labelsFor, readLabels, remoteName } from '../workspaces/workspace-spec.ts';
import { type AccessSource, accessOf } from './repository-access.ts';
import { type ArchiveWork, tellProgress } from './archive-work.ts';
import { type FoundSnapshot, labelOf, type SnapshotRecord, toSnapshot } from './manifest.ts';
import type { RestoreUndos } from './restore-undos.ts';
import type { SnapshotDirectory } from './snapshot-directory.ts';
import { helperName, type HelperWork, workHelper } from './helper-work.ts';

const RestoreInput = z.object({
  id: SnapshotId,
  workspaceId: WorkspaceId,
  userId: UserId,
  /** Of the safety snapshot; null: none is made. */
  safetyId: SnapshotId.nullable(),
});
type RestoreInput = z.infer<typeof RestoreInput>;
const WorkspaceInput = z.object({ workspaceId: WorkspaceId, userId: UserId });
type WorkspaceInput = z.infer<typeof WorkspaceInput>;
const EndUndoInput = z.object({ workspaceId: WorkspaceId, hostId: HostId, volumeName: z.string() });

export interface RestoreDeps {
  readonly snapshots: SnapshotDirectory;
  readonly workspaces: WorkspaceDirectory;
  readonly undos: RestoreUndos;
  readonly access: AccessSource;
  readonly safety: ArchiveWork;
  readonly contentsOf: parts.ContentsOf;
  readonly stopGraceSeconds: (userId: UserId) => number;
  readonly undoHours: (userId: UserId) => number;
  readonly clock: Clock;
  readonly onSettled: (id: WorkspaceId) => void;
}

export interface RestoreOperations {
  readonly restore: OperationDefinition<RestoreInput>;
  readonly undoRestore: OperationDefinition<WorkspaceInput>;
  readonly endUndo: OperationDefinition<z.infer<typeof EndUndoInput>>;
}

/** Fills an empty volume from a snapshot of the same host, and compares it with the manifest. May be repeated. */
export async function fillVolume(
  context: StepContext<unknown>,
  link: parts.ReadyLink,
  { record, volumeName, access }: { record: FoundSnapshot; volumeName: string; access: AccessSource },
): Promise<void> {
  const work = fillWork(context.operationId, record, volumeName);
  context.log(
    `${record.manifest.repository === undefined ? `zstd -dc ${record.id}/data.tar.zst` : `restic dump ${record.manifest.repository.snapshot.slice(0, 8)} /data.tar`} | tar -xpf - --xattrs --numeric-owner -C ${volumeName}`,
    'command',
  );
  await workHelper(context, link, work, {
    onEvent: (event) => tellProgress(context, event),
    access: () => accessOf(record, access),
  });
  await link.engine.endHelper(helperName(work));
  context.note(`${record.manifest.entries.count.toLocaleString('en')} entries, compared with the manifest`);
}

export function endFill(link: parts.ReadyLink, operationId: OperationId): Promise<void> {
  return link.engine.endHelper(helperName({ purpose: 'restore', id: operationId }));
}

function fillWork(operationId: OperationId, record: FoundSnapshot, volumeName: string): HelperWork {
  const isForeign = record.manifest.isImported === true;
  return {
    purpose: 'restore',
    id: operationId,
    snapshotId: record.id,
    store: 'write',
    volume: { name: volumeName, isReadOnly: false },
    // An archive of unknown making gets no rights to make devices.
    rights: isForeign ? 'write' : 'write-own',
    args: [
      'restore',
      '--store=/store',
      `--id=${record.id}`,
      '--target=/data',
      ...(isForeign ? ['--no-devices'] : []),
    ],
  };
}

interface Exchange {
  readonly from: string;
  readonly to: string;
  readonly wasRunning: boolean;
}

export function defineRestoreOperations(deps: RestoreDeps): RestoreOperations {
  const { snapshots, workspaces, undos, safety, clock } = deps;
  type Context = StepContext<RestoreInput | WorkspaceInput>;
  const recordOf = (context: Context) => workspaces.require(context.input.workspaceId);
  const exchangeOf = (context: Context) => context.memory.exchange as Exchange;

  /** The container on one of the two volumes, and no other. Its definition and name are the record's. */
  async function exchange(context: Context, volumeName: string): Promise<void> {
    const { workspaceId, userId } = context.input;
    await workspaces.change(workspaceId, { volumeName });
    const record = recordOf(context);
    const { engine } = parts.readyLink(context);
    for (const container of await engine.listContainers({ [label.workspace]: workspaceId })) {
      if (readLabels(container)?.volumeName === volumeName) continue;
      context.log(`docker rm --force ${container.name}`, 'command');
      await engine.removeContainer(container.id);
    }
    await parts.ensureNetwork(context, record);
    await parts.ensureContainer(context, {
      record,
      ...(await deps.contentsOf(record)),
      stopGraceSeconds: deps.stopGraceSeconds(userId),
    });
    await workspaces.change(workspaceId, { accessPassword: asMade(record.accessPassword) });
  }

  const stop: StepDefinition<RestoreInput | WorkspaceInput> = {
    id: 'stop',
    title: 'Stop the workspace',
    run: (context) =>
      parts.stopContainer(context, recordOf(context), deps.stopGraceSeconds(context.input.userId)),
    async undo(context) {
      if (exchangeOf(context).wasRunning) await parts.startContainer(context, recordOf(context));
    },
  };
  const swap: StepDefinition<RestoreInput | WorkspaceInput> = {
    id: 'swap',
    title: 'Make its container on the other volume',
    run: (context) => exchange(context, exchangeOf(context).to),
    undo: (context) => exchange(context, exchangeOf(context).from),
  };
  const start: StepDefinition<RestoreInput | WorkspaceInput> = {
    id: 'start',
    title: 'Start it',
    async run(context) {
      if (!exchangeOf(context).wasRunning) return context.note('it was stopped and stays so');
      await parts.startContainer(context, recordOf(context));
      await parts.waitUntilSettled(context, recordOf(context), clock);
    },
    undo: (context) =>
      parts.stopContainer(context, recordOf(context), deps.stopGraceSeconds(context.input.userId)),
  };

  const plan: StepDefinition<RestoreInput> = {
    id: 'check',
    title: 'Check the host and the snapshot',
    async run(context) {
      const record = recordOf(context);
      const source = snapshots.require(context.input.id);
      requireSameHost(source, record);
      const volumeName = `${remoteName(record.id)}-${context.operationId.slice('op_'.length, 'op_'.length + 8)}`;
      context.memory.exchange = {
        from: record.volumeName,
        to: volumeName,
        wasRunning: record.desired === 'running',
      } satisfies Exchange;
      const { image } = await ensureImage(context, record.definition);
      if (image !== record.definition.image)
        await workspaces.change(record.id, { definition: { ...record.definition, image } });
      if (context.input.safetyId === null) return;
      await safety.prepare(context, record, {
        snapshotId: context.input.safetyId,
        consistency: 'paused',
        beforeCommand: null,
        afterCommand: null,
        longMatching: false,
        name: null,
        note: `Before the restore of ${labelOf(toSnapshot(source, false))}`,
        reason: 'safety',
        repositoryId: source.manifest.about.repositoryId,
      });
    },
    async undo({ input, operationId }) {
      if (workspaces.record(input.workspaceId)?.pausedBy === operationId)
        await workspaces.change(input.workspaceId, { pausedBy: null });
    },
  };
  const makeSafety: StepDefinition<RestoreInput> = {
    id: 'safety',
    title: 'Take a safety snapshot',
    async run(context) {
      if (context.input.safetyId === null) return context.note('not wanted');
      await safety.archive(context);
      await snapshots.put(await safety.check(context));
      await safety.settle(context);
    },
    async undo(context) {
      if (context.input.safetyId === null) return;
      await safety.undo(context);
      await snapshots.remove(context.input.safetyId);
    },
  };
  const fill: StepDefinition<RestoreInput> = {
    id: 'fill',
    title: 'Fill a new volume and compare it',
    async run(context) {
      const record = recordOf(context);
      const { to } = exchangeOf(context);
      const link = parts.readyLink(context);
      context.log(`docker volume create ${to}`, 'command');
      await link.engine.ensureVolume(to, labelsFor({ ...record, volumeName: to }, context.operationId));
      await fillVolume(context, link, {
        record: snapshots.require(context.input.id),
        volumeName: to,
        access: deps.access,
      });
    },
    async undo(context) {
      await endFill(parts.readyLink(context), context.operationId);
      await parts.removeOwnVolume(context, exchangeOf(context).to, context.operationId);
    },
  };

  const untilOf = (userId: UserId) =>
    new Date(clock.nowMs() + deps.undoHours(userId) * 3_600_000).toISOString();

  return {
    restore: {
      kind: 'snapshot.restore',
      parseInput: (value) => RestoreInput.parse(value),
      steps: [
        plan,
        makeSafety,
        fill,
        stop,
        swap,
        start,
        {
          id: 'keep',
          title: 'Keep the files from before',
          async run(context) {
            const { workspaceId, userId, id } = context.input;
            const volumeName = exchangeOf(context).from;
            const until = untilOf(userId);
            await undos.put({
              id: volumeName,
              volumeName,
              workspaceId,
              hostId: recordOf(context).hostId,
              snapshotId: id,
              snapshotLabel: labelOf(snapshots.snapshot(id)),
              restoredAt: instantOf(clock),
              until,
              sizeBytes: null,
            });
            context.note(`until ${until}`);
          },
        },
      ],
      recover: 'finish',
      canCancel: true,
      async onEnd(operation, { workspaceId }) {
        if (operation.state === 'succeeded')
          await workspaces.change(workspaceId, { problem: null, hasGivenUp: false, note: undefined });
        deps.onSettled(workspaceId);
      },
    },
    undoRestore: {
      kind: 'snapshot.undo-restore',
      parseInput: (value) => WorkspaceInput.parse(value),
      steps: [
        {
          id: 'check',
          title: 'Look for the files from before',
          async run(context) {
            const record = recordOf(context);
            const undo = undos.require(record.id);
            const { engine } = parts.readyLink(context);
            const volumes = await engine.listVolumes({}, context.signal);
            if (!volumes.some(({ name }) => name === undo.volumeName)) {
              await undos.remove(undo.volumeName);
              throw new BerthError(
                'conflict',
                'The volume from before the restore is not on the host any more.',
              );
            }
            context.memory.exchange = {
              from: record.volumeName,
              to: undo.volumeName,
              wasRunning: record.desired === 'running',
            } satisfies Exchange;
            context.memory.undo = undo;
          },
        },
        stop,
        swap,
        start,
        {
          id: 'keep',
          title: 'Keep the restored files',
          async run(context) {
            const { from, to } = exchangeOf(context);
            const undo = context.memory.undo as Parameters<RestoreUndos['put']>[0];
            // What was changed since the restore is not lost either: going back can be taken back.
            await undos.put({
              ...undo,
              id: from,
              volumeName: from,
              restoredAt: instantOf(clock),
              until: untilOf(context.input.userId),
            });
            await undos.remove(to);
          },
        },
      ],
      recover: 'finish',
      canCancel: false,
      async onEnd(_operation, { workspaceId }) {
        deps.onSettled(workspaceId);
      },
    },
    endUndo: {
      kind: 'snapshot.end-undo',
      parseInput: (value) => EndUndoInput.parse(value),
      steps: [
        {
          id: 'volume',
          title: 'Destroy the volume from before',
          async run(context) {
            const { volumeName, hostId } = context.input;
            // Never the one that a workspace has now, whatever the records say.
            if (!workspaces.onHost(hostId).some((record) => record.volumeName === volumeName))
              await parts.removeVolume(context, parts.readyLink(context).engine, volumeName);
            await undos.remove(volumeName);
          },
        },
      ],
      recover: 'finish',
      onFailure: 'keep',
      canCancel: false,
      async onEnd(_operation, { workspaceId }) {
        deps.onSettled(workspaceId);
      },
    },
  };
}

export function requireSameHost(snapshot: SnapshotRecord, workspace: WorkspaceRecord): void {
  if (snapshot.hostId === workspace.hostId) return;
  throw new BerthError(
    'conflict',
    `The snapshot is on another host than “${workspace.name}”. Make a new workspace from it instead.`,
  );
}
