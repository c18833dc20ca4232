/**
 * Keeps what a host has of workspaces while its machine sleeps: each one's files as a snapshot, and the snapshots that were
 * there, copied to another host or into the archives of this computer, and back again under the same ids. Uses what
 * snapshots and moves are made of; every part may be repeated. Long, since it is one way there and the same way back.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, OperationId, SnapshotId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { SleepPlace } from '#contract/machines.ts';
import type { HostLinks } from '../../hosts/host-links.ts';
import type { ArchiveShelf } from '../../interfaces/archive-shelf.ts';
import type { Clock } from '../../interfaces/clock.ts';
import type { Random } from '../../interfaces/random.ts';
import { ArchiveWork, removeSnapshots } from '../../snapshots/archive-work.ts';
import { copySnapshot, openSnapshot, receiveSnapshot } from '../../snapshots/copy-snapshot.ts';
import { askHelper, helperName } from '../../snapshots/helper-work.ts';
import type { FoundSnapshot, Manifest, SnapshotRecord } from '../../snapshots/manifest.ts';
import type { AccessSource } from '../../snapshots/repository-access.ts';
import { fillVolume } from '../../snapshots/restore-operations.ts';
import type { SnapshotDirectory } from '../../snapshots/snapshot-directory.ts';
import { asMade } from '../../workspaces/access-password.ts';
import { readSpace, requireSpace } from '../../workspaces/host-space.ts';
import { label } from '../../workspaces/labels.ts';
import type { WorkspaceRecord } from '../../workspaces/workspace.ts';
import type { WorkspaceDirectory } from '../../workspaces/workspace-directory.ts';
import * as parts from '../../workspaces/workspace-parts.ts';
import { shortId } from '../../workspaces/workspace-spec.ts';
import { withHosts } from './host-reach.ts';
import type {
  FilesPlan,
  FilesSummary,
  KeptSnapshot,
  PlannedWorkspace,
  SleepFiles,
  SomeStep,
} from './kept-files.ts';

export interface WorkspaceFilesDeps {
  readonly links: HostLinks;
  readonly workspaces: WorkspaceDirectory;
  readonly snapshots: SnapshotDirectory;
  readonly shelf: ArchiveShelf;
  readonly access: AccessSource;
  readonly contentsOf: parts.ContentsOf;
  readonly stopGraceSeconds: (userId: UserId) => number;
  /** Volumes from before restores. */
  readonly volumesBefore: (hostId: HostId) => readonly string[];
  readonly onSettled: (id: WorkspaceId) => void;
  readonly clock: Clock;
  readonly random: Random;
}

type Carried = Pick<KeptSnapshot, 'id' | 'copyId'>;

/** Milliseconds for looks that a plan may do without: an engine measures by walking every file. */
const LOOK_MS = 10_000;
/** A flush of a slow disk with gigabytes of unwritten pages, in milliseconds. */
const FLUSH_MS = 5 * 60_000;

export class WorkspaceFiles implements SleepFiles {
  readonly #deps: WorkspaceFilesDeps;

  constructor(deps: WorkspaceFilesDeps) {
    this.#deps = deps;
  }

  requireIdle(hostId: HostId): void {
    const { workspaces } = this.#deps;
    for (const { id, name, move } of workspaces.onHost(hostId)) {
      if (workspaces.operation(id) !== undefined)
        throw new BerthError('conflict', `An operation on “${name}” is under way; wait for its end.`);
      if (move !== null)
        throw new BerthError('conflict', `“${name}” was moved. Confirm that, or take it back first.`);
    }
  }

  plan(hostId: HostId): FilesPlan {
    const { workspaces, random } = this.#deps;
    const snapshotId = () => random.id('snap') as SnapshotId;
    return {
      workspaces: workspaces.onHost(hostId).map(({ id, desired, hasGivenUp }) => ({
        id,
        wasRunning: desired === 'running' && !hasGivenUp,
        snapshotId: snapshotId(),
        copyId: snapshotId(),
      })),
      snapshots: this.#archivesOn(hostId).map(({ id }) => ({ id, copyId: snapshotId() })),
    };
  }

