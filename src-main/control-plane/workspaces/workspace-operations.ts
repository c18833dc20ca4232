/**
 * The long work on workspaces, step by step. Every step finds what it made before by label, so that it can be repeated
 * after a crash; what creating made is taken back in reverse. All kinds recover by finishing: what a person asked for
 * stays asked for.
 */
import { BerthError } from '#contract/berth-error.ts';
import { HostId, SnapshotId, UserId, type WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import { KeptVolume, Workspace } from '#contract/workspaces.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { OperationDefinition, StepContext, StepDefinition } from '../operations/operation-definition.ts';
import { asMade } from './access-password.ts';
import { readSpace, requireSpace } from './host-space.ts';
import type { WorkspaceRecord } from './workspace.ts';
import type { WorkspaceDirectory } from './workspace-directory.ts';
import { ensureImage } from './workspace-image.ts';
import * as parts from './workspace-parts.ts';

export interface WorkspaceInput {
  readonly id: WorkspaceId;
  readonly userId: UserId;
}
export interface CreateInput extends WorkspaceInput {
  /** The snapshot whose files fill the new volume. */
  readonly snapshotId: SnapshotId | null;
  /** What a copy of that snapshot is called on this host, if it is of another one. */
  readonly copySnapshotId: SnapshotId | null;
}
export interface DestroyInput extends WorkspaceInput {
  readonly keepVolume: boolean;
}
export interface VolumeInput {
  readonly hostId: HostId;
  readonly name: string;
}

export interface WorkspaceOperationDeps {
  readonly directory: WorkspaceDirectory;
  readonly contentsOf: parts.ContentsOf;
  readonly stopGraceSeconds: (userId: UserId) => number;
  readonly clock: Clock;
  /** Files for a new volume, from a snapshot. */
  readonly filling: VolumeFilling;
  /** Volumes of a workspace beside its own: those from before restores. */
  readonly extraVolumes: (id: WorkspaceId) => string[];
  /** Told when a workspace and its container are no more. */
  readonly onDestroyed: (id: WorkspaceId) => Promise<void>;
  /** Told when an operation on a workspace has ended, so that wish and truth are compared again. */
  readonly onSettled: (id: WorkspaceId) => void;
}

export interface VolumeFilling {
  fill(context: StepContext<CreateInput>, record: WorkspaceRecord): Promise<void>;
  undo(context: StepContext<CreateInput>): Promise<void>;
}

export interface WorkspaceOperations {
  readonly create: OperationDefinition<CreateInput>;
  readonly start: OperationDefinition<WorkspaceInput>;
  readonly stop: OperationDefinition<WorkspaceInput>;
  readonly restart: OperationDefinition<WorkspaceInput>;
  readonly destroy: OperationDefinition<DestroyInput>;
  readonly destroyVolume: OperationDefinition<VolumeInput>;
}

type Step = StepDefinition<WorkspaceInput>;
type Context = StepContext<WorkspaceInput>;

const noTrouble = { problem: null, hasGivenUp: false, note: undefined } as const;

const InputShape = Workspace.pick({ id: true }).extend({ userId: UserId });
const CreateShape = InputShape.extend({
  snapshotId: SnapshotId.nullable(),
  copySnapshotId: SnapshotId.nullable(),
});
const DestroyShape = InputShape.extend({ keepVolume: Workspace.shape.isAdopted });
const VolumeShape = KeptVolume.pick({ hostId: true, name: true });

export function defineWorkspaceOperations(deps: WorkspaceOperationDeps): WorkspaceOperations {
  const { directory, clock } = deps;
  const recordOf = (context: { input: { id: WorkspaceId } }) => directory.require(context.input.id);

  const check: Step = {
    id: 'check',
    title: 'Check the host',
    async run(context) {
      const { definition } = recordOf(context);
      const { connection, engineInfo, hostName } = parts.readyLink(context);
      parts.requireRuntime(definition.runtime, engineInfo);
      const space = await readSpace(connection, engineInfo.rootFolder, context.signal);
      if (space === undefined) {
        context.log(`how much room ${engineInfo.rootFolder} has cannot be read from this login`, 'warning');
        return;
      }
      requireSpace(space, hostName, engineInfo.rootFolder);
      context.note(`${Math.floor(space.freeBytes / 1024 ** 3)} GiB free`);
    },
  };

  const image: Step = {
    id: 'image',
    title: 'Get the image',
    async run(context) {
      const record = recordOf(context);
      const { image, digest } = await ensureImage(context, record.definition);
      await directory.change(record.id, {
        imageDigest: digest,
        definition: { ...record.definition, image },
      });
    },
    // An image is shared with whatever else runs on the host: it stays. A pull that was cut off leaves none.
  };

  const network: Step = {
    id: 'network',
    title: 'Make its network',
    run: (context) => parts.ensureNetwork(context, recordOf(context)),
    undo: (context) => parts.removeNetworks(context, context.input.id),
  };

  const volume: Step = {
    id: 'volume',
    title: 'Make its volume',
    run: (context) => parts.ensureVolume(context, recordOf(context)),
    undo: (context) => parts.removeOwnVolume(context, recordOf(context).volumeName, context.operationId),
  };

  const fill: StepDefinition<CreateInput> = {
    id: 'fill',
    title: 'Fill it from the snapshot',
    async run(context) {
      if (context.input.snapshotId === null) return context.note('not of a snapshot');
      await deps.filling.fill(context, recordOf(context));
    },
    async undo(context) {
      if (context.input.snapshotId !== null) await deps.filling.undo(context);
    },
  };

  async function makeContainer(context: Context): Promise<void> {
    const record = recordOf(context);
    await parts.ensureContainer(context, {
      record,
      ...(await deps.contentsOf(record)),
      stopGraceSeconds: deps.stopGraceSeconds(context.input.userId),
    });
    await directory.change(record.id, { accessPassword: asMade(record.accessPassword) });
  }
  const container: Step = {
    id: 'container',
    title: 'Make its container',
    run: makeContainer,
    undo: (context) => parts.removeContainers(context, context.input.id),
  };

  /** The wish is written by the operation's own first step, so that a crash cannot keep one without the other. */
  const want = (desired: WorkspaceRecord['desired'], step: Step): Step => ({
    ...step,
    async run(context) {
      await directory.change(context.input.id, { desired });
      await step.run(context);
    },
  });
  const start: Step = {
    id: 'start',
    title: 'Start it',
    run: (context) => parts.startContainer(context, recordOf(context)),
  };
  const settle: Step = {
    id: 'settle',
    title: 'Wait until it runs',
    run: (context) => parts.waitUntilSettled(context, recordOf(context), clock),
  };
  const made: Step = {
    ...settle,
    async run(context) {
      await settle.run(context);
      await directory.change(context.input.id, { isMade: true });
    },
  };
  const stop: Step = {
    id: 'stop',
    title: 'Stop it',
    run: (context) =>
      parts.stopContainer(context, recordOf(context), deps.stopGraceSeconds(context.input.userId)),
  };

  /** As a step of its own operation: who cancels a start wants it stopped again. */
  const startAlone: Step = { ...start, undo: (context) => stop.run(context) };

  /**
   * A workspace whose container was taken away on the host is made again, on its volume; and so is one whose password
   * was changed, for what a container was made with cannot be changed in it.
   */
  const remake: Step = {
    id: 'remake',
    title: 'Find its container',
    async run(context) {
      const record = recordOf(context);
      const { engine } = parts.readyLink(context);
      const found = await parts.findContainer(engine, record, context.signal);
      const isUp = found?.state === 'running' || found?.state === 'paused' || found?.state === 'restarting';
      const hasOldPassword = record.accessPassword?.isPending === true && !isUp;
      if (found !== undefined && !hasOldPassword) return;
      if (found === undefined)
        context.log('the container is not on the host; it is made again on the same volume', 'warning');
      else {
        context.log('the password was changed: the container is made again on the same volume', 'warning');
        await parts.removeContainers(context, record.id);
      }
      const volumes = await engine.listVolumes({}, context.signal);
      if (!volumes.some(({ name }) => name === record.volumeName))
        context.log(
          `the volume ${record.volumeName} is not on the host either; a new one is empty`,
          'warning',
        );
      await check.run(context);
      await image.run(context);
      await network.run(context);
      await volume.run(context);
      await makeContainer(context);
    },
  };

  const removeContainer: StepDefinition<DestroyInput> = {
    id: 'container',
    title: 'Destroy the container',
    run: (context) => parts.removeContainers(context, context.input.id),
  };
  const removeNetwork: StepDefinition<DestroyInput> = {
    id: 'network',
    title: 'Destroy the network',
    run: (context) => parts.removeNetworks(context, context.input.id),
  };
  const removeVolume: StepDefinition<DestroyInput> = {
    id: 'volume',
    title: 'The volume with its files',
    async run(context) {
      const record = recordOf(context);
      if (context.input.keepVolume) return context.note('kept');
      const others = directory
        .onHost(record.hostId)
        .filter(({ id, volumeName }) => id !== record.id && volumeName === record.volumeName);
      if (others.length > 0) {
        const own = others.find(({ ownerId }) => ownerId === record.ownerId);
        context.log(
          `${own ? `“${own.name}”` : 'another workspace'} uses the volume too; it stays`,
          'warning',
        );
        return context.note('kept: another workspace uses it');
      }
      const { engine } = parts.readyLink(context);
      for (const name of [record.volumeName, ...deps.extraVolumes(record.id)])
        await parts.removeVolume(context, engine, name);
      context.note('destroyed');
    },
  };

  /** After a start went well nothing of an earlier trouble is true any more; after one that did not, its error is. */
  async function startEnded(operation: Operation, { id }: WorkspaceInput): Promise<void> {
    if (operation.state === 'succeeded') await directory.change(id, noTrouble);
    else if (operation.state === 'failed')
      await directory.change(id, { problem: operation.error, hasGivenUp: true });
    else await directory.change(id, { desired: 'stopped' });
    deps.onSettled(id);
  }

  return {
    create: {
      kind: 'workspace.create',
      parseInput: (value) => CreateShape.parse(value),
      steps: [check, image, network, volume, fill, container, start, made],
      recover: 'finish',
      canCancel: true,
      async onEnd(operation, { id }) {
        // Everything remote was taken back, so there is nothing that the record could stand for.
        if (operation.state !== 'succeeded') await directory.remove(id);
        deps.onSettled(id);
      },
    },
    start: {
      kind: 'workspace.start',
      parseInput: (value) => InputShape.parse(value),
      steps: [want('running', remake), startAlone, settle],
      recover: 'finish',
      onFailure: 'keep',
      canCancel: true,
      onEnd: startEnded,
    },
    stop: {
      kind: 'workspace.stop',
      parseInput: (value) => InputShape.parse(value),
      steps: [want('stopped', stop)],
      recover: 'finish',
      onFailure: 'keep',
      canCancel: false,
      async onEnd(operation, { id }) {
        // One that could not be stopped runs on: the wish goes back to what is true.
        await directory.change(id, operation.state === 'succeeded' ? noTrouble : { desired: 'running' });
        deps.onSettled(id);
      },
    },
    restart: {
      kind: 'workspace.restart',
      parseInput: (value) => InputShape.parse(value),
      steps: [want('running', stop), remake, start, settle],
      recover: 'finish',
      onFailure: 'keep',
      canCancel: false,
      onEnd: startEnded,
    },
    destroy: {
      kind: 'workspace.destroy',
      parseInput: (value) => DestroyShape.parse(value),
      steps: [removeContainer, removeNetwork, removeVolume],
      recover: 'finish',
      onFailure: 'keep',
      canCancel: false,
      async onEnd(operation, { id }) {
        if (operation.state === 'succeeded') {
          await directory.remove(id);
          await deps.onDestroyed(id);
        }
        deps.onSettled(id);
      },
    },
    destroyVolume: {
      kind: 'volume.destroy',
      parseInput: (value) => ({
        ...VolumeShape.parse(value),
        hostId: HostId.parse((value as { hostId?: unknown }).hostId),
      }),
      steps: [
        {
          id: 'volume',
          title: 'Destroy the volume with its files',
          async run(context) {
            const { hostId, name } = context.input;
            requireUnused(directory, hostId, name);
            try {
              await parts.removeVolume(context, parts.readyLink(context).engine, name);
            } catch (error) {
              if (BerthError.is(error, 'conflict', 'workspace.volume-in-use'))
                throw volumeInUse(name, 'a container', error);
              throw error;
            }
          },
        },
      ],
      recover: 'finish',
      canCancel: false,
    },
  };
}

export function requireUnused(directory: WorkspaceDirectory, hostId: HostId, volumeName: string): void {
  const user = directory.onHost(hostId).find((record) => record.volumeName === volumeName);
  if (user !== undefined) throw volumeInUse(volumeName, `the workspace “${user.name}”`);
}

export function volumeInUse(volumeName: string, user: string, cause?: unknown): BerthError {
  return new BerthError(
    'workspace.volume-in-use',
    `The volume ${volumeName} is used by ${user}. Destroy that first, or choose another volume.`,
    { details: { volumeName }, ...(cause === undefined ? {} : { cause }) },
  );
}
