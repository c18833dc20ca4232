/**
 * What can be done with workspaces. Short checks at once, so that bad input fails before anything is begun; everything
 * that touches a host for longer is an operation. Long because there are many verbs, each of a few lines.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import {
  type HostId,
  localOwnerId,
  type OperationId,
  type ProjectId,
  type SnapshotId,
  type UserId,
  type WorkspaceId,
} from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { Project, ProjectDefinition } from '#contract/projects.ts';
import type { DestroyPlan, Workspace, WorkspaceStats } from '#contract/workspaces.ts';
import type { ByteChannel } from '../handler.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordStore } from '../interfaces/record-store.ts';
import type { SecretStore } from '../interfaces/secret-store.ts';
import type { OperationDefinition, OperationStarter } from '../operations/operation-definition.ts';
import { AccessPasswords, type PasswordWish } from './access-password.ts';
import { withNewestImage } from '../projects/recipe-images.ts';
import type { QuotaGuard } from '../quotas/quota-service.ts';
import { planDestruction } from './destroy-plan.ts';
import { KeptVolumes } from './kept-volumes.ts';
import { LiveStats } from './live-stats.ts';
import { Reconciler } from './reconciler.ts';
import { newRecord, parseWorkspaceRecord, type WorkspaceRecord } from './workspace.ts';
import { WorkspaceDirectory } from './workspace-directory.ts';
import {
  defineWorkspaceOperations,
  type VolumeFilling,
  type WorkspaceInput,
  type WorkspaceOperations,
} from './workspace-operations.ts';
import { type ContainerContents, findContainer, requireRuntime } from './workspace-parts.ts';
import { renamedContainer } from './workspace-spec.ts';

/** What workspaces need of projects. */
export interface ProjectSource {
  /** One of this person's. */
  find(id: ProjectId, ownerId: UserId): Project | undefined;
  /**
   * Makes a project of this id and definition unless its owner has one; its name gives way to others. False: the id is of
   * somebody else's.
   */
  adopt(id: ProjectId, definition: ProjectDefinition, ownerId: UserId): Promise<boolean>;
}

/** An operation as others see it start and change. */
export interface OperationSource extends OperationStarter {
  watch(signal: AbortSignal): AsyncIterable<CollectionItem<Operation>>;
}

export interface WorkspaceSnapshots extends VolumeFilling {
  /** Volumes from before restores: of a workspace, of a host. They are nobody's to take. */
  volumesOf(id: WorkspaceId): string[];
  volumesOn(hostId: HostId): string[];
  countOf(id: WorkspaceId): number;
  /** Bytes that its files take in a volume, and whether it has to be copied to this host first. */
  needsOf(id: SnapshotId, hostId: HostId): { readonly bytes: number; readonly isCopied: boolean };
  onDestroyed(id: WorkspaceId): Promise<void>;
}

/** What a new workspace is made of. */
export interface WorkspaceWish {
  readonly name: string;
  readonly hostId: HostId;
  readonly projectId: ProjectId | null;
  readonly definition: ProjectDefinition;
  /** A kept volume to use in place of a new one. */
  readonly volumeName: string | null;
  readonly snapshotId: SnapshotId | null;
  readonly accessPassword: PasswordWish | null;
}

