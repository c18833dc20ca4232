/**
 * Every snapshot that Berth knows: what the hosts tell, and the last that they told while they are away. The hosts' folders
 * are the truth; a lost database is filled again from them. Decides nothing and makes no snapshot.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, SnapshotId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { Snapshot, SnapshotHost } from '#contract/snapshots.ts';
import { Collection } from '../changes.ts';
import type { HostLink, HostLinks } from '../hosts/host-links.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordCollection } from '../interfaces/record-store.ts';
import { readSpace } from '../workspaces/host-space.ts';
import type { ReadyLink } from '../workspaces/workspace-parts.ts';
import type { HelperEvent } from './helper-output.ts';
import { type FoundSnapshot, Manifest, Marks, type SnapshotRecord, toSnapshot } from './manifest.ts';
import { askHelper, snapshotFolder } from './helper-work.ts';

/** A copy or an import that was cut off may go on for a day; then what is there of it is swept. */
const KEEP_IMPORTS_SECONDS = 86_400;

export interface SnapshotDirectoryDeps {
  readonly records: RecordCollection<SnapshotRecord>;
  readonly links: HostLinks;
  readonly random: Random;
  readonly log: Log;
  /** Whose a thing on a host is that carries this owner. */
  readonly ownerOfLabel: (told: string) => UserId;
  /** Told when a host has told its snapshots. */
  readonly onRead: (link: ReadyLink) => void;
}

export class SnapshotDirectory {
  readonly collection = new Collection<Snapshot>();
  readonly hosts = new Collection<SnapshotHost>();
  readonly #deps: SnapshotDirectoryDeps;
  readonly #records = new Map<SnapshotId, SnapshotRecord>();
  readonly #stops: (() => void)[] = [];
  readonly #closing = new AbortController();
  /** One reading at a time per host; a wish that comes meanwhile is a second one after it. */
  readonly #reading = new Map<HostId, { running: Promise<void>; next: Promise<void> | undefined }>();
  /** Made or removed while a list is on its way, which may be from before that: per reading. */
  readonly #later = new Set<Set<SnapshotId>>();

  constructor(deps: SnapshotDirectoryDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    for (const record of await this.#deps.records.all()) {
      this.#records.set(record.id, record);
      this.collection.put(toSnapshot(record, true));
    }
  }

