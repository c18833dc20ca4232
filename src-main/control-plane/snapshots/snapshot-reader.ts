/**
 * Looking into snapshots, and carrying bytes out of them: browse, search, compare, plan a restore, save a file, export; and the marks that a person sets on one. Nothing here touches a workspace's files.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { SnapshotId, UserId } from '#contract/ids.ts';
import type { OutputOf, ParsedInputOf } from '#contract/index.ts';
import type { RestorePlan, SearchHit, Snapshot, SnapshotComparison } from '#contract/snapshots.ts';
import type { ByteChannel } from '../handler.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Random } from '../interfaces/random.ts';
import { readSpace } from '../workspaces/host-space.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import { findContainer, type ReadyLink } from '../workspaces/workspace-parts.ts';
import { compareEntries, pathMatcher } from './entry-index.ts';
import { readLiveTree } from './live-tree.ts';
import type { EntryLists } from './entry-lists.ts';
import { HelperOutput } from './helper-output.ts';
import { labelOf, Marks, type SnapshotRecord } from './manifest.ts';
import { type AccessSource, accessOf, withAccess } from './repository-access.ts';
import { requireSameHost } from './restore-operations.ts';
import type { SnapshotDirectory } from './snapshot-directory.ts';
import { askHelper, type HelperWork, helperSpec } from './helper-work.ts';

export interface SnapshotReaderDeps {
  readonly directory: SnapshotDirectory;
  readonly workspaces: WorkspaceDirectory;
  readonly entries: EntryLists;
  readonly access: AccessSource;
  readonly links: HostLinks;
  readonly openTerminals: (record: WorkspaceRecord) => number;
  readonly undoHours: (userId: UserId) => number;
  readonly clock: Clock;
  readonly random: Random;
}

/** Restores need so much beside the files: the file system's own bookkeeping. */
const SPACE_MARGIN_BYTES = 64 * 1024 * 1024;
/** Changes that a plan carries; the window asks for all of them by `compare`. */
const PLAN_CHANGES = 500;
/** Hits of one snapshot that are looked at for one search. */
const HITS_PER_SNAPSHOT = 500;
/** Changed by every program and of no worth, or the engine's own: not counted as what a restore loses. */
const SCRATCH = [
  '/tmp',
  '/var/tmp',
  '/run',
  '/var/cache',
  '/var/log',
  '/dev',
  '/proc',
  '/sys',
  '/sbin/docker-init',
];

export class SnapshotReader {
  readonly #deps: SnapshotReaderDeps;

  constructor(deps: SnapshotReaderDeps) {
    this.#deps = deps;
  }

  async change(input: ParsedInputOf<'snapshots.change'>): Promise<Snapshot> {
    const { directory, links, random } = this.#deps;
    const record = directory.require(input.id);
    if (input.name !== undefined && input.name !== null)
      directory.requireFreeName({ ...record.manifest.about, ownerId: record.ownerId }, input.name, input.id);
    const { id: _id, ...change } = input;
    const marks = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const events = await askHelper(links.requireEngine(record.hostId), {
      purpose: 'mark',
      id: random.id('op'),
      args: ['mark', '--store=/store', `--id=${input.id}`, `--marks=${JSON.stringify(marks)}`],
      store: 'write',
    });
    const marked = Marks.parse(events.find(({ event }) => event === 'marked')?.marks);
    await directory.put({ ...record, marks: marked });
    return directory.snapshot(input.id);
  }

  async browse({
    id,
    path,
    offset,
    limit,
  }: ParsedInputOf<'snapshots.browse'>): Promise<OutputOf<'snapshots.browse'>> {
    const index = await this.#deps.entries.get(this.#deps.directory.require(id));
    return index.browse(path, offset, limit);
  }

  async search(
    { query, workspaceId, hostId, limit }: ParsedInputOf<'snapshots.search'>,
    { userId, signal }: { userId: UserId; signal: AbortSignal },
  ): Promise<OutputOf<'snapshots.search'>> {
    const { directory, entries } = this.#deps;
    const fits = pathMatcher(query);
    const hits = new Map<string, SearchHit>();
    let isTruncated = false;
    let notSearched = 0;
    const snapshots = directory
      .ofOwner(userId)
      .filter((one) => workspaceId === null || one.workspaceId === workspaceId)
      .filter((one) => hostId === null || one.hostId === hostId)
      .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
    for (const snapshot of snapshots) {
      signal.throwIfAborted();
      const index = await entries.get(directory.require(snapshot.id)).catch((error: unknown) => {
        if (BerthError.is(error)) return undefined;
        throw error;
      });
      if (index === undefined) {
        notSearched += 1;
        continue;
      }
      const found = index.search(fits, HITS_PER_SNAPSHOT);
      isTruncated ||= found.length >= HITS_PER_SNAPSHOT;
      for (const entry of found) {
        // Files of two workspaces are two, whatever they are called.
        const key = `${snapshot.workspaceId} ${entry.path}`;
        const hit = hits.get(key);
        if (hit !== undefined) hit.found.push({ snapshotId: snapshot.id, entry });
        else if (hits.size < limit)
          hits.set(key, { path: entry.path, found: [{ snapshotId: snapshot.id, entry }] });
        else isTruncated = true;
      }
    }
    return { hits: [...hits.values()], isTruncated, notSearched };
  }

