/**
 * Every workspace that Berth knows: its record on disk, what its host last told, and the view made of both. The one
 * place where these change; it decides nothing and touches no host.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, ProjectId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Collection } from '../changes.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { RecordCollection } from '../interfaces/record-store.ts';
import type { OperationStarter } from '../operations/operation-definition.ts';
import { nameKey, type Observed, toWorkspace, type WorkspaceRecord } from './workspace.ts';

export interface DirectoryDeps {
  readonly records: RecordCollection<WorkspaceRecord>;
  readonly operations: Pick<OperationStarter, 'current'>;
  /** Of a project of this person's. */
  readonly projectName: (id: ProjectId, ownerId: UserId) => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Where a name is unique: among one person's on one host. */
export type NamePlace = Pick<WorkspaceRecord, 'hostId' | 'ownerId'>;

interface Entry {
  record: WorkspaceRecord;
  observed: Observed | undefined;
  isDeciding: boolean;
}

export class WorkspaceDirectory {
  readonly collection = new Collection<Workspace>();
  readonly #deps: DirectoryDeps;
  readonly #entries = new Map<WorkspaceId, Entry>();
  readonly #listeners = new Set<(workspace: Workspace) => void>();

  constructor(deps: DirectoryDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    for (const record of await this.#deps.records.all()) {
      this.#entries.set(record.id, { record, observed: undefined, isDeciding: false });
      this.refresh(record.id);
    }
  }

  record(id: WorkspaceId): WorkspaceRecord | undefined {
    return this.#entries.get(id)?.record;
  }
  ownerOf(id: string): UserId | undefined {
    return this.#entries.get(id as WorkspaceId)?.record.ownerId;
  }
  require(id: WorkspaceId): WorkspaceRecord {
    const record = this.record(id);
    if (record === undefined) throw new BerthError('not-found', 'There is no such workspace.');
    return record;
  }
  workspace(id: WorkspaceId): Workspace {
    const workspace = this.collection.get(id);
    if (workspace === undefined) throw new BerthError('not-found', 'There is no such workspace.');
    return workspace;
  }
  records(): WorkspaceRecord[] {
    return [...this.#entries.values()].map((entry) => entry.record);
  }
  onHost(hostId: HostId): WorkspaceRecord[] {
    return this.records().filter((record) => record.hostId === hostId);
  }
  /** Undefined: not known at present. */
  observed(id: WorkspaceId): Observed | undefined {
    return this.#entries.get(id)?.observed;
  }
  /** Undefined unless it runs, as far as its host told. */
  runningContainer(id: WorkspaceId): string | undefined {
    const observed = this.observed(id);
    return observed?.state === 'running' ? observed.id : undefined;
  }
  operation(id: WorkspaceId): Operation | undefined {
    const operation = this.#deps.operations.current({ kind: 'workspace', id });
    return operation === undefined || operation.endedAt !== null ? undefined : operation;
  }

  /** Throws workspace.name-taken. The name is taken from this call on, before anything is awaited. */
  async add(record: WorkspaceRecord): Promise<void> {
    this.requireFreeName(record, record.name, record.id);
    this.#entries.set(record.id, { record, observed: undefined, isDeciding: false });
    try {
      await this.#deps.records.put(record);
    } catch (error) {
      this.#entries.delete(record.id);
      throw error;
    }
    this.refresh(record.id);
  }

  requireFreeName(place: NamePlace, name: string, except: WorkspaceId | undefined): void {
    const other = this.#namesake(place, name, except);
    if (other === undefined) return;
    throw new BerthError(
      'workspace.name-taken',
      `A workspace named “${other.name}” is on this host already. Choose another name.`,
      { details: { field: 'name', workspaceId: other.id } },
    );
  }

  #namesake({ hostId, ownerId }: NamePlace, name: string, except: WorkspaceId | undefined) {
    const key = nameKey(name);
    return this.onHost(hostId).find(
      (record) => record.id !== except && record.ownerId === ownerId && nameKey(record.name) === key,
    );
  }

  /** `name`, or with the first number behind it that is free there. */
  freeName(place: NamePlace, name: string): string {
    for (let number = 1; ; number++) {
      const candidate = number === 1 ? name : `${name.slice(0, 70)} (${number})`;
      if (this.#namesake(place, candidate, undefined) === undefined) return candidate;
    }
  }

  /** One person's become another's; a name that is taken there gets a number. Returns how many. */
  async takeOver(from: UserId, to: UserId): Promise<number> {
    const own = this.records().filter(({ ownerId }) => ownerId === from);
    for (const { id, hostId, name } of own) {
      await this.change(id, { ownerId: to, name: this.freeName({ hostId, ownerId: to }, name) });
      // Its view may be the same as before, and other eyes are to see it.
      this.collection.put(this.workspace(id));
    }
    return own.length;
  }

  /** Does nothing where the record is gone in the meantime. */
  async change(id: WorkspaceId, change: Partial<Omit<WorkspaceRecord, 'id'>>): Promise<void> {
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

  async remove(id: WorkspaceId): Promise<void> {
    if (!this.#entries.has(id)) return;
    await this.#deps.records.delete(id);
    this.#entries.delete(id);
    this.collection.delete(id);
  }

  /** What its host told just now; undefined: the host is away. */
  observe(id: WorkspaceId, observed: Observed | undefined): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.observed = observed;
    this.refresh(id);
  }

  setDeciding(id: WorkspaceId, isDeciding: boolean): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.isDeciding === isDeciding) return;
    entry.isDeciding = isDeciding;
    this.refresh(id);
  }

  /** Called whenever a workspace's view changed; not on removal. */
  onChange(listener: (workspace: Workspace) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  refreshAll(): void {
    for (const id of this.#entries.keys()) this.refresh(id);
  }

  /** Makes the view anew, and tells watchers if it differs. */
  refresh(id: WorkspaceId): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const view = this.#view(entry);
    if (view.state !== 'unknown' && view.state !== entry.record.lastKnown?.state) {
      entry.record = {
        ...entry.record,
        lastKnown: { state: view.state, at: instantOf(this.#deps.clock) },
      };
      view.lastKnown = entry.record.lastKnown;
      this.#deps.records.put(entry.record).catch((cause: unknown) => {
        this.#deps.log.warn('the last known state of a workspace was not kept', { workspaceId: id, cause });
      });
    }
    const shown = this.collection.get(id);
    if (shown !== undefined && JSON.stringify(shown) === JSON.stringify(view)) return;
    this.collection.put(view);
    for (const listener of this.#listeners) listener(view);
  }

  #view(entry: Entry): Workspace {
    const { record } = entry;
    const { projectId, ownerId } = record;
    const projectName = projectId === null ? undefined : this.#deps.projectName(projectId, ownerId);
    return toWorkspace({
      record,
      projectName: projectName ?? record.definition.name,
      observed: entry.observed,
      operation: this.operation(record.id),
      isDeciding: entry.isDeciding,
    });
  }
}
