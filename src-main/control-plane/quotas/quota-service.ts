/**
 * What everybody has and may have. Guarantees: what was let through counts from that moment, before anything is awaited, so
 * that two wishes at once do not both get the last place; and after a crash what was begun counts again, since it is counted
 * where it stands: in records and in the journal of operations.
 */
import type { CollectionItem } from '#contract/collection.ts';
import type { SnapshotId, UserId } from '#contract/ids.ts';
import type { Usage } from '#contract/users.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { SnapshotRecord } from '../snapshots/manifest.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';
import type { QuotaSource } from './quota-source.ts';
import { type Addition, requireFit, sumCpus } from './usage.ts';

/** What services ask before they make something. */
export interface QuotaGuard {
  /**
   * Throws quota.exceeded. Whoever asks must make what it asked for count before it awaits anything: a record, an operation,
   * or a hold.
   */
  require(userId: UserId, more: Addition): void;
  /** Counts a snapshot that is on its way and of which nothing else tells yet. Returns what ends that. */
  hold(userId: UserId, held: { snapshotId: SnapshotId; diskBytes: number }): () => void;
  /** Of a volume, as last measured. */
  volumeBytes(record: Pick<WorkspaceRecord, 'hostId' | 'volumeName'>): number | undefined;
}

export interface QuotaServiceDeps {
  readonly source: Pick<QuotaSource, 'quotaOf'>;
  readonly workspaces: () => readonly WorkspaceRecord[];
  readonly snapshots: () => readonly Pick<SnapshotRecord, 'id' | 'ownerId' | 'diskBytes'>[];
  /** Operations that have not ended, also those whose intent is being written. */
  readonly unfinished: () => Iterable<{ readonly userId: UserId; readonly input: unknown }>;
  readonly volumes: {
    bytesOf(userId: UserId): number | null;
    sizeOf(hostId: WorkspaceRecord['hostId'], volumeName: string): number | undefined;
    onMeasured(listener: () => void): () => void;
  };
  /** Whatever changes what there is: told of each change. */
  readonly watches: readonly ((signal: AbortSignal) => AsyncIterable<CollectionItem<{ id: string }>>)[];
  readonly clock: Clock;
  readonly log: Log;
}

/** An operation moves several times a second; people look once in a while. */
const tellAfterMs = 200;

export class QuotaService implements QuotaGuard {
  readonly #deps: QuotaServiceDeps;
  readonly #holds = new Set<{ userId: UserId; snapshotId: SnapshotId; diskBytes: number }>();
  readonly #listeners = new Set<(userId: UserId) => void>();
  /** As last told, by person. */
  readonly #told = new Map<UserId, string>();
  readonly #closing = new AbortController();
  #following: Promise<unknown> = Promise.resolve();
  #stopTimer: (() => void) | undefined;
  #stopMeasured: (() => void) | undefined;

  constructor(deps: QuotaServiceDeps) {
    this.#deps = deps;
  }

  /** Begins to follow what changes. */
  start(): void {
    this.#stopMeasured = this.#deps.volumes.onMeasured(() => this.#tellSoon());
    this.#following = Promise.all(this.#deps.watches.map((watch) => this.#follow(watch)));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#stopTimer?.();
    this.#stopMeasured?.();
    await this.#following;
  }

  usageOf(userId: UserId): Usage {
    const volumeBytes = this.#deps.volumes.bytesOf(userId);
    const usage = this.#usageWith(userId, volumeBytes ?? 0);
    return volumeBytes === null ? { ...usage, diskBytes: null } : usage;
  }

