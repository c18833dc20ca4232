/**
 * Moving a workspace to another host: it is stopped, read into a snapshot, copied through Berth's two connections, compared
 * there, and made and started on the other host. The source stays stopped with all its files until a person confirms, or
 * takes the move back. Until the last step everything that was made is taken back if something fails.
 */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { HostId, SnapshotId, UserId, WorkspaceId } from '#contract/ids.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { OperationDefinition, StepContext, StepDefinition } from '../operations/operation-definition.ts';
import { asMade } from '../workspaces/access-password.ts';
import { fullDiskBehind, readSpace, requireSpace } from '../workspaces/host-space.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import { ensureImage } from '../workspaces/workspace-image.ts';
import * as parts from '../workspaces/workspace-parts.ts';
import { remoteName } from '../workspaces/workspace-spec.ts';
import { type ArchiveWork, removeSnapshots } from './archive-work.ts';
import { copySnapshot } from './copy-snapshot.ts';
import type { AccessSource } from './repository-access.ts';
import { endFill, fillVolume } from './restore-operations.ts';
import type { SnapshotDirectory } from './snapshot-directory.ts';
import { helperName } from './helper-work.ts';

const MoveInput = z.object({
  id: WorkspaceId,
  userId: UserId,
  toHostId: HostId,
  copyId: WorkspaceId,
  snapshotId: SnapshotId,
  copySnapshotId: SnapshotId,
});
type MoveInput = z.infer<typeof MoveInput>;
const EndInput = z.object({ sourceId: WorkspaceId, copyId: WorkspaceId, userId: UserId });
type EndInput = z.infer<typeof EndInput>;

export interface MoveDeps {
  readonly snapshots: SnapshotDirectory;
  readonly workspaces: WorkspaceDirectory;
  readonly archive: ArchiveWork;
  readonly access: AccessSource;
  readonly contentsOf: parts.ContentsOf;
  readonly stopGraceSeconds: (userId: UserId) => number;
  readonly clock: Clock;
  readonly onSettled: (id: WorkspaceId) => void;
  /** The copy is the workspace from now on: what belongs to the source by its id goes over. */
  readonly onConfirmed: (sourceId: WorkspaceId, copyId: WorkspaceId) => Promise<void>;
  /** Volumes of the source beside its own: those from before restores. */
  readonly extraVolumes: (id: WorkspaceId) => string[];
}

export interface MoveOperations {
  readonly move: OperationDefinition<MoveInput>;
  readonly confirm: OperationDefinition<EndInput>;
  readonly cancel: OperationDefinition<EndInput>;
}