  async compare({ id, otherId, limit }: ParsedInputOf<'snapshots.compare'>): Promise<SnapshotComparison> {
    const { directory, entries } = this.#deps;
    const record = directory.require(id);
    if (otherId === null) return this.#compareLive(record, this.#workspaceOf(record), limit);
    const [before, after] = await Promise.all([entries.get(record), entries.get(directory.require(otherId))]);
    return compareEntries(before, after, { isByContent: true, limit });
  }

  async restorePlan(id: SnapshotId, userId: UserId): Promise<RestorePlan> {
    const { directory, links, clock, undoHours, openTerminals } = this.#deps;
    const record = directory.require(id);
    const workspace = this.#workspaceOf(record);
    requireSameHost(record, workspace);
    const link: ReadyLink = links.requireEngine(record.hostId);
    const container = await findContainer(link.engine, workspace);
    const { mountPoint } = workspace.definition;
    const [comparison, changesOutside, space] = await Promise.all([
      this.#compareLive(record, workspace, PLAN_CHANGES).catch((error: unknown) => {
        if (BerthError.is(error, 'connection-lost', 'host.not-connected', 'snapshot.corrupt')) throw error;
        return null;
      }),
      container === undefined
        ? null
        : link.engine.countChanges(container.id, [mountPoint, ...SCRATCH]).catch(() => null),
      readSpace(link.connection, link.engineInfo.rootFolder, link.signal),
    ]);
    return {
      workspaceName: workspace.name,
      hostName: link.hostName,
      snapshotLabel: labelOf(directory.snapshot(id)),
      isRunning: container?.state === 'running' || container?.state === 'paused',
      openTerminals: openTerminals(workspace),
      comparison,
      changesOutside,
      mountPoint,
      makesSafetySnapshot: true,
      needsBytes: record.manifest.allocatedBytes + SPACE_MARGIN_BYTES,
      freeBytes: space?.freeBytes ?? null,
      undoUntil: new Date(clock.nowMs() + undoHours(userId) * 3_600_000).toISOString(),
    };
  }

  /** A file as it is, or a folder as a tar archive. */
  async read(
    { id, path }: ParsedInputOf<'snapshots.read'>,
    channel: ByteChannel,
    signal: AbortSignal,
  ): Promise<void> {
    const record = this.#deps.directory.require(id);
    await this.#send(record, ['read', '--store=/store', `--id=${id}`, `--path=${path}`], channel, signal);
  }

  async export(id: SnapshotId, channel: ByteChannel, signal: AbortSignal): Promise<void> {
    const record = this.#deps.directory.require(id);
    await this.#send(record, ['export', '--store=/store', `--id=${id}`], channel, signal);
  }

  async #compareLive(
    record: SnapshotRecord,
    workspace: WorkspaceRecord,
    limit: number,
  ): Promise<SnapshotComparison> {
    const [before, after] = await Promise.all([
      this.#deps.entries.get(record),
      readLiveTree(this.#deps.links.requireEngine(workspace.hostId), workspace, this.#deps.random),
    ]);
    return compareEntries(before, after, { isByContent: false, limit });
  }

  async #send(
    record: SnapshotRecord,
    args: readonly string[],
    channel: ByteChannel,
    signal: AbortSignal,
  ): Promise<void> {
    const link: ReadyLink = this.#deps.links.requireEngine(record.hostId);
    const work: HelperWork = {
      purpose: 'send',
      id: this.#deps.random.id('op'),
      snapshotId: record.id,
      store: 'read',
      rights: 'read',
      args,
    };
    const access = await accessOf(record, this.#deps.access);
    const process = await link.engine.runHelper(withAccess(helperSpec(link, work), access), signal);
    const onAbort = () => process.release();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (access !== undefined) process.write(access.input);
      process.endInput();
      const output = new HelperOutput(process);
      await output.event();
      for await (const chunk of output.bytes()) await channel.send(chunk);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      process.release();
    }
  }

  #workspaceOf(record: SnapshotRecord): WorkspaceRecord {
    const found = this.#deps.workspaces.record(record.manifest.about.workspaceId);
    if (found !== undefined && found.ownerId === record.ownerId) return found;
    throw new BerthError('conflict', `The workspace “${record.manifest.about.workspaceName}” is no more.`);
  }
}
