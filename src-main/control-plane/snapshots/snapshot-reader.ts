/**
 * Looking into snapshots, and carrying bytes in and out of them: browse, search, compare, plan a restore, save a file,
 * export, import; and the marks that a person sets on one. Nothing here touches a workspace's files.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { OperationId, SnapshotId, UserId } from '#contract/ids.ts';
import type { OutputOf, ParsedInputOf } from '#contract/index.ts';
import { projectDefaults } from '#contract/projects.ts';
import type { RestorePlan, SearchHit, Snapshot, SnapshotComparison } from '#contract/snapshots.ts';
import type { ByteChannel } from '../handler.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Random } from '../interfaces/random.ts';
import type { QuotaGuard } from '../quotas/quota-service.ts';
import { readSpace } from '../workspaces/host-space.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import { findContainer, type ReadyLink } from '../workspaces/workspace-parts.ts';
import { removeSnapshots } from './archive-work.ts';
import { compareEntries, pathMatcher } from './entry-index.ts';
import { readLiveTree } from './live-tree.ts';
import type { EntryLists } from './entry-lists.ts';
import { HelperOutput } from './helper-output.ts';
import { labelOf, Manifest, Marks, type SnapshotAbout, type SnapshotRecord } from './manifest.ts';
import { type AccessSource, accessOf, withAccess } from './repository-access.ts';
import { requireSameHost } from './restore-operations.ts';
import type { SnapshotDirectory } from './snapshot-directory.ts';
import { askHelper, type HelperWork, helperSpec } from './helper-work.ts';

export interface SnapshotReaderDeps {
  readonly directory: SnapshotDirectory;
  readonly workspaces: WorkspaceDirectory;
  readonly entries: EntryLists;
  readonly access: AccessSource;
  readonly quotas: QuotaGuard;
  readonly links: HostLinks;
  readonly openTerminals: (record: WorkspaceRecord) => number;
  readonly undoHours: (userId: UserId) => number;
  readonly requireFreeName: (
    place: Pick<SnapshotAbout, 'workspaceId' | 'ownerId'>,
    name: string,
    except: SnapshotId | undefined,
  ) => void;
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
    const { directory, links, random, requireFreeName } = this.#deps;
    const record = directory.require(input.id);
    if (input.name !== undefined && input.name !== null)
      requireFreeName({ ...record.manifest.about, ownerId: record.ownerId }, input.name, input.id);
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

  /** Resolves when the archive is a snapshot. One that was cut off goes on with what the host has of it. */
  async import(
    input: ParsedInputOf<'snapshots.import'>,
    { channel, userId, signal }: { channel: ByteChannel; userId: UserId; signal: AbortSignal },
  ): Promise<void> {
    const { directory, links, quotas, requireFreeName } = this.#deps;
    const link: ReadyLink = links.requireEngine(input.hostId);
    const about = this.#aboutImport(input, userId);
    requireFreeName(about, input.name, undefined);
    // One that is there already takes nothing more.
    if (directory.record(input.id) === undefined)
      quotas.require(userId, { snapshots: 1, diskBytes: input.sizeBytes });
    const release = quotas.hold(userId, { snapshotId: input.id, diskBytes: input.sizeBytes });
    try {
      await this.#receive(input, link, about, { channel, userId, signal });
    } finally {
      release();
    }
  }

  async #receive(
    input: ParsedInputOf<'snapshots.import'>,
    link: ReadyLink,
    about: SnapshotAbout,
    { channel, userId, signal }: { channel: ByteChannel; userId: UserId; signal: AbortSignal },
  ): Promise<void> {
    const { directory } = this.#deps;
    const work: HelperWork = {
      purpose: 'import',
      id: input.id,
      snapshotId: input.id,
      store: 'create',
      rights: 'write',
      args: [
        'import',
        '--store=/store',
        `--id=${input.id}`,
        `--bytes=${input.sizeBytes}`,
        `--about=${JSON.stringify(about)}`,
        ...(input.workspaceId === null && input.image === null ? ['--take-about'] : []),
      ],
    };
    const spec = helperSpec(link, work);
    await link.engine.endHelper(spec.name);
    const process = await link.engine.runHelper(spec, signal);
    const onAbort = () => process.release();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const output = new HelperOutput(process);
      let left = input.sizeBytes;
      let skip = 0;
      let hasEnded = false;
      let wake: () => void = () => {};
      process.onDrain(() => wake());
      void output.ended.then(() => {
        hasEnded = true;
        wake();
      });
      const first = await output.event();
      if (first.event === 'have') skip = Number(first.bytes) || 0;
      channel.onReceive(async (bytes) => {
        const own = bytes.subarray(0, left);
        left -= own.length;
        // What the host has already: the client sends from the beginning, which costs it nothing but the way to us.
        const fresh = own.subarray(Math.min(skip, own.length));
        skip -= own.length - fresh.length;
        if (fresh.length > 0 && !hasEnded && !process.write(Buffer.from(fresh)))
          await new Promise<void>((resolve) => (wake = resolve));
        if (left === 0) process.endInput();
      });
      if (left === 0) process.endInput();
      for (let event = first; ; event = await output.event()) {
        if (event.event !== 'published') continue;
        const manifest = await this.#published(link, input.id, event.manifest);
        // The host has had it under this id: then it is whose its manifest says.
        if (directory.ownerOfFound({ id: manifest.id, manifest }) !== userId)
          throw new BerthError('not-found', 'There is no such snapshot.');
        await directory.put({
          id: manifest.id,
          hostId: link.hostId,
          manifest,
          marks: {},
          diskBytes: manifest.archive.bytes,
        });
        break;
      }
      void directory.refresh(link.hostId);
    } finally {
      signal.removeEventListener('abort', onAbort);
      process.release();
    }
  }

  /** What a file says of itself is checked only here: one that says nonsense is no snapshot. */
  async #published(link: ReadyLink, id: SnapshotId, manifest: unknown): Promise<Manifest> {
    const parsed = Manifest.safeParse(manifest);
    if (parsed.success) return parsed.data;
    await removeSnapshots({ operationId: this.#deps.random.id('op') as OperationId, log: () => {} }, link, [
      id,
    ]);
    throw new BerthError(
      'snapshot.unsafe-archive',
      'What the archive says of its workspace is not what Berth writes. Import it with an image of your choice.',
      { cause: parsed.error },
    );
  }

  #aboutImport(input: ParsedInputOf<'snapshots.import'>, userId: UserId): SnapshotAbout {
    const { workspaces, random } = this.#deps;
    const shared = {
      ownerId: userId,
      name: input.name,
      note: '',
      reason: 'import',
      consistency: 'stopped',
      hadHooks: false,
      repositoryId: null,
    } as const;
    if (input.workspaceId !== null) {
      const record = workspaces.require(input.workspaceId);
      if (record.hostId !== input.hostId)
        throw new BerthError(
          'conflict',
          `“${record.name}” is on another host. Choose that host, or no workspace.`,
        );
      return {
        ...shared,
        workspaceId: record.id,
        workspaceName: record.name,
        projectId: record.projectId,
        definition: record.definition,
        imageDigest: record.imageDigest,
      };
    }
    return {
      ...shared,
      // Of no workspace that there is: one can be made of it.
      workspaceId: random.id('ws') as SnapshotAbout['workspaceId'],
      workspaceName: input.name,
      projectId: null,
      definition: {
        ...projectDefaults,
        environment: [],
        name: input.name,
        // Without one the archive itself says it, if Berth exported it; else the import is refused.
        image: input.image ?? 'of-the-archive',
        mountPoint: input.mountPoint ?? projectDefaults.mountPoint,
      },
      imageDigest: null,
    };
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
