/**
 * Making one snapshot, as parts of an operation's steps: two helpers on the host. The archiver has the volume, read-only,
 * and no way to the engine; the guard has the engine's socket and no data. The guard lets the workspace stand still, waits
 * for the archiver's word, and lets it go on, whatever becomes of Berth or of the connection. Every part may be repeated.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { SnapshotId } from '#contract/ids.ts';
import type { Consistency } from '#contract/snapshots.ts';
import { delay } from '../delay.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { StepContext } from '../operations/operation-definition.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import { findContainer, type ReadyLink, readyLink } from '../workspaces/workspace-parts.ts';
import type { HelperEvent } from './helper-output.ts';
import { type FoundSnapshot, Manifest, type SnapshotAbout, type SnapshotRecord } from './manifest.ts';
import type { AccessSource, RepositoryAccess } from './repository-access.ts';
import { numberIn } from './snapshot-directory.ts';
import { askHelper, helperName, helperSpec, type HelperWork, workHelper } from './helper-work.ts';

export interface ArchiveWish {
  readonly snapshotId: SnapshotId;
  readonly consistency: Consistency;
  readonly beforeCommand: string | null;
  readonly afterCommand: string | null;
  readonly longMatching: boolean;
  readonly name: string | null;
  readonly note: string;
  readonly reason: SnapshotAbout['reason'];
  readonly repositoryId: SnapshotAbout['repositoryId'];
}

/** What is decided once and kept in the operation's journal. */
interface ArchivePlan extends ArchiveWish {
  readonly containerId: string | null;
  /** Null: there is nothing to guard. */
  readonly how: 'pause' | 'stop' | 'live' | null;
  readonly volumeName: string;
  readonly about: SnapshotAbout;
  /** Size of the archive for each byte that the files take on the disk, as the one before had it. */
  readonly expectedRatio: number;
}

export interface ArchiveDeps {
  readonly directory: WorkspaceDirectory;
  readonly clock: Clock;
  readonly stopGraceSeconds: () => number;
  /** The newest snapshot of the workspace that is kept the same way, if there is one. */
  readonly lastOf: (
    record: WorkspaceRecord,
    repositoryId: SnapshotAbout['repositoryId'],
  ) => SnapshotRecord | undefined;
  readonly access: AccessSource;
}

/** Milliseconds between looks at a guard that is to end; it sees the archiver's end within 50. */
const GUARD_LOOK_MS = 200;
/** A guard starts the workspace again, which may take its time; then it is told to end. */
const GUARD_END_MS = 30_000;
/**
 * Of an archiver that was ended before it had begun, its guard knows nothing and would wait for minutes. One that knows of it
 * sees its end at once, and what it still does when it is told to end, it does first.
 */
const UNUSED_GUARD_END_MS = 3_000;
/** A snapshot that is a little larger than the one before shall not be refused. */
const RATIO_MARGIN = 1.25;

export class ArchiveWork {
  readonly #deps: ArchiveDeps;
  /** Where in the operation's memory the plan is: an operation may make one for safety and another. */
  readonly #key: string;

  constructor(deps: ArchiveDeps, key = 'archive') {
    this.#deps = deps;
    this.#key = key;
  }

  #plan(context: StepContext<unknown>): ArchivePlan {
    return context.memory[this.#key] as ArchivePlan;
  }