  async summary(hostId: HostId, signal: AbortSignal): Promise<FilesSummary> {
    const { workspaces, snapshots, links } = this.#deps;
    const records = workspaces.onHost(hostId);
    const archives = this.#archivesOn(hostId);
    const inRepositories =
      snapshots.records().filter((one) => one.hostId === hostId).length - archives.length;
    const link = links.current(hostId);
    const looks = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
    const engine = link?.engine;
    const names = records.map(({ volumeName }) => volumeName);
    const [sizes, problem, kept, space] =
      link === undefined || engine === undefined
        ? [undefined, null, 0, undefined]
        : await Promise.all([
            engine.volumeSizes(names, looks).catch(() => undefined),
            this.#missingImage(hostId, records, looks),
            this.#keptVolumes(hostId, records, looks),
            readSpace(link.connection, '/', looks).catch(() => undefined),
          ]);
    const carried = archives.reduce((sum, { manifest }) => sum + manifest.archive.bytes, 0);
    const files =
      sizes === undefined ? null : names.reduce((sum, name) => sum + (sizes.get(name) ?? 0), carried);
    const before = this.#deps.volumesBefore(hostId).length;
    const loses = [
      'Images and what they were built from: they are pulled again.',
      'What was changed in containers outside of their folder of files.',
      'Files and programs of the machine outside of workspaces.',
    ];
    if (kept > 0) loses.push(`${count(kept, 'volume')} of workspaces that were destroyed.`);
    if (before > 0) loses.push(`${count(before, 'volume')} from before restores.`);
    if (inRepositories > 0)
      loses.push(
        `The list of ${count(inRepositories, 'snapshot')} in repositories, and those repositories that are on the machine itself.`,
      );
    return {
      workspaces: records.map(({ id, ownerId, name, desired }) => ({
        id,
        ownerId,
        name,
        isRunning: desired === 'running',
      })),
      snapshots: archives.length,
      loses,
      problem,
      archiveBytes: files,
      diskBytes: space === undefined ? null : space.totalBytes - space.freeBytes,
    };
  }

  async requirePlace(hostId: HostId, place: SleepPlace, signal: AbortSignal): Promise<void> {
    const { links, workspaces, shelf } = this.#deps;
    if (place.kind === 'machine-snapshot') return;
    const missing = await this.#missingImage(hostId, workspaces.onHost(hostId), signal);
    if (missing !== null) throw new BerthError('conflict', missing);
    const needs = (await this.summary(hostId, signal)).archiveBytes ?? 0;
    const free = await this.freeBytes(place, signal);
    if (place.kind === 'computer') {
      if (free !== undefined && free < needs)
        throw new BerthError(
          'store.unwritable',
          `The archives need up to ${mebibytes(needs)}, and ${mebibytes(free)} are free in ${shelf.folder}.`,
        );
      return;
    }
    const { connection, engineInfo, hostName } = links.requireEngine(place.hostId);
    const space = await readSpace(connection, engineInfo.rootFolder, signal);
    if (space !== undefined) requireSpace(space, hostName, engineInfo.rootFolder);
    if (free !== undefined && free < needs)
      throw new BerthError(
        'host.disk-full',
        `The archives need up to ${mebibytes(needs)}, and ${mebibytes(free)} are free on “${hostName}”.`,
      );
  }

  async freeBytes(place: SleepPlace, signal: AbortSignal): Promise<number | undefined> {
    const { links, shelf } = this.#deps;
    if (place.kind === 'computer') return await shelf.freeBytes();
    if (place.kind === 'machine-snapshot') return undefined;
    const { connection, engineInfo } = links.requireEngine(place.hostId);
    const space = await readSpace(connection, engineInfo.rootFolder, signal).catch(() => undefined);
    return space?.freeBytes;
  }

  // --- going to sleep -----------------------------------------------------------------------------------------------

  async stop(context: SomeStep, hostId: HostId, planned: readonly PlannedWorkspace[]): Promise<void> {
    const { workspaces } = this.#deps;
    for (const [index, { id }] of planned.entries()) {
      const record = workspaces.record(id);
      if (record === undefined) continue;
      context.note(`${index + 1} of ${planned.length}: ${record.name}`);
      await workspaces.change(id, { desired: 'stopped' });
      await this.#on(context, hostId, (at) =>
        parts.stopContainer(at, record, this.#deps.stopGraceSeconds(record.ownerId)),
      );
    }
  }

