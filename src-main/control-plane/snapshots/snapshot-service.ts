/**
 * What can be done with snapshots. Short checks at once, so that bad input fails before anything is begun; what takes longer
 * is an operation. Owns the directory of snapshots, the volumes from before restores and the rules. Long because it is where
 * all of these are put together.
 */
import { BerthError } from '#contract/berth-error.ts';
import {
  type HostId,
  localOwnerId,
  type RepositoryId,
  type SnapshotId,
  type UserId,
  type WorkspaceId,
} from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { Settings } from '#contract/settings.ts';
import type { Consistency, Snapshot } from '#contract/snapshots.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { EntryCache } from '../interfaces/entry-cache.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordStore } from '../interfaces/record-store.ts';
import type { Schedules } from '../interfaces/schedule.ts';
import type { OperationDefinition } from '../operations/operation-definition.ts';
import type { QuotaGuard } from '../quotas/quota-service.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';
import type {
  OperationSource,
  ProjectSource,
  WorkspaceService,
  WorkspaceSnapshots,
} from '../workspaces/workspace-service.ts';
import { ArchiveWork } from './archive-work.ts';
import { EntryLists } from './entry-lists.ts';
import { labelOf, SnapshotRecord } from './manifest.ts';
import { MovesService } from './moves-service.ts';
import { defineRestoreOperations, requireSameHost, type RestoreOperations } from './restore-operations.ts';
import type { AccessSource } from './repository-access.ts';
import { RepositoryRecord, type RepositorySecrets, RepositoryService } from './repository-service.ts';
import { RestoreUndos, UndoRecord } from './restore-undos.ts';
import { RulesRecord, RulesService } from './rules-service.ts';
import { SnapshotDirectory } from './snapshot-directory.ts';
import { createVolumeFilling } from './volume-filling.ts';
import { defineSnapshotOperations, type SnapshotOperations } from './snapshot-operations.ts';

export interface SnapshotServiceDeps {
  readonly store: RecordStore;
  readonly links: HostLinks;
  readonly operations: OperationSource;
  readonly workspaces: WorkspaceService;
  readonly projects: ProjectSource;
  readonly settings: (userId: UserId) => Settings;
  readonly quotas: QuotaGuard;
  /** Whose a thing on a host is that carries this owner. */
  readonly ownerOfLabel: (told: string) => UserId;
  readonly entryCache: EntryCache;
  readonly repositorySecrets: RepositorySecrets;
  readonly schedules: Schedules;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface CreateWish {
  readonly workspaceId: WorkspaceId;
  readonly name: string | null;
  readonly note: string;
  readonly consistency?: Consistency | undefined;
  readonly beforeCommand?: string | null | undefined;
  readonly afterCommand?: string | null | undefined;
  readonly longMatching: boolean;
  readonly reason: 'person' | 'schedule' | 'safety';
  readonly repositoryId?: RepositoryId | null | undefined;
}

export class SnapshotService {
  readonly directory: SnapshotDirectory;
  readonly undos: RestoreUndos;
  readonly rules: RulesService;
  readonly entries: EntryLists;
  readonly repositories: RepositoryService;
  /** What workspaces need of snapshots. */
  readonly forWorkspaces: WorkspaceSnapshots;
  readonly #deps: SnapshotServiceDeps;
  readonly #kinds: SnapshotOperations;
  readonly #restores: RestoreOperations;
  readonly moves: MovesService;