  /** Decides how it is made; again after a crash, since the workspace may have been stopped or started. */
  async prepare(context: StepContext<unknown>, record: WorkspaceRecord, wish: ArchiveWish): Promise<void> {
    const { engine } = readyLink(context);
    const container = await findContainer(engine, record, context.signal);
    const isRunning = container?.state === 'running';
    const hasHooks = wish.beforeCommand !== null || wish.afterCommand !== null;
    const how = isRunning
      ? ({ paused: 'pause', stopped: 'stop', live: 'live' } as const)[wish.consistency]
      : null;
    const consistency = isRunning ? wish.consistency : container?.state === 'paused' ? 'paused' : 'stopped';
    const last = this.#deps.lastOf(record, wish.repositoryId);
    const ratio =
      last === undefined
        ? 1
        : (last.manifest.archive.bytes / Math.max(1, last.manifest.allocatedBytes)) * RATIO_MARGIN;
    const plan: ArchivePlan = {
      ...wish,
      containerId: container?.id ?? null,
      how: how === 'live' && !hasHooks ? null : how,
      volumeName: record.volumeName,
      expectedRatio: Math.min(1, Math.max(0.02, ratio)),
      about: {
        workspaceId: record.id,
        workspaceName: record.name,
        ownerId: record.ownerId,
        projectId: record.projectId,
        definition: record.definition,
        imageDigest: record.imageDigest,
        name: wish.name,
        note: wish.note,
        reason: wish.reason,
        consistency,
        hadHooks: isRunning && hasHooks,
        repositoryId: wish.repositoryId,
      },
    };
    context.memory[this.#key] = plan;
    if (plan.how !== null) await this.#deps.directory.change(record.id, { pausedBy: context.operationId });
  }

  /** Resolves when the files were read and the workspace goes on. */
  async archive(context: StepContext<unknown>): Promise<void> {
    const plan = this.#plan(context);
    if (plan.how !== null)
      context.log(`docker ${{ pause: 'pause', stop: 'stop', live: 'exec' }[plan.how]} …`, 'command');
    context.log(
      `tar --xattrs --numeric-owner --sparse -C ${plan.volumeName} -cf - . | ${
        plan.repositoryId === null
          ? `zstd -3 -T0 --check > ${plan.snapshotId}/data.tar.zst`
          : `restic backup --stdin --stdin-filename data.tar --tag ${plan.snapshotId}`
      }`,
      'command',
    );
    await this.#run(context, (event) => event.phase === 'check');
    if (plan.how === 'pause') context.note('the workspace goes on');
  }

  /** Resolves with the published snapshot. */
  async check(context: StepContext<unknown>): Promise<FoundSnapshot> {
    const last = await this.#run(context);
    const manifest = Manifest.safeParse(last.manifest);
    if (!manifest.success)
      throw new BerthError('internal', 'The helper published a manifest that Berth cannot read.', {
        cause: manifest.error,
      });
    const link = readyLink(context);
    const { archive, entries, freeze } = manifest.data;
    const frozen =
      freeze?.frozenMs === undefined ? '' : `, stood still for ${(freeze.frozenMs / 1000).toFixed(1)} s`;
    context.note(`${entries.count.toLocaleString('en')} entries${frozen}`);
    return {
      id: manifest.data.id,
      hostId: link.hostId,
      manifest: manifest.data,
      marks: {},
      diskBytes: manifest.data.repository === undefined ? archive.bytes : 0,
    };
  }

  #run(context: StepContext<unknown>, until?: (event: HelperEvent) => boolean): Promise<HelperEvent> {
    const link = readyLink(context);
    const plan = this.#plan(context);
    const guard = this.#guardWork(context, plan);
    return workHelper(context, link, this.#archiverWork(context, plan), {
      onEvent: (event) => tellProgress(context, event),
      access: async () =>
        plan.repositoryId === null ? undefined : await this.#deps.access(plan.repositoryId),
      ...(until === undefined ? {} : { until: (event) => event.event === 'published' || until(event) }),
      // The guard first: if Berth ends between the two, the guard finds nobody and ends by itself.
      prepare: async () => {
        if (guard === undefined) return;
        await link.engine.endHelper(helperName(guard));
        await link.engine.startHelper(helperSpec(link, guard));
      },
    });
  }

  /** Removes the helpers of a snapshot that was made. The workspace has gone on long ago; if not, it does now. */
  async settle(context: StepContext<unknown>, patienceMs = GUARD_END_MS): Promise<void> {
    const plan = this.#plan(context);
    const link = readyLink(context);
    await link.engine.endHelper(helperName(this.#archiverWork(context, plan)));
    await this.#endGuard(context, { link, plan, patienceMs });
  }

  /** Leaves nothing: no helper, no half archive, no snapshot, no workspace that stands still. */
  async undo(context: StepContext<unknown>): Promise<void> {
    const plan = this.#plan(context) as ArchivePlan | undefined;
    if (plan === undefined) return;
    await this.settle(context, UNUSED_GUARD_END_MS);
    const access = plan.repositoryId === null ? undefined : await this.#deps.access(plan.repositoryId);
    await removeSnapshots(context, readyLink(context), [plan.snapshotId], access);
  }

  async #endGuard(
    context: StepContext<unknown>,
    { link, plan, patienceMs }: { link: ReadyLink; plan: ArchivePlan; patienceMs: number },
  ): Promise<void> {
    const guard = this.#guardWork(context, plan);
    if (guard === undefined) return;
    const { clock, directory } = this.#deps;
    const name = helperName(guard);
    const beganMs = clock.monotonicMs();
    while (clock.monotonicMs() - beganMs < patienceMs) {
      if ((await link.engine.helperState(name))?.isRunning !== true) break;
      await delay(clock, GUARD_LOOK_MS, context.signal);
      context.signal.throwIfAborted();
    }
    await link.engine.endHelper(name);
    const record = directory.record(plan.about.workspaceId);
    if (record?.pausedBy !== context.operationId) return;
    const container = await findContainer(link.engine, record);
    if (container?.state === 'paused') {
      context.log('the guard did not let the workspace go on; Berth does', 'warning');
      await link.engine.unpauseContainer(container.id);
    } else if (plan.how === 'stop' && record.desired === 'running' && container?.state === 'exited') {
      // Who compares wish and truth later may not know that it was Berth that had stopped it.
      context.log('the guard did not start the workspace again; Berth does', 'warning');
      await link.engine.startContainer(container.id).catch((error: unknown) => {
        if (!BerthError.is(error, 'workspace.start-failed')) throw error;
        context.log(error.message, 'warning');
      });
    }
    await directory.change(record.id, { pausedBy: null });
  }

  #archiverWork({ operationId }: StepContext<unknown>, plan: ArchivePlan): HelperWork {
    return {
      purpose: this.#key,
      id: operationId,
      snapshotId: plan.snapshotId,
      store: 'create',
      volume: { name: plan.volumeName, isReadOnly: true },
      rights: 'read',
      args: [
        'create',
        '--store=/store',
        '--source=/data',
        `--id=${plan.snapshotId}`,
        `--about=${JSON.stringify(plan.about)}`,
        `--expected-ratio=${plan.expectedRatio.toFixed(4)}`,
        ...(plan.how === null ? [] : ['--wait-frozen']),
        ...(plan.longMatching ? ['--long'] : []),
      ],
    };
  }

  #guardWork({ operationId }: StepContext<unknown>, plan: ArchivePlan): HelperWork | undefined {
    if (plan.how === null || plan.containerId === null) return undefined;
    return {
      purpose: `${this.#key}-guard`,
      id: operationId,
      snapshotId: plan.snapshotId,
      store: 'create',
      isGuard: true,
      args: [
        'guard',
        '--store=/store',
        `--id=${plan.snapshotId}`,
        '--socket=/engine.sock',
        `--container=${plan.containerId}`,
        `--how=${plan.how}`,
        `--grace=${this.#deps.stopGraceSeconds()}`,
        ...(plan.beforeCommand === null ? [] : [`--before=${plan.beforeCommand}`]),
        ...(plan.afterCommand === null ? [] : [`--after=${plan.afterCommand}`]),
      ],
    };
  }
}