  #usageWith(userId: UserId, volumeBytes: number): Usage {
    const own = this.#deps.workspaces().filter(({ ownerId }) => ownerId === userId);
    const ids = new Set<string>(own.map(({ id }) => id));
    // A move's copy stands for the same workspace until one of the two is gone.
    const workspaces = own.filter(({ move }) => move?.role !== 'copy' || !ids.has(move.otherId));
    const snapshots = this.#deps.snapshots().filter(({ ownerId }) => ownerId === userId);
    const planned = this.#plannedSnapshots(userId);
    for (const { id } of snapshots) planned.delete(id);
    const held = [...this.#holds].filter((hold) => hold.userId === userId && planned.has(hold.snapshotId));
    return {
      workspaces: workspaces.length,
      cpus: sumCpus(workspaces.map(({ definition }) => definition.limits.cpus ?? 0)),
      memoryBytes: sum(workspaces.map(({ definition }) => definition.limits.memoryBytes ?? 0)),
      diskBytes:
        volumeBytes +
        sum(snapshots.map(({ diskBytes }) => diskBytes)) +
        sum(held.map(({ diskBytes }) => diskBytes)),
      snapshots: snapshots.length + planned.size,
    };
  }

  require(userId: UserId, more: Addition): void {
    // What was not measured yet cannot be held against anybody; snapshots are always known.
    const volumeBytes = this.#deps.volumes.bytesOf(userId) ?? 0;
    requireFit(this.#deps.source.quotaOf(userId), this.#usageWith(userId, volumeBytes), more);
  }

  hold(userId: UserId, { snapshotId, diskBytes }: { snapshotId: SnapshotId; diskBytes: number }): () => void {
    const hold = { userId, snapshotId, diskBytes };
    this.#holds.add(hold);
    return () => void this.#holds.delete(hold);
  }

  isHolding(userId: UserId): boolean {
    return [...this.#holds].some((hold) => hold.userId === userId);
  }

  volumeBytes({ hostId, volumeName }: Pick<WorkspaceRecord, 'hostId' | 'volumeName'>): number | undefined {
    return this.#deps.volumes.sizeOf(hostId, volumeName);
  }

  onUsageChange(listener: (userId: UserId) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #plannedSnapshots(userId: UserId): Set<SnapshotId> {
    const planned = new Set<SnapshotId>();
    for (const operation of this.#deps.unfinished())
      if (operation.userId === userId) for (const id of madeBy(operation.input)) planned.add(id);
    for (const hold of this.#holds) if (hold.userId === userId) planned.add(hold.snapshotId);
    return planned;
  }

  async #follow(watch: QuotaServiceDeps['watches'][number]): Promise<void> {
    try {
      for await (const _item of watch(this.#closing.signal)) this.#tellSoon();
    } catch (cause) {
      this.#deps.log.error('what people have is not followed any more', { cause });
    }
  }

  #tellSoon(): void {
    if (this.#closing.signal.aborted) return;
    this.#stopTimer ??= this.#deps.clock.after(tellAfterMs, () => {
      this.#stopTimer = undefined;
      this.#tell();
    });
  }

  #tell(): void {
    if (this.#listeners.size === 0) return;
    const people = new Set(this.#told.keys());
    for (const { ownerId } of this.#deps.workspaces()) people.add(ownerId);
    for (const { ownerId } of this.#deps.snapshots()) people.add(ownerId);
    for (const userId of people) {
      const usage = JSON.stringify(this.usageOf(userId));
      if (this.#told.get(userId) === usage) continue;
      this.#told.set(userId, usage);
      for (const listener of this.#listeners) listener(userId);
    }
  }
}

/** What an operation says that it makes; under the same names in every input. */
function madeBy(input: unknown): SnapshotId[] {
  if (typeof input !== 'object' || input === null) return [];
  const { safetyId, copySnapshotId } = input as Record<string, unknown>;
  // A workspace that is made of a snapshot names that one; what makes a snapshot of a workspace, the new one.
  const made =
    'workspaceId' in input || 'copyId' in input ? (input as { snapshotId?: unknown }).snapshotId : null;
  return [made, safetyId, copySnapshotId].filter((id): id is SnapshotId => typeof id === 'string');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
