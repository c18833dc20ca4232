/**
 * The rules of workspaces: keeps them, makes what is due, and deletes what they no longer keep. A snapshot that was due
 * while its host was away, or in quiet hours, is made once when that is over, however many were missed.
 */
import { BerthError, type ErrorShape } from '#contract/berth-error.ts';
import type { SnapshotId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import {
  type KeepPlan,
  type KeepRule,
  SnapshotRules,
  snapshotRulesDefaults,
} from '#contract/snapshot-rules.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import { Instant } from '#contract/text.ts';
import { Collection } from '../changes.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { RecordCollection } from '../interfaces/record-store.ts';
import type { Schedules } from '../interfaces/schedule.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import { afterQuiet, dueTimes } from './due.ts';
import { planKeeping } from './keep.ts';

export const RulesRecord = SnapshotRules.omit({ nextAt: true }).extend({
  /** From when the schedule counts: when it was set, or the last one that was due. */
  countsFrom: Instant,
});
export type RulesRecord = ReturnType<typeof RulesRecord.parse>;

export interface RulesServiceDeps {
  readonly records: RecordCollection<RulesRecord>;
  readonly workspaces: WorkspaceDirectory;
  readonly links: HostLinks;
  readonly schedules: Schedules;
  readonly snapshotsOf: (id: WorkspaceId) => Snapshot[];
  /** Begins one by these rules, in the name of whose workspace it is. Throws while it cannot. */
  readonly create: (rules: RulesRecord) => Promise<Operation>;
  readonly destroy: (ids: readonly SnapshotId[], userId: UserId) => Promise<Operation>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Longest wait of the timer; clocks may be set meanwhile. */
const LOOK_EVERY_MS = 600_000;
/** Something else is under way on the workspace. */
const LOOK_AGAIN_MS = 30_000;

type Rules = Omit<SnapshotRules, 'id' | 'nextAt' | 'lastAt' | 'problem'>;
/** What is undefined stays as it is. */
export type RulesChange = { readonly [K in keyof Rules]?: Rules[K] | undefined };

export class RulesService {
  readonly collection = new Collection<SnapshotRules>();
  readonly #deps: RulesServiceDeps;
  readonly #records = new Map<WorkspaceId, RulesRecord>();
  readonly #stops: (() => void)[] = [];
  readonly #beginning = new Set<WorkspaceId>();
  #stopTimer: (() => void) | undefined;

  constructor(deps: RulesServiceDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    for (const record of await this.#deps.records.all()) {
      this.#records.set(record.id, record);
      this.#show(record);
    }
  }

  start(): void {
    this.#stops.push(this.#deps.links.onReady(() => this.#look()));
    this.#look();
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#stopTimer?.();
  }

  of(id: WorkspaceId): RulesRecord | undefined {
    return this.#records.get(id);
  }

  async set(id: WorkspaceId, change: RulesChange): Promise<SnapshotRules> {
    this.#deps.workspaces.require(id);
    const before = this.#records.get(id);
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const now = instantOf(this.#deps.clock);
    const after: RulesRecord = {
      ...snapshotRulesDefaults,
      timeZone: zone,
      lastAt: null,
      problem: null,
      countsFrom: now,
      ...before,
      ...(withoutUndefined(change) as Partial<Rules>),
      id,
    };
    // Throws what is wrong with the words before anything is kept.
    this.explain({ ...after, schedule: after.schedule ?? '0 0 * * *' });
    const isRetimed = before?.schedule !== after.schedule || before?.timeZone !== after.timeZone;
    const record = isRetimed ? { ...after, countsFrom: now, problem: null } : after;
    await this.#put(record);
    this.#look();
    return this.#show(record);
  }

  explain(timing: Pick<SnapshotRules, 'timeZone' | 'quietHours'> & { schedule: string }): string[] {
    const times = dueTimes(this.#deps.schedules, timing, this.#deps.clock.nowMs(), 5);
    return times.map((timeMs) => new Date(timeMs).toISOString());
  }

  keepPlan(id: WorkspaceId, keep: KeepRule): KeepPlan {
    const zone = this.#records.get(id)?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    return planKeeping(this.#deps.snapshotsOf(id), keep, zone);
  }

  async apply(
    id: WorkspaceId,
    keep: KeepRule,
    shown: readonly SnapshotId[],
    userId: UserId,
  ): Promise<Operation> {
    const { destroys } = this.keepPlan(id, keep);
    const isAsShown = destroys.length === shown.length && destroys.every((one) => shown.includes(one));
    if (!isAsShown)
      throw new BerthError(
        'conflict',
        'The snapshots have changed since the list was shown. Look at it again.',
      );
    return this.#deps.destroy(destroys, userId);
  }

  /** The workspace goes on under another id. */
  async handOver(from: WorkspaceId, to: WorkspaceId): Promise<void> {
    const record = this.#records.get(from);
    if (record === undefined) return;
    await this.#put({ ...record, id: to });
    this.#show({ ...record, id: to });
    await this.remove(from);
  }

  async remove(id: WorkspaceId): Promise<void> {
    if (!this.#records.has(id)) return;
    await this.#deps.records.delete(id);
    this.#records.delete(id);
    this.collection.delete(id);
  }

  /** A snapshot that a schedule had made has ended. */
  async ended(id: WorkspaceId, operation: Operation): Promise<void> {
    const record = this.#records.get(id);
    if (record === undefined) return;
    const isMade = operation.state === 'succeeded';
    await this.#change(record, {
      problem: isMade ? null : operation.error,
      ...(isMade ? { lastAt: instantOf(this.#deps.clock) } : {}),
    });
    if (!isMade || record.keep === null) return;
    const { destroys } = this.keepPlan(id, record.keep);
    const ownerId = this.#deps.workspaces.ownerOf(id);
    if (destroys.length > 0 && ownerId !== undefined) await this.#deps.destroy(destroys, ownerId);
  }

  #look(): void {
    this.#stopTimer?.();
    const { clock } = this.#deps;
    const nowMs = clock.nowMs();
    let waitMs = LOOK_EVERY_MS;
    for (const record of this.#records.values()) {
      const dueMs = this.#dueMs(record);
      if (dueMs === undefined) continue;
      // What was due before is made when the quiet hours of today end.
      const beginsMs = afterQuiet(Math.max(dueMs, nowMs), record);
      if (beginsMs > nowMs) waitMs = Math.min(waitMs, beginsMs - nowMs + 1);
      else {
        waitMs = Math.min(waitMs, LOOK_AGAIN_MS);
        void this.#begin(record);
      }
    }
    if (this.#records.size > 0) this.#stopTimer = clock.after(waitMs, () => this.#look());
  }

  async #begin(record: RulesRecord): Promise<void> {
    const { workspaces, links, log } = this.#deps;
    const workspace = workspaces.record(record.id);
    if (workspace === undefined || this.#beginning.has(record.id)) return;
    if (links.current(workspace.hostId)?.engine === undefined) return this.#tell(record, awayProblem());
    if (workspaces.operation(record.id) !== undefined) return;
    this.#beginning.add(record.id);
    try {
      await this.#deps.create(record);
      await this.#change(record, { countsFrom: instantOf(this.#deps.clock), problem: null });
    } catch (cause) {
      log.warn('a snapshot that was due could not be begun', { workspaceId: record.id, cause });
      if (BerthError.is(cause, 'conflict')) return;
      const problem =
        cause instanceof BerthError ? cause : new BerthError('internal', 'Berth made a mistake.');
      await this.#change(record, { countsFrom: instantOf(this.#deps.clock), problem: problem.toShape() });
    } finally {
      this.#beginning.delete(record.id);
    }
  }

  #tell(record: RulesRecord, problem: ErrorShape): void {
    if (record.problem?.code === problem.code) return;
    this.#change(record, { problem }).catch((cause: unknown) => {
      this.#deps.log.warn('what kept a snapshot from being made could not be noted', { cause });
    });
  }

  #dueMs(record: RulesRecord): number | undefined {
    return dueTimes(this.#deps.schedules, record, Date.parse(record.countsFrom), 1)[0];
  }

  async #change(record: RulesRecord, change: Partial<RulesRecord>): Promise<void> {
    const now = this.#records.get(record.id);
    if (now === undefined) return;
    await this.#put({ ...now, ...change });
    this.#show({ ...now, ...change });
  }

  async #put(record: RulesRecord): Promise<void> {
    await this.#deps.records.put(record);
    this.#records.set(record.id, record);
  }

  #show(record: RulesRecord): SnapshotRules {
    const { countsFrom: _countsFrom, ...rules } = record;
    const dueMs = this.#dueMs(record);
    const nextMs =
      dueMs === undefined ? undefined : afterQuiet(Math.max(dueMs, this.#deps.clock.nowMs()), record);
    const shown = { ...rules, nextAt: nextMs === undefined ? null : new Date(nextMs).toISOString() };
    this.collection.put(shown);
    return shown;
  }
}

function withoutUndefined(change: RulesChange): object {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

function awayProblem(): ErrorShape {
  return new BerthError(
    'host.not-connected',
    'A snapshot was due while the host was away. It is made when the host is back.',
  ).toShape();
}