/** Snapshots that are not there are removed already; so are all, where the host has no folder of snapshots. */
export async function removeSnapshots(
  context: Pick<StepContext<unknown>, 'operationId' | 'log'>,
  link: ReadyLink,
  ids: readonly SnapshotId[],
  access?: RepositoryAccess,
): Promise<void> {
  context.log(`rm -r ${ids.join(' ')}`, 'command');
  try {
    await askHelper(
      link,
      {
        purpose: 'remove',
        id: context.operationId,
        args: ['remove', '--store=/store', ...ids.map((id) => `--id=${id}`)],
        store: 'write',
        rights: 'write',
      },
      undefined,
      access,
    );
  } catch (error) {
    if (!BerthError.is(error, 'not-found')) throw error;
  }
}

/** What a helper says of its work, as the step's progress. */
export function tellProgress(context: StepContext<unknown>, event: HelperEvent): void {
  switch (event.event) {
    case 'scanned': {
      const files = numberIn(event, 'files');
      if (files !== undefined) context.note(`${files.toLocaleString('en')} entries to read`);
      return;
    }
    case 'progress': {
      const done = numberIn(event, 'bytes') ?? 0;
      const total = numberIn(event, 'total') ?? null;
      context.progress({
        done,
        total: total === null ? null : Math.max(total, done),
        unit: 'bytes',
        parts: [],
      });
      const files = numberIn(event, 'files');
      if (files !== undefined) context.note(`${files.toLocaleString('en')} entries`);
      return;
    }
    case 'warning':
      if (typeof event.message === 'string') context.log(event.message.slice(0, 500), 'warning');
      return;
    case 'hook':
      if (typeof event.output === 'string' && event.output !== '') context.log(event.output.slice(-2_000));
      return;
    default:
      return;
  }
}