  async resume(context: SomeStep, hostId: HostId, planned: readonly PlannedWorkspace[]): Promise<void> {
    await this.start(context, hostId, planned);
  }

  async flush(context: SomeStep, hostId: HostId): Promise<void> {
    context.log('sync', 'command');
    await this.#on(context, hostId, async (at) => {
      const { connection } = at.link();
      await connection.exec(['sync'], { timeoutMs: FLUSH_MS, signal: at.signal });
    });
  }

  async prepare(context: SomeStep, hostId: HostId, plan: FilesPlan): Promise<void> {
    for (const { id, snapshotId } of plan.workspaces)
      await this.#on(context, hostId, (at) =>
        this.#archiverOf(id).prepare(at, this.#deps.workspaces.require(id), {
          snapshotId,
          consistency: 'stopped',
          beforeCommand: null,
          afterCommand: null,
          longMatching: false,
          name: null,
          note: 'As it went to sleep with its machine',
          reason: 'move',
          repositoryId: null,
        }),
      );
  }

  async archive(context: SomeStep, hostId: HostId, plan: FilesPlan): Promise<void> {
    const { snapshots } = this.#deps;
    for (const { id, snapshotId } of plan.workspaces) {
      const archiver = this.#archiverOf(id);
      await this.#on(context, hostId, async (at) => {
        if (snapshots.record(snapshotId) === undefined) {
          await archiver.archive(at);
          await snapshots.put(await archiver.check(at));
        }
        await archiver.settle(at);
      });
    }
  }

  async undoArchive(context: SomeStep, hostId: HostId, plan: FilesPlan): Promise<void> {
    for (const { id, snapshotId } of plan.workspaces) {
      await this.#on(context, hostId, (at) => this.#archiverOf(id).undo(at));
      await this.#deps.snapshots.remove(snapshotId);
    }
  }

  async carry(context: SomeStep, hostId: HostId, plan: FilesPlan, place: SleepPlace): Promise<void> {
    const all = carriedOf(plan);
    for (const [index, one] of all.entries()) {
      const source = this.#deps.snapshots.require(one.id);
      context.note(`${index + 1} of ${all.length}: ${source.manifest.about.workspaceName}`);
      await unverifiedIfCorrupt(
        place.kind === 'host'
          ? this.#carryToHost(context, [hostId, place.hostId], source, one.copyId)
          : this.#carryHome(context, hostId, source, one.copyId),
      );
    }
  }

  async check(
    context: SomeStep,
    hostId: HostId,
    plan: FilesPlan,
    place: SleepPlace,
  ): Promise<KeptSnapshot[]> {
    const { snapshots, shelf } = this.#deps;
    const all = carriedOf(plan);
    const kept = all.map(({ id, copyId }): KeptSnapshot => {
      const { manifest, marks, ownerId } = snapshots.require(id);
      return { id, copyId, manifest, marks, ownerId };
    });
    if (place.kind === 'host') {
      // Published there means read back; here is looked whether all of them still are.
      const there = await this.#listOn(context, place.hostId);
      for (const one of kept)
        if (!isSameArchive(there.get(one.copyId), one.manifest)) throw notThere(one, hostId);
      return kept;
    }
    for (const [index, one] of kept.entries()) {
      context.note(`${index + 1} of ${kept.length}: ${one.manifest.about.workspaceName}`);
      await shelf.check(one.copyId, one.manifest.archive, context.signal);
    }
    return kept;
  }

  async drop(context: SomeStep, copyIds: readonly SnapshotId[], place: SleepPlace): Promise<void> {
    if (copyIds.length === 0 || place.kind === 'machine-snapshot') return;
    if (place.kind === 'computer') {
      for (const id of copyIds) await this.#deps.shelf.remove(id);
      return;
    }
    await this.#removeOn(context, place.hostId, copyIds);
  }

  // --- coming back --------------------------------------------------------------------------------------------------

  async bring(
    context: SomeStep,
    hostId: HostId,
    kept: readonly KeptSnapshot[],
    place: SleepPlace,
  ): Promise<void> {
    const { shelf, snapshots } = this.#deps;
    const hosts: [HostId, ...HostId[]] = place.kind === 'host' ? [hostId, place.hostId] : [hostId];
    for (const [index, one] of kept.entries()) {
      context.note(`${index + 1} of ${kept.length}: ${one.manifest.about.workspaceName}`);
      await withHosts(this.#deps, context, hosts, async (at) => {
        const to = parts.readyLink(at);
        const found = await receiveSnapshot(at, {
          to,
          manifest: one.manifest,
          id: one.id,
          about: { ...one.manifest.about, ownerId: one.ownerId },
          isReturning: true,
          open: async (fromByte, signal) =>
            place.kind === 'host'
              ? await openSnapshot(at, at.link(place.hostId) as parts.ReadyLink, one.copyId, fromByte, signal)
              : { bytes: await shelf.open(one.copyId, fromByte), close: () => {} },
        });
        if (Object.keys(one.marks).length > 0) await this.#mark(to, one.id, one.marks);
        await snapshots.put({ ...found, marks: one.marks });
      });
    }
  }

  async remember(hostId: HostId, kept: readonly KeptSnapshot[]): Promise<void> {
    for (const { id, manifest, marks } of kept) {
      const found: FoundSnapshot = { id, hostId, manifest, marks, diskBytes: manifest.archive.bytes };
      await this.#deps.snapshots.put(found);
    }
  }

  async images(context: SomeStep, hostId: HostId, ids: readonly WorkspaceId[]): Promise<void> {
    const { workspaces } = this.#deps;
    for (const image of new Set(ids.map((id) => workspaces.require(id).definition.image))) {
      const { digest } = await this.#on(context, hostId, (at) => parts.ensureImage(at, image));
      for (const id of ids)
        if (workspaces.require(id).definition.image === image)
          await workspaces.change(id, { imageDigest: digest });
    }
  }

  async rebuild(
    context: SomeStep,
    hostId: HostId,
    planned: readonly { readonly id: WorkspaceId; readonly snapshotId: SnapshotId }[],
  ): Promise<void> {
    const { workspaces, snapshots, access, contentsOf, stopGraceSeconds } = this.#deps;
    for (const [index, { id, snapshotId }] of planned.entries()) {
      const record = workspaces.require(id);
      context.note(`${index + 1} of ${planned.length}: ${record.name}`);
      await this.#on(context, hostId, async (at) => {
        const { engine } = parts.readyLink(at);
        // Its container is made last: where there is one, the files were compared.
        if ((await parts.findContainer(engine, record, at.signal)) === undefined) {
          await parts.ensureNetwork(at, record);
          await parts.ensureVolume(at, record);
          await fillVolume(ofItem(at, id), parts.readyLink(at), {
            record: snapshots.require(snapshotId),
            volumeName: record.volumeName,
            access,
          });
        }
        await parts.ensureContainer(at, {
          record,
          ...(await contentsOf(record)),
          stopGraceSeconds: stopGraceSeconds(record.ownerId),
        });
        await workspaces.change(id, { accessPassword: asMade(record.accessPassword) });
      });
    }
  }

  async start(
    context: SomeStep,
    hostId: HostId,
    planned: readonly { readonly id: WorkspaceId; readonly wasRunning: boolean }[],
  ): Promise<void> {
    const { workspaces, clock } = this.#deps;
    for (const { id, wasRunning } of planned) {
      const record = workspaces.record(id);
      if (!wasRunning || record === undefined) continue;
      context.note(record.name);
      await workspaces.change(id, { desired: 'running', problem: null, hasGivenUp: false });
      await this.#on(context, hostId, async (at) => {
        try {
          await parts.startContainer(at, record);
          await parts.waitUntilSettled(at, record, clock);
        } catch (error) {
          // Its files are there; that its program does not run is no reason to give the machine up.
          if (!BerthError.is(error, 'workspace.start-failed', 'workspace.out-of-memory')) throw error;
          context.log(`“${record.name}”: ${error.message}`, 'warning');
          await workspaces.change(id, { hasGivenUp: true, problem: error.toShape() });
        }
      });
    }
  }

  async rest(ids: readonly WorkspaceId[]): Promise<void> {
    for (const id of ids) await this.#deps.workspaces.change(id, { desired: 'stopped' });
  }

  async verify(context: SomeStep, hostId: HostId, ids: readonly WorkspaceId[]): Promise<void> {
    await this.#on(context, hostId, async (at) => {
      const { engine } = parts.readyLink(at);
      const volumes = new Set((await engine.listVolumes({}, at.signal)).map(({ name }) => name));
      for (const id of ids) {
        const record = this.#deps.workspaces.record(id);
        if (record === undefined) continue;
        const container = await parts.findContainer(engine, record, at.signal);
        if (container === undefined || !volumes.has(record.volumeName))
          throw new BerthError(
            'machine.copy-unverified',
            `“${record.name}” did not come back whole: its ${container === undefined ? 'container' : 'volume'} is not there.`,
          );
      }
    });
  }

  async dropArchives(context: SomeStep, hostId: HostId, ids: readonly SnapshotId[]): Promise<void> {
    if (ids.length > 0) await this.#removeOn(context, hostId, ids);
  }

  settled(hostId: HostId): void {
    for (const { id } of this.#deps.workspaces.onHost(hostId)) this.#deps.onSettled(id);
  }

  // --- private ------------------------------------------------------------------------------------------------------

  #on<T>(context: SomeStep, hostId: HostId, work: (at: SomeStep) => Promise<T>): Promise<T> {
    return withHosts(this.#deps, context, [hostId], work);
  }

  /** Those that the host itself holds; what is in a repository is not carried. */
  #archivesOn(hostId: HostId): SnapshotRecord[] {
    return this.#deps.snapshots
      .records()
      .filter((record) => record.hostId === hostId && record.manifest.about.repositoryId === null);
  }

  /** Each has a key of its own, so that helpers and plans of two are never taken for one. */
  #archiverOf(id: WorkspaceId): ArchiveWork {
    const { workspaces, snapshots, clock, access, stopGraceSeconds } = this.#deps;
    return new ArchiveWork(
      {
        directory: workspaces,
        clock,
        access,
        stopGraceSeconds: () => stopGraceSeconds(workspaces.require(id).ownerId),
        lastOf: (record) =>
          snapshots
            .records()
            .filter(({ manifest }) => manifest.about.workspaceId === record.id)
            .filter(({ manifest }) => manifest.about.repositoryId === null)
            .toSorted((a, b) => a.manifest.createdAt.localeCompare(b.manifest.createdAt))
            .at(-1),
      },
      `sleep-${shortId(id)}`,
    );
  }

  async #carryToHost(
    context: SomeStep,
    [hostId, otherId]: [HostId, HostId],
    source: SnapshotRecord,
    copyId: SnapshotId,
  ): Promise<void> {
    const { snapshots } = this.#deps;
    await withHosts(this.#deps, context, [hostId, otherId], async (at) => {
      const to = at.link(otherId) as parts.ReadyLink;
      const found = await copySnapshot(at, {
        from: parts.readyLink(at),
        to,
        source,
        id: copyId,
        about: {
          ...source.manifest.about,
          ownerId: source.ownerId,
          name: null,
          note: 'Sleeps here until its machine wakes',
          reason: 'move',
        },
      });
      // No rule may take it, and no person by a slip.
      const marks = { isPinned: true };
      await this.#mark(to, copyId, marks);
      await snapshots.put({ ...found, marks });
    });
  }

  async #carryHome(
    context: SomeStep,
    hostId: HostId,
    source: SnapshotRecord,
    copyId: SnapshotId,
  ): Promise<void> {
    const { archive } = source.manifest;
    await this.#on(context, hostId, async (at) => {
      let close = () => {};
      try {
        await this.#deps.shelf.put(
          copyId,
          archive,
          async () => {
            const open = await openSnapshot(at, parts.readyLink(at), source.id, 0, at.signal);
            close = () => open.close();
            return counted(open.bytes, (done) =>
              context.progress({ done, total: archive.bytes, unit: 'bytes', parts: [] }),
            );
          },
          at.signal,
        );
      } finally {
        close();
      }
    });
  }

  async #mark(link: parts.ReadyLink, id: SnapshotId, marks: object): Promise<void> {
    await askHelper(link, {
      purpose: 'mark',
      id: this.#deps.random.id('op'),
      args: ['mark', '--store=/store', `--id=${id}`, `--marks=${JSON.stringify(marks)}`],
      store: 'write',
    });
  }

  async #listOn(context: SomeStep, hostId: HostId): Promise<ReadonlyMap<string, unknown>> {
    const events = await this.#on(context, hostId, (at) =>
      askHelper(
        parts.readyLink(at),
        {
          purpose: 'list',
          id: this.#deps.random.id('op'),
          args: ['list', '--store=/store'],
          store: 'write',
          rights: 'write',
        },
        at.signal,
      ).catch((error: unknown) => {
        if (BerthError.is(error, 'not-found')) return [];
        throw error;
      }),
    );
    const manifests = events.filter(({ event }) => event === 'snapshot').map(({ manifest }) => manifest);
    return new Map(manifests.map((manifest) => [String((manifest as { id?: unknown }).id), manifest]));
  }

  async #removeOn(context: SomeStep, hostId: HostId, ids: readonly SnapshotId[]): Promise<void> {
    await this.#on(context, hostId, async (at) => {
      const link = parts.readyLink(at);
      // What a copy that was cut off left is removed with it.
      await link.engine.endHelper(helperName({ purpose: 'import', id: context.operationId }));
      await removeSnapshots(at, link, ids);
    });
    for (const id of ids) await this.#deps.snapshots.remove(id);
  }

  /** A sentence where an image is on the host and nowhere else: on another machine there would be none. */
  async #missingImage(
    hostId: HostId,
    records: readonly WorkspaceRecord[],
    signal: AbortSignal,
  ): Promise<string | null> {
    const engine = this.#deps.links.current(hostId)?.engine;
    for (const { name, definition } of records) {
      const image = await engine?.inspectImage(definition.image, signal).catch(() => undefined);
      if (image === undefined || (image.digest !== null && !definition.image.startsWith('sha256:'))) continue;
      return `The image ${definition.image} of “${name}” is on this machine and in no registry: it could not be brought back. Push it to one, or keep the whole machine.`;
    }
    return null;
  }

  async #keptVolumes(
    hostId: HostId,
    records: readonly WorkspaceRecord[],
    signal: AbortSignal,
  ): Promise<number> {
    const used = new Set([
      ...records.map(({ volumeName }) => volumeName),
      ...this.#deps.volumesBefore(hostId),
    ]);
    const engine = this.#deps.links.current(hostId)?.engine;
    const volumes = (await engine?.listVolumes({ [label.managed]: '1' }, signal).catch(() => [])) ?? [];
    return volumes.filter(({ name }) => !used.has(name)).length;
  }
}

