/** Workspaces made of snapshots, and workspaces that change their host. */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, SnapshotId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { Random } from '../interfaces/random.ts';
import type { OperationDefinition } from '../operations/operation-definition.ts';
import type { QuotaGuard } from '../quotas/quota-service.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';
import type { ProjectSource, WorkspaceService } from '../workspaces/workspace-service.ts';
import { defineMoveOperations, type MoveDeps, type MoveOperations, pairOf } from './move-operations.ts';
import type { SnapshotDirectory } from './snapshot-directory.ts';

/** Begins an operation on a workspace, on its host. */
export type BeginOnWorkspace = <I>(
  kind: OperationDefinition<I>,
  record: WorkspaceRecord,
  userId: UserId,
  start: { title: string; input: I },
) => Promise<Operation>;

export interface MovesServiceDeps {
  readonly snapshots: SnapshotDirectory;
  readonly workspaces: WorkspaceService;
  readonly projects: ProjectSource;
  readonly links: HostLinks;
  readonly quotas: QuotaGuard;
  readonly random: Random;
  readonly begin: BeginOnWorkspace;
  readonly operations: MoveDeps;
}

export class MovesService {
  readonly #deps: MovesServiceDeps;
  readonly #kinds: MoveOperations;

  constructor(deps: MovesServiceDeps) {
    this.#deps = deps;
    this.#kinds = defineMoveOperations(deps.operations);
  }

  /** To be defined before operations recover. */
  get kinds(): MoveOperations {
    return this.#kinds;
  }

  async fork(
    snapshotId: SnapshotId,
    wish: { name: string; hostId: HostId | null },
    userId: UserId,
  ): Promise<{ workspace: Workspace; operation: Operation }> {
    const { manifest, hostId } = this.#deps.snapshots.require(snapshotId);
    const { definition, projectId: told } = manifest.about;
    const isOwn = told !== null && (await this.#deps.projects.adopt(told, definition, userId));
    const projectId = isOwn ? told : null;
    return this.#deps.workspaces.createFrom(
      {
        name: wish.name,
        hostId: wish.hostId ?? hostId,
        projectId,
        definition,
        volumeName: null,
        snapshotId,
      },
      userId,
    );
  }

  async move(id: WorkspaceId, toHostId: HostId, userId: UserId): Promise<Operation> {
    const { links, random, workspaces, quotas } = this.#deps;
    const record = workspaces.directory.require(id);
    if (record.hostId === toHostId)
      throw new BerthError('conflict', `“${record.name}” is on this host already.`);
    if (record.move !== null)
      throw new BerthError(
        'conflict',
        `“${record.name}” was moved just now. Confirm that, or take it back first.`,
      );
    const { hostName } = links.requireEngine(toHostId);
    workspaces.directory.requireFreeName({ ...record, hostId: toHostId }, record.name, undefined);
    // Two snapshots and another volume, until the move is confirmed.
    quotas.require(userId, { snapshots: 2, diskBytes: quotas.volumeBytes(record) });
    return this.#deps.begin(this.#kinds.move, record, userId, {
      title: `Move “${record.name}” to “${hostName}”`,
      input: {
        id,
        userId,
        toHostId,
        copyId: random.id('ws') as WorkspaceId,
        snapshotId: random.id('snap') as SnapshotId,
        copySnapshotId: random.id('snap') as SnapshotId,
      },
    });
  }

  async confirmMove(id: WorkspaceId, userId: UserId): Promise<Operation> {
    const { source, copy } = pairOf(this.#deps.workspaces.directory, id);
    return this.#deps.begin(this.#kinds.confirm, source, userId, {
      title: `Confirm the move of “${source.name}”`,
      input: { sourceId: source.id, copyId: copy.id, userId },
    });
  }

  async cancelMove(id: WorkspaceId, userId: UserId): Promise<Operation> {
    const { links, workspaces } = this.#deps;
    const { source, copy } = pairOf(workspaces.directory, id);
    if (workspaces.directory.operation(copy.id) !== undefined)
      throw new BerthError('conflict', 'An operation on the copy is under way; wait for its end.');
    links.requireEngine(copy.hostId);
    return this.#deps.begin(this.#kinds.cancel, source, userId, {
      title: `Take the move of “${source.name}” back`,
      input: { sourceId: source.id, copyId: copy.id, userId },
    });
  }
}