export function defineMoveOperations(deps: MoveDeps): MoveOperations {
  const { snapshots, workspaces, archive, clock } = deps;
  type Context = StepContext<MoveInput>;
  const sourceOf = ({ input }: Context) => workspaces.require(input.id);
  const copyOf = ({ input }: Context) => workspaces.require(input.copyId);
  const there = <I extends { readonly toHostId: HostId }>(context: StepContext<I>): StepContext<I> => ({
    ...context,
    link: () => context.link(context.input.toHostId),
  });
  /** What fills the other host's disk is told as that. */
  const fillsThere = (step: StepDefinition<MoveInput>): StepDefinition<MoveInput> => ({
    ...step,
    async run(context) {
      const link = parts.readyLink(there(context));
      try {
        await step.run(context);
      } catch (error) {
        context.signal.throwIfAborted();
        throw await fullDiskBehind(error, link, context.signal);
      }
    },
  });
  const wasRunning = (context: Context) => context.memory.wasRunning === true;

  const check: StepDefinition<MoveInput> = {
    id: 'check',
    title: 'Check both hosts',
    async run(context) {
      const source = sourceOf(context);
      const { connection, engineInfo, hostName } = parts.readyLink(there(context));
      parts.requireRuntime(source.definition.runtime, engineInfo);
      const space = await readSpace(connection, engineInfo.rootFolder, context.signal);
      if (space !== undefined) requireSpace(space, hostName, engineInfo.rootFolder);
      context.memory.wasRunning = source.desired === 'running';
      if (workspaces.record(context.input.copyId) !== undefined) return;
      await workspaces.add({
        ...source,
        id: context.input.copyId,
        hostId: context.input.toHostId,
        volumeName: remoteName(context.input.copyId),
        desired: 'stopped',
        lastKnown: null,
        problem: null,
        note: undefined,
        isMade: false,
        isAdopted: false,
        hasGivenUp: false,
        pausedBy: null,
        accessPassword: asMade(source.accessPassword),
        move: { role: 'copy', otherId: source.id, otherHostId: source.hostId, movedAt: instantOf(clock) },
      });
    },
    undo: (context) => workspaces.remove(context.input.copyId),
  };
  const image: StepDefinition<MoveInput> = {
    id: 'image',
    title: 'Get the image on the other host',
    async run(context) {
      const { definition } = copyOf(context);
      const { image, digest } = await ensureImage(there(context), definition);
      await workspaces.change(context.input.copyId, {
        imageDigest: digest,
        definition: { ...definition, image },
      });
    },
  };
  const stop: StepDefinition<MoveInput> = {
    id: 'stop',
    title: 'Stop the workspace',
    async run(context) {
      await workspaces.change(context.input.id, { desired: 'stopped' });
      await parts.stopContainer(context, sourceOf(context), deps.stopGraceSeconds(context.input.userId));
    },
    async undo(context) {
      if (!wasRunning(context)) return;
      await workspaces.change(context.input.id, { desired: 'running' });
      await parts.startContainer(context, sourceOf(context));
    },
  };
  const plan: StepDefinition<MoveInput> = {
    id: 'prepare',
    title: 'Look at its files',
    run: (context) =>
      archive.prepare(context, sourceOf(context), {
        snapshotId: context.input.snapshotId,
        consistency: 'stopped',
        beforeCommand: null,
        afterCommand: null,
        longMatching: false,
        name: null,
        note: `Before the move to “${parts.readyLink(there(context)).hostName}”`,
        reason: 'move',
        repositoryId: null,
      }),
  };
  const read: StepDefinition<MoveInput> = {
    id: 'archive',
    title: 'Read the files',
    run: (context) => archive.archive(context),
    undo: (context) => archive.undo(context),
  };
  const readBack: StepDefinition<MoveInput> = {
    id: 'verify',
    title: 'Read them back and check',
    async run(context) {
      await snapshots.put(await archive.check(context));
      await archive.settle(context);
    },
    undo: (context) => snapshots.remove(context.input.snapshotId),
  };
  const copy: StepDefinition<MoveInput> = {
    id: 'copy',
    title: 'Copy to the other host',
    async run(context) {
      const source = snapshots.require(context.input.snapshotId);
      const record = copyOf(context);
      const made = await copySnapshot(context, {
        from: parts.readyLink(context),
        to: parts.readyLink(there(context)),
        source,
        id: context.input.copySnapshotId,
        about: {
          ...source.manifest.about,
          ownerId: record.ownerId,
          workspaceId: record.id,
          workspaceName: record.name,
          note: 'As it was moved',
        },
      });
      await snapshots.put(made);
    },
    async undo(context) {
      const link = parts.readyLink(there(context));
      await link.engine.endHelper(helperName({ purpose: 'import', id: context.operationId }));
      await removeSnapshots(context, link, [context.input.copySnapshotId]);
      await snapshots.remove(context.input.copySnapshotId);
    },
  };
  const network: StepDefinition<MoveInput> = {
    id: 'network',
    title: 'Make its network',
    run: (context) => parts.ensureNetwork(there(context), copyOf(context)),
    undo: (context) => parts.removeNetworks(there(context), context.input.copyId),
  };
  const fill: StepDefinition<MoveInput> = {
    id: 'fill',
    title: 'Fill its volume and compare it',
    async run(context) {
      const record = copyOf(context);
      await parts.ensureVolume(there(context), record);
      await fillVolume(context, parts.readyLink(there(context)), {
        record: snapshots.require(context.input.copySnapshotId),
        volumeName: record.volumeName,
        access: deps.access,
      });
    },
    async undo(context) {
      await endFill(parts.readyLink(there(context)), context.operationId);
      await parts.removeOwnVolume(there(context), remoteName(context.input.copyId), context.operationId);
    },
  };
  const container: StepDefinition<MoveInput> = {
    id: 'container',
    title: 'Make its container',
    async run(context) {
      const record = copyOf(context);
      await parts.ensureContainer(there(context), {
        record,
        ...(await deps.contentsOf(record)),
        stopGraceSeconds: deps.stopGraceSeconds(context.input.userId),
      });
    },
    undo: (context) => parts.removeContainers(there(context), context.input.copyId),
  };
  const start: StepDefinition<MoveInput> = {
    id: 'start',
    title: 'Start it there',
    async run(context) {
      if (!wasRunning(context)) return context.note('it was stopped and stays so');
      await parts.startContainer(there(context), copyOf(context));
      await parts.waitUntilSettled(there(context), copyOf(context), clock);
    },
  };
  const mark: StepDefinition<MoveInput> = {
    id: 'mark',
    title: 'Hand over',
    async run(context) {
      const { id, copyId, toHostId } = context.input;
      const source = sourceOf(context);
      const movedAt = instantOf(clock);
      await workspaces.change(copyId, {
        isMade: true,
        desired: wasRunning(context) ? 'running' : 'stopped',
        move: { role: 'copy', otherId: id, otherHostId: source.hostId, movedAt },
      });
      await workspaces.change(id, {
        move: { role: 'source', otherId: copyId, otherHostId: toHostId, movedAt },
      });
    },
  };

  /** All that a workspace has on its host, but for its snapshots. */
  async function destroy(context: StepContext<EndInput>, id: WorkspaceId): Promise<void> {
    const record = workspaces.record(id);
    if (record === undefined) return;
    const at: StepContext<EndInput> = { ...context, link: () => context.link(record.hostId) };
    await parts.removeContainers(at, id);
    await parts.removeNetworks(at, id);
    const { engine } = parts.readyLink(at);
    for (const name of [record.volumeName, ...deps.extraVolumes(id)])
      await parts.removeVolume(at, engine, name);
  }

  return {
    move: {
      kind: 'workspace.move',
      parseInput: (value) => MoveInput.parse(value),
      steps: [
        ...[check, image, stop, plan, read, readBack],
        ...[copy, network, fill, container, start].map(fillsThere),
        mark,
      ],
      recover: 'finish',
      canCancel: true,
      async onEnd(operation, { id, copyId }) {
        // Ended without taking back (a host was removed from Berth): the source is a workspace as before.
        if (operation.state !== 'succeeded' && workspaces.record(copyId)?.isMade === false)
          await workspaces.remove(copyId);
        deps.onSettled(id);
        deps.onSettled(copyId);
      },
    },
    confirm: {
      kind: 'workspace.confirm-move',
      parseInput: (value) => EndInput.parse(value),
      steps: [
        {
          id: 'source',
          title: 'Destroy the source with its files',
          run: (context) => destroy(context, context.input.sourceId),
        },
      ],
      recover: 'finish',
      onFailure: 'keep',
      canCancel: false,
      async onEnd(operation, { sourceId, copyId }) {
        if (operation.state === 'succeeded') {
          await deps.onConfirmed(sourceId, copyId);
          await workspaces.change(copyId, { move: null });
          await workspaces.remove(sourceId);
        }
        deps.onSettled(copyId);
      },
    },
    cancel: {
      kind: 'workspace.cancel-move',
      parseInput: (value) => EndInput.parse(value),
      steps: [
        {
          id: 'copy',
          title: 'Destroy the copy with its files',
          async run(context) {
            const copied = workspaces.record(context.input.copyId);
            context.memory.isWanted = copied?.desired === 'running';
            await destroy(context, context.input.copyId);
          },
        },
        {
          id: 'source',
          title: 'Give the source back',
          async run(context) {
            const { sourceId, copyId } = context.input;
            const isWanted = context.memory.isWanted === true;
            // Here and now: who compares wish and truth later may not know that it was Berth that had stopped it.
            if (isWanted) await parts.startContainer(context, workspaces.require(sourceId));
            await workspaces.remove(copyId);
            await workspaces.change(sourceId, {
              move: null,
              ...(isWanted ? { desired: 'running' as const } : {}),
            });
          },
        },
      ],
      recover: 'finish',
      onFailure: 'keep',
      canCancel: false,
      async onEnd(_operation, { sourceId }) {
        deps.onSettled(sourceId);
      },
    },
  };
}

/** The two of a move that waits for its confirmation, from either of them. */
export function pairOf(
  workspaces: WorkspaceDirectory,
  id: WorkspaceId,
): { source: WorkspaceRecord; copy: WorkspaceRecord } {
  const record = workspaces.require(id);
  const other = record.move === null ? undefined : workspaces.record(record.move.otherId);
  if (record.move === null || other === undefined)
    throw new BerthError(
      'conflict',
      `“${record.name}” has not been moved, or its move was confirmed already.`,
    );
  return record.move.role === 'source' ? { source: record, copy: other } : { source: other, copy: record };
}
