/**
 * What sleep does with workspaces: stops them, makes a snapshot of each one's files, and makes them again from those under
 * the same ids. Uses what snapshots and moves are made of; every part may be repeated. Carrying is snapshot-carriage.ts.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, OperationId, SnapshotId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { SleepPlace } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import type { HostLinks } from '../../hosts/host-links.ts';
import type { ArchiveShelf } from '../../interfaces/archive-shelf.ts';
import type { Clock } from '../../interfaces/clock.ts';
import type { Random } from '../../interfaces/random.ts';
import { ArchiveWork } from '../../snapshots/archive-work.ts';
import type { AccessSource } from '../../snapshots/repository-access.ts';
import { fillVolume } from '../../snapshots/restore-operations.ts';
import type { SnapshotDirectory } from '../../snapshots/snapshot-directory.ts';
import { asMade } from '../../workspaces/access-password.ts';
import { readSpace, requireSpace } from '../../workspaces/host-space.ts';
import type { WorkspaceDirectory } from '../../workspaces/workspace-directory.ts';
import { ensureImage } from '../../workspaces/workspace-image.ts';
import * as parts from '../../workspaces/workspace-parts.ts';
import { shortId } from '../../workspaces/workspace-spec.ts';
import { archivesOn, summarize } from './files-summary.ts';
import { withHosts } from './host-reach.ts';
import type {
  FilesPlan,
  FilesSummary,
  KeptSnapshot,
  PlannedWorkspace,
  SideArchive,
  SleepFiles,
  SomeStep,
} from './kept-files.ts';
import { SideArchives, type SideArchivesDeps } from './side-archives.ts';
import { SnapshotCarriage } from './snapshot-carriage.ts';

export interface WorkspaceFilesDeps extends Pick<SideArchivesDeps, 'isRepositoryOn'> {
  readonly links: HostLinks;
  readonly workspaces: WorkspaceDirectory;
  readonly snapshots: SnapshotDirectory;
  readonly shelf: ArchiveShelf;
  readonly access: AccessSource;
  readonly contentsOf: parts.ContentsOf;
  readonly stopGraceSeconds: (userId: UserId) => number;
  /** Volumes from before restores. */
  readonly volumesBefore: (hostId: HostId) => readonly string[];
  /** Operations of everybody. */
  readonly underWay: () => readonly Operation[];
  readonly onSettled: (id: WorkspaceId) => void;
  /** It is started or stopped now, for this reason, which its timeline tells. Null: it is not, after all. */
  readonly expectRun: (id: WorkspaceId, event: 'started' | 'stopped', text: string | null) => void;
  readonly clock: Clock;
  readonly random: Random;
}

type StoppedWorkspace = Pick<PlannedWorkspace, 'id' | 'wasRunning'>;

/** A flush of a slow disk with gigabytes of unwritten pages, in milliseconds. */
const FLUSH_MS = 5 * 60_000;

export class WorkspaceFiles implements SleepFiles {
  readonly #deps: WorkspaceFilesDeps;
  readonly #carriage: SnapshotCarriage;
  readonly #sides: SideArchives;

  constructor(deps: WorkspaceFilesDeps) {
    this.#deps = deps;
    this.#carriage = new SnapshotCarriage(deps);
    this.#sides = new SideArchives(deps);
  }

  requireIdle(hostId: HostId): void {
    const records = this.#deps.workspaces.onHost(hostId);
    const ids = new Set<string>(records.map(({ id }) => id));
    const busy = this.#deps
      .underWay()
      .find(
        (operation) =>
          operation.endedAt === null &&
          (operation.hostId === hostId ||
            (operation.subject.kind === 'workspace' && ids.has(operation.subject.id))),
      );
    if (busy !== undefined)
      throw new BerthError('conflict', `“${busy.title}” is under way on this machine; wait for its end.`, {
        details: { operationId: busy.id },
      });
    // A copy here, or a source that is kept until its copy is confirmed: the other half would be left alone.
    const moved = records.find(({ move }) => move !== null);
    if (moved !== undefined)
      throw new BerthError('conflict', `“${moved.name}” was moved. Confirm that, or take it back first.`);
  }