  start(): void {
    const { links } = this.#deps;
    this.#stops.push(
      links.onReady((link) => {
        if (link.engine !== undefined) void this.refresh(link.hostId);
      }),
      links.onLost((hostId) => this.#away(hostId)),
      links.onRemoved((hostId) => void this.#forget(hostId)),
    );
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#closing.abort();
    await Promise.all([...this.#reading.values()].map(({ running }) => running));
  }

  record(id: SnapshotId): SnapshotRecord | undefined {
    return this.#records.get(id);
  }
  records(): SnapshotRecord[] {
    return [...this.#records.values()];
  }
  ownerOf(id: string): UserId | undefined {
    return this.#records.get(id as SnapshotId)?.ownerId;
  }
  require(id: SnapshotId): SnapshotRecord {
    const record = this.#records.get(id);
    if (record === undefined) throw new BerthError('not-found', 'There is no such snapshot.');
    return record;
  }
  snapshot(id: SnapshotId): Snapshot {
    const snapshot = this.collection.get(id);
    if (snapshot === undefined) throw new BerthError('not-found', 'There is no such snapshot.');
    return snapshot;
  }
  all(): Snapshot[] {
    return this.collection.all();
  }
  ofOwner(ownerId: UserId): Snapshot[] {
    return this.all().filter(({ id }) => this.ownerOf(id) === ownerId);
  }
  /** Of this person's: an archive may say anything of the workspace that it is of. */
  ofWorkspace(id: WorkspaceId, ownerId: UserId): Snapshot[] {
    return this.ofOwner(ownerId).filter((snapshot) => snapshot.workspaceId === id);
  }

  /** Puts one in that was just published, before its host is read again. */
  async put(found: FoundSnapshot): Promise<void> {
    this.#outdate(found.id);
    const record = this.#owned(found);
    await this.#deps.records.put(record);
    this.#records.set(record.id, record);
    this.#show(record, false);
  }

  /** One person's become another's. Returns how many. */
  async takeOver(from: UserId, to: UserId): Promise<number> {
    const own = this.records().filter(({ ownerId }) => ownerId === from);
    for (const before of own) {
      const record = { ...before, ownerId: to };
      await this.#deps.records.put(record);
      this.#records.set(record.id, record);
      const shown = this.collection.get(record.id);
      if (shown !== undefined) this.collection.put(shown);
    }
    return own.length;
  }

  /** Who has it keeps it: labels on a host cannot change when a person's things become another's. */
  ownerOfFound(found: Pick<FoundSnapshot, 'id' | 'manifest'>): UserId {
    return this.#records.get(found.id)?.ownerId ?? this.#deps.ownerOfLabel(found.manifest.about.ownerId);
  }

  #owned(found: FoundSnapshot): SnapshotRecord {
    return { ...found, ownerId: this.ownerOfFound(found) };
  }

  async remove(id: SnapshotId): Promise<void> {
    this.#outdate(id);
    await this.#drop(id);
  }

  #outdate(id: SnapshotId): void {
    for (const ids of this.#later) ids.add(id);
  }

  async #drop(id: SnapshotId): Promise<void> {
    if (!this.#records.has(id)) return;
    await this.#deps.records.delete(id);
    this.#records.delete(id);
    this.collection.delete(id);
  }

  /** Reads a host's snapshots anew. Never rejects: what went wrong stands with the host. */
  refresh(hostId: HostId): Promise<void> {
    const reading = this.#reading.get(hostId);
    if (reading !== undefined) {
      reading.next ??= reading.running.then(() => this.refresh(hostId));
      return reading.next;
    }
    const running = this.#read(hostId).finally(() => this.#reading.delete(hostId));
    this.#reading.set(hostId, { running, next: undefined });
    return running;
  }

  async #read(hostId: HostId): Promise<void> {
    const link = this.#deps.links.current(hostId);
    if (link?.engine === undefined || link.engineInfo === undefined || this.#closing.signal.aborted) return;
    const ready = link as ReadyLink;
    const folder = snapshotFolder(ready.engineInfo);
    const shown = this.hosts.get(hostId);
    const nothing = { usedBytes: null, freeBytes: null, totalBytes: null };
    this.hosts.put({ ...nothing, ...shown, id: hostId, state: 'reading', problem: null, folder });
    const signal = AbortSignal.any([link.signal, this.#closing.signal]);
    const later = new Set<SnapshotId>();
    this.#later.add(later);
    try {
      const events = (await hasFolder(link, folder, signal)) ? await this.#list(ready, signal) : [];
      await this.#take(hostId, events, later);
      const space = await readSpace(link.connection, ready.engineInfo.rootFolder, signal);
      const own = events.find(({ event }) => event === 'folder');
      this.hosts.put({
        id: hostId,
        state: 'ready',
        problem: null,
        folder,
        usedBytes: this.#usedBytes(hostId),
        freeBytes: numberIn(own, 'freeBytes') ?? space?.freeBytes ?? null,
        totalBytes: numberIn(own, 'totalBytes') ?? space?.totalBytes ?? null,
      });
      this.#deps.onRead(ready);
    } catch (error) {
      if (signal.aborted) return this.#away(hostId);
      this.#deps.log.warn('the snapshots of a host could not be read', { hostId, cause: error });
      const problem = BerthError.is(error)
        ? error.toShape()
        : new BerthError('internal', 'Berth made a mistake; the log says more.').toShape();
      this.hosts.put({ ...nothing, id: hostId, state: 'unavailable', problem, folder });
    } finally {
      this.#later.delete(later);
    }
  }

  async #list(link: ReadyLink, signal: AbortSignal): Promise<HelperEvent[]> {
    const id = this.#deps.random.id('op');
    const args = ['list', '--store=/store', '--sweep', `--keep-imports=${KEEP_IMPORTS_SECONDS}`];
    try {
      return await askHelper(link, { purpose: 'list', id, args, store: 'write', rights: 'write' }, signal);
    } catch (error) {
      // The folder went away between the look and the mount.
      if (BerthError.is(error, 'not-found')) return [];
      throw error;
    }
  }

  /** `later`: what is known better than from this list. */
  async #take(hostId: HostId, events: readonly HelperEvent[], later: ReadonlySet<SnapshotId>): Promise<void> {
    const found = new Set<SnapshotId>();
    for (const event of events) {
      if (event.event === 'broken')
        this.#deps.log.warn('a snapshot’s manifest cannot be read', {
          hostId,
          id: event.id,
          cause: event.reason,
        });
      if (event.event !== 'snapshot') continue;
      const manifest = Manifest.safeParse(event.manifest);
      if (!manifest.success) {
        this.#deps.log.warn('a snapshot’s manifest is not one of ours', {
          hostId,
          cause: manifest.error.message,
        });
        continue;
      }
      const marks = Marks.safeParse(event.marks);
      const id = manifest.data.id;
      if (later.has(id)) continue;
      // The same id on two hosts would be a copy made by hand: the first stays.
      const known = this.#records.get(id);
      if (known !== undefined && known.hostId !== hostId) continue;
      found.add(id);
      const record = this.#owned({
        id,
        hostId,
        manifest: manifest.data,
        marks: marks.success ? marks.data : {},
        diskBytes: numberIn(event, 'bytes') ?? manifest.data.archive.bytes,
      });
      if (JSON.stringify(known) !== JSON.stringify(record)) await this.#deps.records.put(record);
      this.#records.set(id, record);
      this.#show(record, false);
    }
    for (const record of this.#records.values())
      if (record.hostId === hostId && !found.has(record.id) && !later.has(record.id))
        await this.#drop(record.id);
  }

  #show(record: SnapshotRecord, isHostAway: boolean): void {
    const snapshot = toSnapshot(record, isHostAway);
    if (JSON.stringify(this.collection.get(record.id)) !== JSON.stringify(snapshot))
      this.collection.put(snapshot);
  }

  #usedBytes(hostId: HostId): number {
    let sum = 0;
    for (const record of this.#records.values()) if (record.hostId === hostId) sum += record.diskBytes;
    return sum;
  }

  #away(hostId: HostId): void {
    const shown = this.hosts.get(hostId);
    if (shown !== undefined) this.hosts.put({ ...shown, state: 'away', problem: null });
    for (const record of this.#records.values()) if (record.hostId === hostId) this.#show(record, true);
  }

  async #forget(hostId: HostId): Promise<void> {
    this.hosts.delete(hostId);
    for (const record of this.#records.values())
      if (record.hostId === hostId)
        await this.remove(record.id).catch((cause: unknown) => {
          this.#deps.log.error('the record of a snapshot could not be removed', { id: record.id, cause });
        });
  }
}

/** Seen from the login; folders above it are open to all. */
async function hasFolder(link: HostLink, folder: string, signal: AbortSignal): Promise<boolean> {
  const { exitCode } = await link.connection.exec(['test', '-d', folder], { signal });
  return exitCode === 0;
}

export function numberIn(event: HelperEvent | undefined, field: string): number | undefined {
  const value = event?.[field];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.floor(value) : undefined;
}