  constructor(deps: SnapshotServiceDeps) {
    const { store, links, workspaces, clock, random, schedules } = deps;
    const log = deps.log.child({ noun: 'snapshots' });
    this.#deps = deps;
    this.directory = new SnapshotDirectory({
      records: store.collection('snapshots', (value) => SnapshotRecord.parse(value)),
      links,
      random,
      log,
      ownerOfLabel: deps.ownerOfLabel,
      onRead: () => void this.#keepLists(),
    });
    this.entries = new EntryLists({ links, cache: deps.entryCache, random });
    this.repositories = new RepositoryService({
      records: store.collection('repositories', (value) => RepositoryRecord.parse(value)),
      snapshots: this.directory,
      secrets: deps.repositorySecrets,
      links,
      clock,
      random,
      log,
    });
    const access: AccessSource = (id) => this.repositories.access(id);
    this.undos = new RestoreUndos({
      records: store.collection('restore-undos', (value) => UndoRecord.parse(value)),
      links,
      clock,
      log,
      end: (record) => this.#endUndo(record),
    });
    this.rules = new RulesService({
      records: store.collection('snapshot-rules', (value) => RulesRecord.parse(value)),
      workspaces: workspaces.directory,
      links,
      schedules,
      snapshotsOf: (id) => this.#snapshotsOf(id),
      create: async (record) =>
        (
          await this.create(
            { workspaceId: record.id, name: null, note: '', longMatching: false, reason: 'schedule' },
            workspaces.directory.require(record.id).ownerId,
          )
        ).operation,
      destroy: (ids, userId) => this.destroy(ids, userId),
      clock,
      log,
    });
    this.forWorkspaces = {
      ...createVolumeFilling({ directory: this.directory, access }),
      volumesOf: (id) => this.undos.of(id).map(({ volumeName }) => volumeName),
      volumesOn: (hostId) => this.undos.volumesOn(hostId),
      countOf: (id) => this.#snapshotsOf(id).length,
      needsOf: (id, hostId) => this.directory.needsOf(id, hostId),
      onDestroyed: async (id) => {
        for (const { id: volumeName } of this.undos.of(id)) await this.undos.remove(volumeName);
        await this.rules.remove(id);
      },
    };
    const archiveDeps = {
      directory: workspaces.directory,
      clock,
      stopGraceSeconds: () => deps.settings(localOwnerId).stopGraceSeconds,
      lastOf: (record: WorkspaceRecord, repositoryId: RepositoryId | null) =>
        this.#lastOf(record, repositoryId),
      access,
    };
    const shared = {
      access,
      snapshots: this.directory,
      workspaces: workspaces.directory,
      contentsOf: (record: WorkspaceRecord) => workspaces.contentsOf(record),
      stopGraceSeconds: (userId: UserId) => deps.settings(userId).stopGraceSeconds,
      clock,
      onSettled: (id: WorkspaceId) => workspaces.settled(id),
    };
    this.#kinds = defineSnapshotOperations({
      ...shared,
      archive: new ArchiveWork(archiveDeps),
      onCreated: async ({ workspaceId, reason, snapshotId }, operation) => {
        if (operation.hostId !== null) void this.directory.refresh(operation.hostId as HostId);
        this.entries.prefetch(this.directory.record(snapshotId));
        if (reason === 'schedule') await this.rules.ended(workspaceId, operation);
      },
    });
    this.#restores = defineRestoreOperations({
      ...shared,
      undos: this.undos,
      safety: new ArchiveWork(archiveDeps, 'safety'),
      undoHours: (userId) => deps.settings(userId).restoreUndoHours,
    });
    this.moves = new MovesService({
      quotas: deps.quotas,
      snapshots: this.directory,
      workspaces,
      projects: deps.projects,
      links,
      random,
      begin: (kind, record, userId, start) => this.#onWorkspace(kind, record, userId, start),
      operations: {
        ...shared,
        archive: new ArchiveWork(archiveDeps, 'move'),
        extraVolumes: (id) => this.forWorkspaces.volumesOf(id),
        onConfirmed: async (sourceId, copyId) => {
          await this.rules.handOver(sourceId, copyId);
          await this.forWorkspaces.onDestroyed(sourceId);
        },
      },
    });
    for (const kinds of [this.#kinds, this.#restores, this.moves.kinds])
      for (const kind of Object.values(kinds)) deps.operations.define(kind as OperationDefinition<unknown>);
  }

  /** Reads the records. Before operations recover, which need them. */
  async load(): Promise<void> {
    await this.directory.load();
    await this.repositories.load();
    await this.undos.load();
    await this.rules.load();
  }

  start(): void {
    this.directory.start();
    this.#deps.links.onRemoved((hostId) => {
      this.repositories.forgetHost(hostId).catch((cause: unknown) => {
        this.#deps.log.error('the record of a repository could not be removed', { hostId, cause });
      });
    });
    this.undos.start();
    this.rules.start();
  }

  async close(): Promise<void> {
    this.rules.close();
    this.undos.close();
    await this.directory.close();
  }

  // --- verbs --------------------------------------------------------------------------------------------------------

  async create(wish: CreateWish, userId: UserId): Promise<{ snapshotId: SnapshotId; operation: Operation }> {
    const { workspaces, random } = this.#deps;
    const record = workspaces.directory.require(wish.workspaceId);
    if (wish.name !== null)
      this.directory.requireFreeName(
        { workspaceId: record.id, ownerId: record.ownerId },
        wish.name,
        undefined,
      );
    // Another wish than the one under way: attaching to that would drop this name and note.
    const current = workspaces.directory.operation(record.id);
    if (current?.kind === 'snapshot.create')
      throw new BerthError('conflict', `A snapshot of “${record.name}” is being taken; wait for its end.`, {
        details: { operationId: current.id },
      });
    const rules = this.rules.of(record.id);
    const repositoryId = wish.repositoryId === undefined ? (rules?.repositoryId ?? null) : wish.repositoryId;
    if (repositoryId !== null && this.repositories.require(repositoryId).hostId !== record.hostId)
      throw new BerthError(
        'conflict',
        'The repository belongs to another host than the workspace. Choose one of its host.',
      );
    const snapshotId = random.id('snap') as SnapshotId;
    this.#deps.quotas.require(userId, { snapshots: 1 });
    const operation = await this.#onWorkspace(this.#kinds.create, record, userId, {
      title: `Take a snapshot of “${record.name}”`,
      input: {
        snapshotId,
        workspaceId: record.id,
        userId,
        name: wish.name,
        note: wish.note,
        reason: wish.reason,
        consistency: wish.consistency ?? rules?.consistency ?? 'paused',
        beforeCommand: wish.beforeCommand === undefined ? (rules?.beforeCommand ?? null) : wish.beforeCommand,
        afterCommand: wish.afterCommand === undefined ? (rules?.afterCommand ?? null) : wish.afterCommand,
        longMatching: wish.longMatching,
        repositoryId,
      },
    });
    return { snapshotId, operation };
  }

  async verify(id: SnapshotId, userId: UserId): Promise<Operation> {
    const record = this.directory.require(id);
    const link = this.#deps.links.requireEngine(record.hostId);
    const label = labelOf(this.directory.snapshot(id));
    return this.#deps.operations.start(this.#kinds.verify, {
      title: `Verify the snapshot ${label} on “${link.hostName}”`,
      subject: { kind: 'snapshot', id, name: label },
      hostId: record.hostId,
      userId,
      input: { id },
    });
  }

  /** All of one host. Throws snapshot.pinned, conflict while one of them is worked on. */
  async destroy(ids: readonly SnapshotId[], userId: UserId): Promise<Operation> {
    const { links, operations } = this.#deps;
    const snapshots = ids.map((id) => this.directory.snapshot(id));
    const first = snapshots[0] as Snapshot;
    const pinned = snapshots.find(({ isPinned }) => isPinned);
    if (pinned !== undefined)
      throw new BerthError(
        'snapshot.pinned',
        `${labelOf(pinned)} is pinned. Unpin it first, then delete it.`,
      );
    if (snapshots.some(({ hostId }) => hostId !== first.hostId))
      throw new BerthError(
        'conflict',
        'The snapshots are on several hosts. Delete those of one host at a time.',
      );
    for (const { id } of snapshots) this.#requireUnused(id);
    const link = links.requireEngine(first.hostId);
    return operations.start(this.#kinds.destroy, {
      title:
        snapshots.length === 1
          ? `Delete the snapshot ${labelOf(first)} on “${link.hostName}”`
          : `Delete ${snapshots.length} snapshots on “${link.hostName}”`,
      subject: { kind: 'snapshot', id: first.id, name: labelOf(first) },
      hostId: first.hostId,
      userId,
      input: { ids: [...ids], hostId: first.hostId },
    });
  }

  async putBack(id: SnapshotId, paths: readonly string[], userId: UserId): Promise<Operation> {
    const record = this.#workspaceOf(id);
    return this.#onWorkspace(this.#kinds.putBack, record, userId, {
      title: `Put ${paths.length === 1 ? paths[0]?.slice(0, 80) : `${paths.length} entries`} back into “${record.name}”`,
      input: { id, workspaceId: record.id, paths: [...paths] },
    });
  }

  async restore(id: SnapshotId, makesSafetySnapshot: boolean, userId: UserId): Promise<Operation> {
    const snapshot = this.directory.snapshot(id);
    const record = this.#workspaceOf(id);
    requireSameHost(this.directory.require(id), record);
    if (snapshot.problem !== null)
      throw new BerthError('snapshot.corrupt', `The snapshot is damaged: ${snapshot.problem.message}`);
    this.#deps.quotas.require(userId, {
      snapshots: makesSafetySnapshot ? 1 : 0,
      diskBytes: this.directory.require(id).manifest.allocatedBytes,
    });
    return this.#onWorkspace(this.#restores.restore, record, userId, {
      title: `Restore “${record.name}” to ${labelOf(snapshot)}`,
      input: {
        id,
        workspaceId: record.id,
        userId,
        safetyId: makesSafetySnapshot ? (this.#deps.random.id('snap') as SnapshotId) : null,
      },
    });
  }

  async undoRestore(id: WorkspaceId, userId: UserId): Promise<Operation> {
    const record = this.#deps.workspaces.directory.require(id);
    this.undos.require(id);
    return this.#onWorkspace(this.#restores.undoRestore, record, userId, {
      title: `Take the restore of “${record.name}” back`,
      input: { workspaceId: id, userId },
    });
  }

  async endUndo(id: WorkspaceId): Promise<Operation> {
    this.#deps.workspaces.directory.require(id);
    return this.#endUndo(this.undos.require(id));
  }

  // --- private ------------------------------------------------------------------------------------------------------

  async #onWorkspace<I>(
    kind: OperationDefinition<I>,
    record: WorkspaceRecord,
    userId: UserId,
    { title, input }: { title: string; input: I },
  ): Promise<Operation> {
    const { links, operations, workspaces } = this.#deps;
    links.requireEngine(record.hostId);
    const operation = await operations.start(kind, {
      title,
      subject: { kind: 'workspace', id: record.id, name: record.name },
      hostId: record.hostId,
      userId,
      input,
    });
    workspaces.directory.refresh(record.id);
    return operation;
  }

  #endUndo(record: UndoRecord): Promise<Operation> {
    const workspace = this.#deps.workspaces.directory.record(record.workspaceId);
    const name = workspace?.name ?? record.volumeName;
    return this.#deps.operations.start(this.#restores.endUndo, {
      title: `Destroy the files of “${name}” from before its restore`,
      subject: { kind: 'workspace', id: record.workspaceId, name },
      hostId: record.hostId,
      userId: workspace?.ownerId ?? localOwnerId,
      input: { workspaceId: record.workspaceId, hostId: record.hostId, volumeName: record.volumeName },
    });
  }

  #workspaceOf(id: SnapshotId): WorkspaceRecord {
    const { manifest, ownerId } = this.directory.require(id);
    const record = this.#deps.workspaces.directory.record(manifest.about.workspaceId);
    if (record !== undefined && record.ownerId === ownerId) return record;
    throw new BerthError(
      'conflict',
      `The workspace “${manifest.about.workspaceName}” is no more. Make a new one from the snapshot.`,
    );
  }

  #snapshotsOf(id: WorkspaceId): Snapshot[] {
    const ownerId = this.#deps.workspaces.directory.ownerOf(id);
    return ownerId === undefined ? [] : this.directory.ofWorkspace(id, ownerId);
  }

  #requireUnused(id: SnapshotId): void {
    const current = this.#deps.operations.current({ kind: 'snapshot', id });
    if (current !== undefined && current.endedAt === null && current.kind !== 'snapshot.destroy')
      throw new BerthError('conflict', `“${current.title}” is under way; wait for its end.`, {
        details: { operationId: current.id },
      });
  }

  #lastOf(record: WorkspaceRecord, repositoryId: RepositoryId | null): SnapshotRecord | undefined {
    const newest = this.directory
      .ofWorkspace(record.id, record.ownerId)
      .filter((one) => one.hostId === record.hostId && one.repositoryId === repositoryId)
      .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt))[0];
    return newest === undefined ? undefined : this.directory.record(newest.id);
  }

  async #keepLists(): Promise<void> {
    try {
      await this.entries.keepOnly(new Set(this.directory.all().map(({ id }) => id)));
    } catch (cause) {
      this.#deps.log.warn('lists of snapshots that are gone could not be removed', { cause });
    }
  }
}
