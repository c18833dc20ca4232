/**
 * What each workspace's person wants of its end, on disk, and what windows see of it. The one place where these change; it
 * decides nothing. A workspace of which nothing is written has no policy.
 */
import { z } from 'zod';
import { type HostId, WorkspaceId } from '#contract/ids.ts';
import { type Lifecycle, LifecyclePolicy, noPolicy } from '#contract/lifecycles.ts';
import { Instant } from '#contract/text.ts';
import { Collection } from '../changes.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';

const RecordShape = z.object({
  id: WorkspaceId,
  policy: LifecyclePolicy,
  putOffUntil: Instant.nullable(),
  /** The `endAt` that has come and is over. */
  doneEndAt: Instant.nullable(),
  /** The beginning of working hours for which it was started, or ran already: it is not started for that once more. */
  startedForAt: Instant.nullable(),
});
export type LifecycleRecord = z.infer<typeof RecordShape>;

/** What a look found, as windows see it. */
export type LifecycleSight = Pick<Lifecycle, 'judgement' | 'seen' | 'quietSinceAt' | 'next'>;

const nothingSeen: LifecycleSight = { judgement: 'off', seen: [], quietSinceAt: null, next: null };

export interface LifecycleDirectoryDeps {
  readonly store: RecordStore;
}

export class LifecycleDirectory {
  readonly collection = new Collection<Lifecycle>();
  readonly #records: RecordCollection<LifecycleRecord>;
  readonly #known = new Map<WorkspaceId, LifecycleRecord>();
  readonly #sights = new Map<WorkspaceId, LifecycleSight>();
  readonly #leases = new Map<WorkspaceId, { readonly hostId: HostId; readonly until: Instant }>();

  constructor({ store }: LifecycleDirectoryDeps) {
    this.#records = store.collection('lifecycles', (value) => RecordShape.parse(value));
  }

  async load(): Promise<void> {
    for (const record of await this.#records.all()) this.#known.set(record.id, record);
  }

  isKnown(id: WorkspaceId): boolean {
    return this.#known.has(id);
  }

  record(id: WorkspaceId): LifecycleRecord {
    return (
      this.#known.get(id) ?? { id, policy: noPolicy, putOffUntil: null, doneEndAt: null, startedForAt: null }
    );
  }

  view(id: WorkspaceId): Lifecycle {
    const { doneEndAt, policy: written, putOffUntil } = this.record(id);
    // What has come and is over is nobody's wish any more.
    const policy =
      written.endAt !== null && written.endAt === doneEndAt ? { ...written, endAt: null } : written;
    const leaseUntil = this.#leases.get(id)?.until ?? null;
    return { id, policy, putOffUntil, leaseUntil, ...(this.#sights.get(id) ?? nothingSeen) };
  }

  /** In effect at once; on the disk when it resolves. */
  async change(id: WorkspaceId, change: Partial<Omit<LifecycleRecord, 'id'>>): Promise<void> {
    const before = this.#known.get(id);
    const after = { ...this.record(id), ...change };
    this.#known.set(id, after);
    try {
      await this.#records.put(after);
    } catch (error) {
      if (before === undefined) this.#known.delete(id);
      else this.#known.set(id, before);
      throw error;
    } finally {
      this.#show(id);
    }
  }

  show(id: WorkspaceId, sight: LifecycleSight): void {
    this.#sights.set(id, sight);
    this.#show(id);
  }

  /** All of a host's leases as they are now. */
  showLeases(hostId: HostId, leases: ReadonlyMap<WorkspaceId, Instant>): void {
    for (const [id, lease] of [...this.#leases])
      if (lease.hostId === hostId && !leases.has(id)) {
        this.#leases.delete(id);
        this.#show(id);
      }
    for (const [id, until] of leases) {
      this.#leases.set(id, { hostId, until });
      this.#show(id);
    }
  }

  async forget(id: WorkspaceId): Promise<void> {
    this.#known.delete(id);
    this.#sights.delete(id);
    this.#leases.delete(id);
    this.collection.delete(id);
    await this.#records.delete(id);
  }

  /** Tells watchers, if it differs. */
  #show(id: WorkspaceId): void {
    if (!this.#sights.has(id)) return;
    const view = this.view(id);
    if (JSON.stringify(this.collection.get(id)) !== JSON.stringify(view)) this.collection.put(view);
  }
}
