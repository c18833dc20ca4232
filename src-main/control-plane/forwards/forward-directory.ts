/**
 * Every forward that Berth knows: its record on disk, and the view made of it and of what lives of it. The one place where
 * records change; it opens nothing. Whose a forward is, its workspace says.
 */
import { BerthError, type ErrorShape } from '#contract/berth-error.ts';
import type { Forward, ForwardKind } from '#contract/forwards.ts';
import type { ForwardId, WorkspaceId } from '#contract/ids.ts';
import { Collection } from '../changes.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { RecordCollection } from '../interfaces/record-store.ts';
import type { Belonging } from '../ownership.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import { type ForwardRecord, needsLocalPower, toForward } from './forward.ts';
import { TrafficCount } from './traffic.ts';
import type { Ways } from './ways.ts';

export interface ForwardDirectoryDeps {
  readonly records: RecordCollection<ForwardRecord>;
  readonly workspaces: Pick<WorkspaceDirectory, 'ownerOf'>;
  readonly ways: Pick<Ways, 'isOpen'>;
  readonly clock: Clock;
}

interface Entry {
  record: ForwardRecord;
  /** Null: it listens, or has nothing to listen with. */
  problem: ErrorShape | null;
  /** False: no listener of it stands in the workspace. Of the other kinds always true. */
  isUp: boolean;
  origin: string | null;
  readonly traffic: TrafficCount;
}

export class ForwardDirectory {
  readonly collection = new Collection<Forward>();
  readonly #deps: ForwardDirectoryDeps;
  readonly #entries = new Map<ForwardId, Entry>();

  constructor(deps: ForwardDirectoryDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    for (const record of await this.#deps.records.all()) this.#enter(record);
  }

  close(): void {
    for (const { traffic } of this.#entries.values()) traffic.close();
  }

  find(id: string): ForwardRecord | undefined {
    return this.#entries.get(id as ForwardId)?.record;
  }
  require(id: ForwardId): ForwardRecord {
    const record = this.find(id);
    if (record === undefined) throw new BerthError('not-found', 'There is no such forward.');
    return record;
  }
  view(id: ForwardId): Forward {
    const view = this.collection.get(id);
    if (view === undefined) throw new BerthError('not-found', 'There is no such forward.');
    return view;
  }
  all(): ForwardRecord[] {
    return [...this.#entries.values()].map(({ record }) => record);
  }
  ofWorkspace(id: WorkspaceId): ForwardRecord[] {
    return this.all().filter(({ workspaceId }) => workspaceId === id);
  }
  findPort(id: WorkspaceId, kind: ForwardKind, port: number | null): ForwardRecord | undefined {
    return this.ofWorkspace(id).find((record) => record.kind === kind && record.port === port);
  }
  byLabel(label: string): ForwardRecord | undefined {
    return this.all().find((record) => record.label === label);
  }
  trafficOf(id: ForwardId): TrafficCount {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new BerthError('not-found', 'There is no such forward.');
    return entry.traffic;
  }
  /** On which Berth itself listens in a workspace. */
  ownPorts(id: WorkspaceId): ReadonlySet<number> {
    const found = new Set<number>();
    for (const { record, isUp } of this.#entries.values())
      if (record.kind === 'remote' && record.workspaceId === id && record.port !== null && isUp)
        found.add(record.port);
    return found;
  }
  /** Undefined: there is none. What listens on this computer is only for whoever may use it. */
  belongingOf(id: string): Belonging | undefined {
    const record = this.find(id);
    const ownerId = record && this.#deps.workspaces.ownerOf(record.workspaceId);
    if (record === undefined || ownerId === undefined) return undefined;
    return { ownerId, scope: needsLocalPower(record) ? 'hosts.write' : undefined };
  }

  /** Known from this call on, so that its label and its port are taken before anything is awaited. */
  async add(record: ForwardRecord): Promise<void> {
    this.#enter(record);
    try {
      await this.#deps.records.put(record);
    } catch (error) {
      this.#leave(record.id);
      throw error;
    }
  }

  /** Does nothing where it is gone in the meantime. */
  async change(id: ForwardId, change: Partial<Omit<ForwardRecord, 'id' | 'kind'>>): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const before = entry.record;
    entry.record = { ...before, ...change };
    try {
      if (JSON.stringify(before) !== JSON.stringify(entry.record)) await this.#deps.records.put(entry.record);
    } catch (error) {
      entry.record = before;
      throw error;
    } finally {
      this.refresh(id);
    }
  }

  async remove(id: ForwardId): Promise<void> {
    if (!this.#entries.has(id)) return;
    await this.#deps.records.delete(id);
    this.#leave(id);
  }

  setProblem(id: ForwardId, problem: ErrorShape | null): void {
    this.#show(id, { problem });
  }
  setUp(id: ForwardId, isUp: boolean): void {
    this.#show(id, { isUp });
  }
  setOrigin(id: ForwardId, origin: string | null): void {
    this.#show(id, { origin });
  }

  /** Makes the view anew, and tells watchers if it differs. */
  refresh(id: ForwardId): void {
    const view = this.#view(id);
    if (view === undefined) return;
    const shown = this.collection.get(id);
    if (shown === undefined || JSON.stringify(shown) !== JSON.stringify(view)) this.collection.put(view);
  }
  refreshWorkspace(id: WorkspaceId): void {
    for (const record of this.ofWorkspace(id)) this.refresh(record.id);
  }
  /** Other eyes are to see them, whether or not they look the same. */
  showAnew(): void {
    for (const view of this.collection.all()) this.collection.put(view);
  }

  #enter(record: ForwardRecord): void {
    const traffic = new TrafficCount(this.#deps.clock, () => this.refresh(record.id));
    const isUp = record.kind !== 'remote';
    this.#entries.set(record.id, { record, problem: null, isUp, origin: null, traffic });
    this.refresh(record.id);
  }

  #show(id: ForwardId, change: Partial<Pick<Entry, 'problem' | 'isUp' | 'origin'>>): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    Object.assign(entry, change);
    this.refresh(id);
  }

  #leave(id: ForwardId): void {
    this.#entries.get(id)?.traffic.close();
    this.#entries.delete(id);
    this.collection.delete(id);
  }

  #view(id: ForwardId): Forward | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const { record, problem, isUp, origin, traffic } = entry;
    const isWayOpen = isUp && this.#deps.ways.isOpen(record.workspaceId);
    return toForward({ record, origin, problem, isWayOpen, traffic: traffic.value });
  }
}