  async plan(hostId: HostId, place: SleepPlace, signal: AbortSignal): Promise<FilesPlan> {
    const { workspaces, random } = this.#deps;
    const snapshotId = () => random.id('snap') as SnapshotId;
    const records = workspaces.onHost(hostId);
    return {
      sides: place.kind === 'machine-snapshot' ? [] : await this.#sides.plan(hostId, records, signal),
      workspaces: records.map(({ id, desired, hasGivenUp }) => ({
        id,
        wasRunning: desired === 'running' && !hasGivenUp,
        snapshotId: snapshotId(),
        copyId: snapshotId(),
      })),
      snapshots: archivesOn(this.#deps.snapshots, hostId).map(({ id }) => ({ id, copyId: snapshotId() })),
    };
  }

  summary(hostId: HostId, signal: AbortSignal): Promise<FilesSummary> {
    return summarize(this.#deps, hostId, signal);
  }

  async requirePlace(hostId: HostId, place: SleepPlace, signal: AbortSignal): Promise<void> {
    const { links, shelf } = this.#deps;
    if (place.kind === 'machine-snapshot') return;
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
    const { expectRun, workspaces } = this.#deps;
    for (const [index, { id }] of planned.entries()) {
      const record = workspaces.record(id);
      if (record === undefined) continue;
      context.note(`${index + 1} of ${planned.length}: ${record.name}`);
      await workspaces.change(id, { desired: 'stopped' });
      if (workspaces.runningContainer(id) !== undefined)
        expectRun(id, 'stopped', 'Stopped: its machine went to sleep');
      await this.#on(context, hostId, (at) =>
        parts.stopContainer(at, record, this.#deps.stopGraceSeconds(record.ownerId)),
      );
    }
  }

  async resume(context: SomeStep, hostId: HostId, planned: readonly PlannedWorkspace[]): Promise<void> {
    await this.#start(context, hostId, planned, 'Started again: its machine did not go to sleep');
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
    for (const side of plan.sides) await this.#on(context, hostId, (at) => this.#sides.keep(at, side));
  }

  async undoArchive(context: SomeStep, hostId: HostId, plan: FilesPlan): Promise<void> {
    for (const side of plan.sides) await this.#on(context, hostId, (at) => this.#sides.undo(at, side));
    for (const { id, snapshotId } of plan.workspaces) {
      await this.#on(context, hostId, (at) => this.#archiverOf(id).undo(at));
      await this.#deps.snapshots.remove(snapshotId);
    }
  }

  carry(context: SomeStep, hostId: HostId, plan: FilesPlan, place: SleepPlace): Promise<void> {
    return this.#carriage.carry(context, hostId, plan, place);
  }
  check(context: SomeStep, _hostId: HostId, plan: FilesPlan, place: SleepPlace): Promise<KeptSnapshot[]> {
    return this.#carriage.check(context, plan, place);
  }
  drop(context: SomeStep, copyIds: readonly SnapshotId[], place: SleepPlace): Promise<void> {
    return this.#carriage.drop(context, copyIds, place);
  }

  // --- coming back --------------------------------------------------------------------------------------------------

  bring(context: SomeStep, hostId: HostId, kept: readonly KeptSnapshot[], place: SleepPlace): Promise<void> {
    return this.#carriage.bring(context, hostId, kept, place);
  }

  async remember(
    hostId: HostId,
    kept: readonly KeptSnapshot[],
    sides: readonly SideArchive[],
  ): Promise<void> {
    for (const { id, manifest, marks } of kept)
      await this.#deps.snapshots.put({ id, hostId, manifest, marks, diskBytes: manifest.archive.bytes });
    for (const side of sides) await this.#sides.remember(hostId, side);
  }

  async unpack(context: SomeStep, hostId: HostId, sides: readonly SideArchive[]): Promise<void> {
    for (const side of sides) await this.#on(context, hostId, (at) => this.#sides.unpack(at, side));
  }

  async images(context: SomeStep, hostId: HostId, ids: readonly WorkspaceId[]): Promise<void> {
    const { workspaces } = this.#deps;
    for (const image of new Set(ids.map((id) => workspaces.require(id).definition.image))) {
      const users = ids.filter((id) => workspaces.require(id).definition.image === image);
      const recipe = users
        .map((id) => workspaces.require(id).definition.recipe)
        .find((one) => one !== undefined);
      const got = await this.#on(context, hostId, (at) => ensureImage(at, { image, recipe }));
      for (const id of users) {
        const { definition } = workspaces.require(id);
        await workspaces.change(id, {
          imageDigest: got.digest,
          definition: { ...definition, image: got.image },
        });
      }
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

  start(context: SomeStep, hostId: HostId, planned: readonly StoppedWorkspace[]): Promise<void> {
    return this.#start(context, hostId, planned, 'Started: its machine woke');
  }

  async #start(
    context: SomeStep,
    hostId: HostId,
    planned: readonly StoppedWorkspace[],
    why: string,
  ): Promise<void> {
    const { expectRun, workspaces, clock } = this.#deps;
    for (const { id, wasRunning } of planned) {
      const record = workspaces.record(id);
      if (!wasRunning || record === undefined) continue;
      context.note(record.name);
      expectRun(id, 'started', workspaces.runningContainer(id) === undefined ? why : null);
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
    if (ids.length > 0) await this.#carriage.removeOn(context, hostId, ids);
  }

  settled(hostId: HostId): void {
    for (const { id } of this.#deps.workspaces.onHost(hostId)) this.#deps.onSettled(id);
  }

  // --- private ------------------------------------------------------------------------------------------------------

  #on<T>(context: SomeStep, hostId: HostId, work: (at: SomeStep) => Promise<T>): Promise<T> {
    return withHosts(this.#deps, context, [hostId], work);
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
}

/** Helpers are named by the operation; those of two workspaces must not be taken for one. */
function ofItem(context: SomeStep, id: WorkspaceId): SomeStep {
  return { ...context, operationId: `${context.operationId}-${shortId(id)}` as OperationId };
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2).toLocaleString('en')} MiB`;
}