/** Its files first: a place that turns out to be too small does so for them. */
export function carriedOf(plan: FilesPlan): Carried[] {
  return [
    ...plan.workspaces.map(({ snapshotId, copyId }) => ({ id: snapshotId, copyId })),
    ...plan.snapshots,
  ];
}

/** Helpers are named by the operation; those of two workspaces must not be taken for one. */
function ofItem(context: SomeStep, id: WorkspaceId): SomeStep {
  return { ...context, operationId: `${context.operationId}-${shortId(id)}` as OperationId };
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  tell: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of bytes) {
    done += chunk.length;
    yield chunk;
    tell(done);
  }
}

async function unverifiedIfCorrupt(carrying: Promise<void>): Promise<void> {
  try {
    await carrying;
  } catch (error) {
    if (!BerthError.is(error, 'snapshot.corrupt')) throw error;
    throw new BerthError(
      'machine.copy-unverified',
      `A copy did not arrive as it was sent: ${error.message} Nothing was destroyed; try again.`,
      { cause: error },
    );
  }
}

function isSameArchive(found: unknown, manifest: Manifest): boolean {
  const { archive, entries } = (found ?? {}) as Partial<Manifest>;
  return archive?.sha256 === manifest.archive.sha256 && entries?.sha256 === manifest.entries.sha256;
}

function notThere({ manifest, copyId }: KeptSnapshot, hostId: HostId): BerthError {
  return new BerthError(
    'machine.copy-unverified',
    `The copy of the files of “${manifest.about.workspaceName}” is not there as it should be. Nothing was destroyed; try again.`,
    { details: { copyId, hostId } },
  );
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2).toLocaleString('en')} MiB`;
}
