/**
 * Volumes from before restores, each kept until its time. Owns their records and asks for the end of those that are due. A
 * workspace restored twice has two; the newest is the one that a click goes back to.
 */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import { RestoreUndo } from '#contract/snapshots.ts';
import { Collection } from '../changes.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { RecordCollection } from '../interfaces/record-store.ts';

/** As the contract's, under the volume's name instead of the workspace's. */
export const UndoRecord = RestoreUndo.extend({ id: z.string(), workspaceId: RestoreUndo.shape.id });
export type UndoRecord = z.infer<typeof UndoRecord>;

/** Timers of the platform end at 2^31 ms; a look an hour is cheap. */
const LOOK_EVERY_MS = 3_600_000;
/** An operation on the workspace is under way, or its host is away. */
const LOOK_AGAIN_MS = 60_000;

export interface RestoreUndosDeps {
  readonly records: RecordCollection<UndoRecord>;
  readonly links: HostLinks;
  readonly clock: Clock;
  readonly log: Log;
  /** Begins to destroy the volume. Throws while it cannot. */
  readonly end: (record: UndoRecord) => Promise<unknown>;
}

export class RestoreUndos {
  readonly collection = new Collection<RestoreUndo>();
  readonly #deps: RestoreUndosDeps;
  readonly #records = new Map<string, UndoRecord>();
  #stopTimer: (() => void) | undefined;
  readonly #stops: (() => void)[] = [];

  constructor(deps: RestoreUndosDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    for (const record of await this.#deps.records.all()) this.#records.set(record.id, record);
    for (const { workspaceId } of this.#records.values()) this.#show(workspaceId);
  }

  start(): void {
    const { links } = this.#deps;
    this.#stops.push(
      links.onReady(() => this.#look()),
      links.onRemoved((hostId) => {
        for (const record of this.#records.values())
          if (record.hostId === hostId)
            this.remove(record.id).catch((cause: unknown) => {
              this.#deps.log.error('the record of a kept volume could not be removed', { cause });
            });
      }),
    );
    this.#look();
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#stopTimer?.();
  }

  /** Throws conflict where there is nothing to take back. */
  require(id: WorkspaceId): UndoRecord {
    const record = this.of(id)[0];
    if (record !== undefined) return record;
    throw new BerthError(
      'conflict',
      'There is no restore of this workspace that could be taken back any more.',
    );
  }

  /** Newest first. */
  of(id: WorkspaceId): UndoRecord[] {
    return [...this.#records.values()]
      .filter(({ workspaceId }) => workspaceId === id)
      .sort((a, b) => b.restoredAt.localeCompare(a.restoredAt));
  }

  all(): UndoRecord[] {
    return [...this.#records.values()];
  }

  volumesOn(hostId: HostId): string[] {
    return [...this.#records.values()].filter((record) => record.hostId === hostId).map(({ id }) => id);
  }

  async put(record: UndoRecord): Promise<void> {
    await this.#deps.records.put(record);
    this.#records.set(record.id, record);
    this.#show(record.workspaceId);
    this.#look();
  }

  async remove(volumeName: string): Promise<void> {
    const record = this.#records.get(volumeName);
    if (record === undefined) return;
    await this.#deps.records.delete(volumeName);
    this.#records.delete(volumeName);
    this.#show(record.workspaceId);
  }

  #show(id: WorkspaceId): void {
    const newest = this.of(id)[0];
    if (newest === undefined) this.collection.delete(id);
    else {
      const { workspaceId: _workspaceId, ...shown } = newest;
      this.collection.put({ ...shown, id });
    }
  }

  /** Ends what is due and whose host is there; looks again when the next is. */
  #look(): void {
    this.#stopTimer?.();
    const { clock, links, log } = this.#deps;
    const nowMs = clock.nowMs();
    let nextMs = LOOK_EVERY_MS;
    for (const record of this.#records.values()) {
      const waitMs = Date.parse(record.until) - nowMs;
      if (waitMs > 0) nextMs = Math.min(nextMs, waitMs + 1);
      else if (links.current(record.hostId)?.engine !== undefined) {
        nextMs = Math.min(nextMs, LOOK_AGAIN_MS);
        this.#deps.end(record).catch((cause: unknown) => {
          log.info('a volume from before a restore is kept a little longer', { volume: record.id, cause });
        });
      }
    }
    if (this.#records.size > 0) this.#stopTimer = clock.after(nextMs, () => this.#look());
  }
}
