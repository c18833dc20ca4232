/**
 * The long work on snapshots that leaves the workspace as it is: create, verify, destroy, put files back. Each step can be
 * repeated; what creating made is taken back.
 */
import { z } from 'zod';
import { HostId, RepositoryId, SnapshotId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import { Consistency, EntryPath, HookCommand, Snapshot, SnapshotNote } from '#contract/snapshots.ts';
import { DisplayName } from '#contract/text.ts';
import type { OperationDefinition, StepDefinition } from '../operations/operation-definition.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import { readyLink } from '../workspaces/workspace-parts.ts';
import { type ArchiveWork, removeSnapshots, tellProgress } from './archive-work.ts';
import { type AccessSource, accessOf } from './repository-access.ts';
import type { SnapshotDirectory } from './snapshot-directory.ts';
import { helperName, type HelperWork, workHelper } from './helper-work.ts';

const CreateInput = z.object({
  snapshotId: SnapshotId,
  workspaceId: WorkspaceId,
  userId: UserId,
  name: DisplayName.nullable(),
  note: SnapshotNote,
  reason: Snapshot.shape.reason,
  consistency: Consistency,
  beforeCommand: HookCommand.nullable(),
  afterCommand: HookCommand.nullable(),
  longMatching: z.boolean(),
  repositoryId: RepositoryId.nullable(),
});
export type CreateInput = z.infer<typeof CreateInput>;

const OneInput = z.object({ id: SnapshotId });
const ManyInput = z.object({ ids: z.array(SnapshotId), hostId: HostId });
const PutBackInput = z.object({ id: SnapshotId, workspaceId: WorkspaceId, paths: z.array(EntryPath) });

export interface SnapshotOperationDeps {
  readonly snapshots: SnapshotDirectory;
  readonly workspaces: WorkspaceDirectory;
  readonly archive: ArchiveWork;
  readonly access: AccessSource;
  /** A workspace's operation has ended: wish and truth are compared again. */
  readonly onSettled: (id: WorkspaceId) => void;
  readonly onCreated: (input: CreateInput, operation: Operation) => Promise<void>;
}

export interface SnapshotOperations {
  readonly create: OperationDefinition<CreateInput>;
  readonly verify: OperationDefinition<z.infer<typeof OneInput>>;
  readonly destroy: OperationDefinition<z.infer<typeof ManyInput>>;
  readonly putBack: OperationDefinition<z.infer<typeof PutBackInput>>;
}

export function defineSnapshotOperations(deps: SnapshotOperationDeps): SnapshotOperations {
  const { snapshots, workspaces, archive } = deps;

  const read: StepDefinition<CreateInput> = {
    id: 'archive',
    title: 'Read the files',
    run: (context) => archive.archive(context),
    undo: (context) => archive.undo(context),
  };
  /** The plan is in the journal before the first helper is there, so that undo knows what to look for. */
  const plan: StepDefinition<CreateInput> = {
    id: 'prepare',
    title: 'Look at the workspace',
    run: (context) => archive.prepare(context, workspaces.require(context.input.workspaceId), context.input),
    async undo({ input, operationId }) {
      if (workspaces.record(input.workspaceId)?.pausedBy === operationId)
        await workspaces.change(input.workspaceId, { pausedBy: null });
    },
  };
  const check: StepDefinition<CreateInput> = {
    id: 'check',
    title: 'Read it back and check',
    async run(context) {
      await snapshots.put(await archive.check(context));
    },
    async undo(context) {
      await snapshots.remove(context.input.snapshotId);
    },
  };

  const putBackWork = (input: z.infer<typeof PutBackInput>, operationId: string): HelperWork => ({
    purpose: 'put-back',
    id: operationId,
    store: 'read',
    volume: { name: workspaces.require(input.workspaceId).volumeName, isReadOnly: false },
    rights: 'write',
    args: [
      'put-back',
      '--store=/store',
      `--id=${input.id}`,
      '--target=/data',
      ...input.paths.map((path) => `--path=${path}`),
    ],
  });

  return {
    create: {
      kind: 'snapshot.create',
      parseInput: (value) => CreateInput.parse(value),
      steps: [
        plan,
        read,
        check,
        { id: 'settle', title: 'Clear away', run: (context) => archive.settle(context) },
      ],
      recover: 'finish',
      canCancel: true,
      async onEnd(operation, input) {
        await deps.onCreated(input, operation);
        deps.onSettled(input.workspaceId);
      },
    },
    verify: {
      kind: 'snapshot.verify',
      parseInput: (value) => OneInput.parse(value),
      steps: [
        {
          id: 'read',
          title: 'Read every byte and compare',
          async run(context) {
            const link = readyLink(context);
            const work: HelperWork = {
              purpose: 'verify',
              id: context.operationId,
              snapshotId: context.input.id,
              store: 'write',
              rights: 'none',
              args: ['verify', '--store=/store', `--id=${context.input.id}`],
            };
            await workHelper(context, link, work, {
              onEvent: (event) => tellProgress(context, event),
              access: () => accessOf(snapshots.require(context.input.id), deps.access),
            });
            await link.engine.endHelper(helperName(work));
          },
          async undo(context) {
            await readyLink(context).engine.endHelper(
              helperName({ purpose: 'verify', id: context.operationId }),
            );
          },
        },
      ],
      recover: 'finish',
      canCancel: true,
      async onEnd(_operation, { id }) {
        const record = snapshots.record(id);
        if (record !== undefined) await snapshots.refresh(record.hostId);
      },
    },
    destroy: {
      kind: 'snapshot.destroy',
      parseInput: (value) => ManyInput.parse(value),
      steps: [
        {
          id: 'remove',
          title: 'Delete from the host',
          async run(context) {
            // Those of a repository are forgotten there first; each repository is asked once.
            const groups = Map.groupBy(
              context.input.ids,
              (id) => snapshots.record(id)?.manifest.about.repositoryId ?? null,
            );
            for (const [repositoryId, ids] of groups) {
              const access = repositoryId === null ? undefined : await deps.access(repositoryId);
              await removeSnapshots(context, readyLink(context), ids, access);
              for (const id of ids) await snapshots.remove(id);
            }
          },
        },
      ],
      recover: 'finish',
      canCancel: false,
      onEnd: (_operation, { hostId }) => snapshots.refresh(hostId),
    },
    putBack: {
      kind: 'snapshot.put-back',
      parseInput: (value) => PutBackInput.parse(value),
      steps: [
        {
          id: 'put-back',
          title: 'Put the files back',
          async run(context) {
            const link = readyLink(context);
            const work = putBackWork(context.input, context.operationId);
            let count = 0;
            await workHelper(context, link, work, {
              access: () => accessOf(snapshots.require(context.input.id), deps.access),
              onEvent: (event) => {
                tellProgress(context, event);
                if (event.event !== 'put-back') return;
                count += 1;
                const kept = typeof event.kept === 'string' ? `; what was there is ${event.kept}` : '';
                context.log(`${String(event.path)} is back${kept}`);
              },
            });
            context.note(count === 1 ? 'one entry is back' : `${count} entries are back`);
            await link.engine.endHelper(helperName(work));
          },
          async undo(context) {
            await readyLink(context).engine.endHelper(
              helperName({ purpose: 'put-back', id: context.operationId }),
            );
          },
        },
      ],
      recover: 'finish',
      canCancel: true,
      async onEnd(_operation, { workspaceId }) {
        deps.onSettled(workspaceId);
      },
    },
  };
}