export interface WorkspaceServiceDeps {
  readonly store: RecordStore;
  readonly links: HostLinks;
  readonly operations: OperationSource;
  readonly projects: ProjectSource;
  /** What a person prefers between SIGTERM and SIGKILL. */
  readonly stopGraceSeconds: (userId: UserId) => number;
  /** What snapshots add to workspaces. */
  readonly snapshots: WorkspaceSnapshots;
  readonly secrets: SecretStore;
  readonly quotas: QuotaGuard;
  /** Whose a thing on a host is that carries this owner. */
  readonly ownerOfLabel: (told: string | undefined) => UserId;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export class WorkspaceService {
  readonly directory: WorkspaceDirectory;
  readonly keptVolumes: KeptVolumes;
  readonly passwords: AccessPasswords;
  readonly #deps: WorkspaceServiceDeps;
  readonly #kinds: WorkspaceOperations;
  readonly #reconciler: Reconciler;
  readonly #stats = new LiveStats();
  readonly #closing = new AbortController();
  #following: Promise<void> = Promise.resolve();

  constructor(deps: WorkspaceServiceDeps) {
    const { operations, projects, clock, links, stopGraceSeconds } = deps;
    const log = deps.log.child({ noun: 'workspaces' });
    this.#deps = deps;
    this.directory = new WorkspaceDirectory({
      records: deps.store.collection('workspaces', parseWorkspaceRecord),
      operations,
      projectName: (id, ownerId) => projects.find(id, ownerId)?.name,
      clock,
      log,
    });
    this.keptVolumes = new KeptVolumes({
      directory: this.directory,
      links,
      volumesBefore: (hostId) => deps.snapshots.volumesOn(hostId),
      ownerOfLabel: deps.ownerOfLabel,
    });
    this.passwords = new AccessPasswords({
      secrets: deps.secrets,
      directory: this.directory,
      random: deps.random,
      log,
    });
    this.#reconciler = new Reconciler({
      directory: this.directory,
      links,
      stats: this.#stats,
      stopGraceSeconds: () => stopGraceSeconds(localOwnerId),
      clock,
      log,
      adoptProject: (id, definition, ownerId) => projects.adopt(id, definition, ownerId),
      ownerOfLabel: deps.ownerOfLabel,
    });
    this.#kinds = defineWorkspaceOperations({
      directory: this.directory,
      contentsOf: (record) => this.contentsOf(record),
      stopGraceSeconds,
      clock,
      filling: deps.snapshots,
      extraVolumes: (id) => deps.snapshots.volumesOf(id),
      onDestroyed: (id) => deps.snapshots.onDestroyed(id),
      onSettled: (id) => this.settled(id),
    });
    for (const kind of Object.values(this.#kinds)) operations.define(kind as OperationDefinition<unknown>);
  }

  /** Reads the records. Before operations recover, which need them. */
  load(): Promise<void> {
    return this.directory.load();
  }

  /** Begins to watch hosts. After operations have recovered, so that none is mistaken for trouble. */
  async start(): Promise<void> {
    for (const record of this.directory.records()) {
      // Berth ended between the record and the operation's intent: nothing was made yet.
      const maker = record.move?.role === 'copy' ? record.move.otherId : record.id;
      if (!record.isMade && this.directory.operation(maker) === undefined)
        await this.directory.remove(record.id);
    }
    this.directory.refreshAll();
    this.#following = this.#followOperations();
    this.#reconciler.start();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#stats.close();
    await Promise.all([this.#reconciler.close(), this.#following, this.passwords.close()]);
  }

  watch(
    signal: AbortSignal,
    isVisible: (workspace: { id: string }) => boolean,
  ): AsyncGenerator<CollectionItem<Workspace>> {
    return this.directory.collection.watch(signal, isVisible);
  }

  /** An operation that is none of workspaces' own has ended: wish and truth are compared again. */
  settled(id: WorkspaceId): void {
    this.directory.refresh(id);
    void this.#reconciler.examine(id);
  }

  /** Values of environment variables may be secrets too: they are kept with the project alone. */
  contentsOf(record: WorkspaceRecord): Promise<ContainerContents> {
    const { projectId, ownerId } = record;
    const project = projectId === null ? undefined : this.#deps.projects.find(projectId, ownerId);
    return this.passwords.contentsOf(record, project?.environment ?? []);
  }

  async create(
    wish: Omit<WorkspaceWish, 'projectId' | 'definition'> & { projectId: ProjectId },
    userId: UserId,
  ): Promise<{ workspace: Workspace; operation: Operation }> {
    const project = this.#deps.projects.find(wish.projectId, userId);
    if (project === undefined) throw new BerthError('not-found', 'There is no such project.');
    const { id: _id, createdAt: _createdAt, changedAt: _changedAt, ...definition } = project;
    const password = definition.accessPassword;
    return this.createFrom(
      {
        ...wish,
        definition: withNewestImage(definition),
        accessPassword: wish.accessPassword ?? (password === undefined ? null : { ...password, value: null }),
      },
      userId,
    );
  }

  async createFrom(
    wish: WorkspaceWish,
    userId: UserId,
  ): Promise<{ workspace: Workspace; operation: Operation }> {
    const { links, random, clock, operations, quotas, snapshots } = this.#deps;
    const link = links.requireEngine(wish.hostId);
    this.directory.requireFreeName({ hostId: wish.hostId, ownerId: userId }, wish.name, undefined);
    requireRuntime(wish.definition.runtime, link.engineInfo);
    if (wish.volumeName !== null && wish.snapshotId !== null)
      throw new BerthError(
        'invalid-input',
        'Not valid: volumeName: must not be given together with snapshotId.',
        {
          details: { fields: ['volumeName: must not be given together with snapshotId'] },
        },
      );
    if (wish.volumeName !== null) await this.keptVolumes.requireUsable(wish.hostId, wish.volumeName, userId);
    const needs = wish.snapshotId === null ? undefined : snapshots.needsOf(wish.snapshotId, wish.hostId);
    const accessPassword =
      wish.accessPassword === null
        ? null
        : await this.passwords.keep(wish.accessPassword, wish.definition.profile);
    const id = random.id('ws') as WorkspaceId;
    const record = newRecord({
      ...wish,
      id,
      ownerId: userId,
      accessPassword,
      createdAt: instantOf(clock),
    });
    try {
      // Nothing is awaited between the two: what is allowed to one is not allowed to another as well.
      quotas.require(userId, {
        workspace: record.definition.limits,
        snapshots: needs?.isCopied === true ? 1 : 0,
        diskBytes: needs?.bytes,
      });
      await this.directory.add(record);
      const operation = await operations.start(this.#kinds.create, {
        title: `Create “${wish.name}” on “${link.hostName}”`,
        subject: { kind: 'workspace', id, name: wish.name },
        hostId: wish.hostId,
        userId,
        input: {
          id,
          userId,
          snapshotId: wish.snapshotId,
          copySnapshotId: needs?.isCopied === true ? (random.id('snap') as SnapshotId) : null,
        },
      });
      this.directory.refresh(id);
      return { workspace: this.directory.workspace(id), operation };
    } catch (error) {
      await this.directory.remove(id);
      await this.passwords.discard(accessPassword);
      throw error;
    }
  }

  startWorkspace(id: WorkspaceId, userId: UserId): Promise<Operation> {
    this.#requireNotMoved(id);
    return this.#begin(this.#kinds.start, 'Start', id, userId);
  }
  stopWorkspace(id: WorkspaceId, userId: UserId): Promise<Operation> {
    return this.#begin(this.#kinds.stop, 'Stop', id, userId);
  }
  restartWorkspace(id: WorkspaceId, userId: UserId): Promise<Operation> {
    this.#requireNotMoved(id);
    return this.#begin(this.#kinds.restart, 'Restart', id, userId);
  }
  destroyWorkspace(id: WorkspaceId, keepVolume: boolean, userId: UserId): Promise<Operation> {
    return this.#start(this.#kinds.destroy, 'Destroy', id, { id, userId, keepVolume });
  }

  async rename(id: WorkspaceId, name: string): Promise<Workspace> {
    const { hostId, ownerId } = this.directory.require(id);
    const place = { hostId, ownerId };
    this.directory.requireFreeName(place, name, id);
    const { engine } = this.#deps.links.requireEngine(hostId);
    const container = await findContainer(engine, { id });
    if (container !== undefined) await engine.renameContainer(container.id, renamedContainer(id, name));
    this.directory.requireFreeName(place, name, id);
    await this.directory.change(id, { name });
    return this.directory.workspace(id);
  }

  async destroyPlan(id: WorkspaceId, keepVolume: boolean): Promise<DestroyPlan> {
    const record = this.directory.require(id);
    const { engine, hostName } = this.#deps.links.requireEngine(record.hostId);
    const container = await findContainer(engine, record);
    // Sizes are read by walking the files: a host that takes too long over it shall not hold up the answer.
    const sizes = await engine
      .volumeSizes([record.volumeName], AbortSignal.timeout(5_000))
      .catch(() => new Map<string, number>());
    return planDestruction({
      record,
      keepVolume,
      hostName,
      projectName: this.directory.workspace(id).projectName,
      containerName: container?.name,
      volumeBytes: sizes.get(record.volumeName),
      snapshotCount: this.#deps.snapshots.countOf(id),
      volumesBefore: this.#deps.snapshots.volumesOf(id),
    });
  }

  async forget(id: WorkspaceId): Promise<void> {
    const { hostId } = this.directory.require(id);
    const { state } = this.directory.workspace(id);
    if (this.directory.operation(id) !== undefined)
      throw new BerthError('conflict', 'An operation on this workspace is under way; wait for its end.');
    if (state !== 'missing' && this.#hostExists(hostId))
      throw new BerthError(
        'conflict',
        'The workspace may still be on its host, and Berth would find it again there. Destroy it, or remove the host.',
        { details: { state } },
      );
    await this.directory.remove(id);
  }

  async *stats(id: WorkspaceId, signal: AbortSignal): AsyncGenerator<WorkspaceStats> {
    const { hostId } = this.directory.require(id);
    const { engine } = this.#deps.links.requireEngine(hostId);
    const observed = this.directory.observed(id);
    if (observed?.state !== 'running')
      throw new BerthError('workspace.not-running', 'The workspace is not running. Start it first.');
    yield* this.#stats.watch(engine, observed.id, signal);
  }

  /** Sends until the container has ended and its log with it, where it is followed. The engine is read only as fast as the reader takes it. */
  async logs(
    id: WorkspaceId,
    which: { readonly tailLines: number; readonly isFollowed: boolean },
    channel: ByteChannel,
    signal: AbortSignal,
  ): Promise<void> {
    const record = this.directory.require(id);
    const { engine } = this.#deps.links.requireEngine(record.hostId);
    const container = await findContainer(engine, record, signal);
    if (container === undefined) return;
    const output = await engine.logs(container.id, { ...which, signal }).catch((error: unknown) => {
      // It is being removed at this very moment: its log has ended.
      if (BerthError.is(error, 'conflict', 'not-found')) return undefined;
      throw error;
    });
    if (output === undefined) return;
    try {
      for await (const chunk of output) await channel.send(chunk as Uint8Array);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      output.destroy();
    }
  }

  async destroyVolume(hostId: HostId, name: string, userId: UserId): Promise<Operation> {
    const { links, operations } = this.#deps;
    const { hostName } = links.requireEngine(hostId);
    await this.keptVolumes.requireDestroyable(hostId, name, userId);
    return operations.start(this.#kinds.destroyVolume, {
      title: `Destroy the volume ${name} on “${hostName}”`,
      subject: { kind: 'volume', id: `${hostId}/${name}`, name },
      hostId,
      userId,
      input: { hostId, name },
    });
  }

  /** Names of its owner's workspaces that were made of a project. */
  namesOf(projectId: ProjectId): string[] {
    const records = this.directory.records().filter((record) => record.projectId === projectId);
    return records
      .filter(({ ownerId }) => this.#deps.projects.find(projectId, ownerId) !== undefined)
      .map(({ name }) => name);
  }

  // --- private ------------------------------------------------------------------------------------------------------

  #begin(kind: OperationDefinition<WorkspaceInput>, verb: string, id: WorkspaceId, userId: UserId) {
    return this.#start(kind, verb, id, { id, userId });
  }

  async #start<I extends WorkspaceInput>(
    kind: OperationDefinition<I>,
    verb: string,
    id: WorkspaceId,
    input: I,
  ): Promise<Operation> {
    const { links, operations } = this.#deps;
    const record = this.directory.require(id);
    const { hostName } = links.requireEngine(record.hostId);
    const operation = await operations.start(kind, {
      title: `${verb} “${record.name}” on “${hostName}”`,
      subject: { kind: 'workspace', id, name: record.name },
      hostId: record.hostId,
      userId: input.userId,
      input,
    });
    this.directory.refresh(id);
    return operation;
  }

  /** Two that go on from the same files would drift apart. */
  #requireNotMoved(id: WorkspaceId): void {
    const { move, name } = this.directory.require(id);
    if (move?.role !== 'source') return;
    throw new BerthError(
      'conflict',
      `“${name}” was moved to another host and waits for your word. Confirm the move, or take it back.`,
      { details: { workspaceId: move.otherId } },
    );
  }

  #hostExists(hostId: HostId): boolean {
    try {
      this.#deps.links.require(hostId);
      return true;
    } catch (error) {
      return !BerthError.is(error, 'not-found');
    }
  }

  /** A view says which operation is under way, so it changes with it. */
  async #followOperations(): Promise<void> {
    const { operations, log } = this.#deps;
    const shown = new Map<OperationId, string>();
    try {
      for await (const item of operations.watch(this.#closing.signal)) {
        for (const operation of item.type === 'all' ? item.items : item.upserted) {
          if (operation.subject.kind !== 'workspace' || shown.get(operation.id) === operation.state) continue;
          if (operation.endedAt === null) shown.set(operation.id, operation.state);
          else shown.delete(operation.id);
          this.directory.refresh(operation.subject.id as WorkspaceId);
        }
      }
    } catch (cause) {
      log.error('operations are not followed any more', { cause });
    }
  }
}
