/** The services of lifecycles and leases, built in dependency order. Guarantees: nothing ends before `start`. */
import type { HostId, UserId, WorkspaceId } from '#contract/ids.ts';
import { noPolicy, TimelineEntry } from '#contract/lifecycles.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { FileParts } from '../files/file-parts.ts';
import type { ForwardParts } from '../forwards/forward-parts.ts';
import type { HandlersOf } from '../handler.ts';
import type { HostService } from '../hosts/host-service.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { RecordStore, RowLog } from '../interfaces/record-store.ts';
import type { OperationRunner } from '../operations/operation-runner.ts';
import type { Ownership } from '../ownership.ts';
import type { SettingsService } from '../settings/settings-service.ts';
import type { SnapshotService } from '../snapshots/snapshot-service.ts';
import type { TerminalService } from '../terminals/terminal-service.ts';
import type { WorkspaceProcesses } from '../workspaces/workspace-processes.ts';
import type { WorkspaceService } from '../workspaces/workspace-service.ts';
import { EndAct } from './end-act.ts';
import { whyWords } from './end-words.ts';
import { HoursStart } from './hours-start.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { LifecycleDirectory } from './lifecycle-directory.ts';
import { LifecycleKeeper } from './lifecycle-keeper.ts';
import { LifecycleService } from './lifecycle-service.ts';
import { RunHistory } from './run-history.ts';
import { KEPT_ENTRIES, Timeline } from './timeline.ts';
import { WorkLook } from './work-look.ts';

export interface LifecyclePartsDeps {
  readonly store: RecordStore & {
    rowLog<T>(name: string, parse: (value: unknown) => T, maxRows: number): RowLog<T>;
  };
  readonly hosts: HostService;
  readonly workspaces: WorkspaceService;
  readonly snapshots: SnapshotService;
  readonly terminals: TerminalService;
  readonly processes: WorkspaceProcesses;
  readonly operations: OperationRunner;
  readonly settings: SettingsService;
  readonly ownership: Ownership;
  readonly forwards: Pick<ForwardParts, 'connectionsInto'>;
  readonly files: Pick<FileParts, 'transfersOf'>;
  /** Name of the rented machine that a host is, where nothing ends that by itself. */
  readonly endlessMachineOn: (hostId: HostId) => string | undefined;
  /** Null: nobody that Berth knows by name. */
  readonly nameOf: (userId: string) => string | null;
  /** Of this installation: its leases on hosts are told from those of others by it. */
  readonly tag: string;
  /** Text of resources/remote/lease.sh. */
  readonly leaseScript: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface LifecycleParts {
  /** It works, or a rule keeps it awake, as was last seen. */
  isAtWork(id: WorkspaceId): boolean;
  /** It is started or stopped now, for this reason, which its timeline tells. Null: it is not, after all. */
  readonly expect: RunHistory['expect'];
  readonly handlers: HandlersOf<'lifecycles'>;
  load(): Promise<void>;
  start(): void;
  close(): Promise<void>;
}

export function createLifecycleParts(deps: LifecyclePartsDeps): LifecycleParts {
  const { clock, files, forwards, hosts, operations, ownership, settings, snapshots, store, terminals } =
    deps;
  const log = deps.log.child({ noun: 'lifecycles' });
  const { links } = hosts;
  const { directory: workspaces } = deps.workspaces;
  const directory = new LifecycleDirectory({ store });
  const rows = store.rowLog('timelines', (value) => TimelineEntry.parse(value), KEPT_ENTRIES);
  const timeline = new Timeline({ rows, clock, log });

  const isWorkedOn = (id: WorkspaceId) =>
    operations.all().some(({ endedAt, subject }) => endedAt === null && subject.id === id);
  /** A workspace that stops by itself saves no money where it was the last one that ran on a rented machine. */
  const costRemark = (id: WorkspaceId) => {
    const hostId = workspaces.record(id)?.hostId;
    const machine = hostId === undefined ? undefined : deps.endlessMachineOn(hostId);
    if (hostId === undefined || machine === undefined) return '';
    const isAlone = workspaces
      .onHost(hostId)
      .every((one) => one.id === id || workspaces.runningContainer(one.id) === undefined);
    return isAlone ? `. Its machine “${machine}” goes on costing, and nothing ends that by itself` : '';
  };
  const ownerOf = (id: WorkspaceId) => workspaces.ownerOf(id);
  const leases = new LeaseKeeper({
    store,
    links,
    hostIds: () => hosts.all().map(({ id }) => id),
    wishesOn: (hostId) => wishesOn(hostId),
    onLeases: (hostId, untils) => directory.showLeases(hostId, untils),
    onUnreadable(hostId, id) {
      if (workspaces.record(id)?.hostId !== hostId) return;
      const text =
        'Its lease on its host could not be read, and would not have stopped it. It is written anew';
      timeline.add(id, { event: 'failed', text });
    },
    tag: deps.tag,
    script: deps.leaseScript,
    clock,
    log,
  });
  const history = new RunHistory({
    directory: workspaces,
    operations,
    links,
    timeline,
    async leaseStops(link) {
      const stops = await leases.stopsOf(link);
      return stops.map(({ atMs, workspaceId }) => ({
        workspaceId,
        atMs,
        text: `Stopped by its lease: ${whyWords('lease', directory.record(workspaceId).policy)}${costRemark(workspaceId)}`,
      }));
    },
    nameOf: deps.nameOf,
    clock,
    log,
  });
  const work = new WorkLook({
    stats: (id, signal) => deps.workspaces.stats(id, signal),
    terminalsIn: (id) => terminals.useIn(id),
    connectionsInto: (id) => forwards.connectionsInto(id),
    operationsOn: (id) =>
      operations.all().filter(({ endedAt, subject }) => endedAt === null && subject.id === id),
    commandsIn: (id) => deps.processes.countIn(id),
    transfersOf: (id) => files.transfersOf(id),
    programsIn(id, signal) {
      const hostId = workspaces.record(id)?.hostId;
      const container = workspaces.runningContainer(id);
      if (hostId === undefined || container === undefined) return undefined;
      return links.current(hostId)?.engine?.listPrograms(container, signal);
    },
    log,
  });
  const act = new EndAct({
    stop: (id, userId) => deps.workspaces.stopWorkspace(id, userId),
    snapshot: (workspaceId, userId, why) =>
      snapshots.create(
        { workspaceId, name: null, note: `Before its end: ${why}`, longMatching: false, reason: 'safety' },
        userId,
      ),
    isGood: (id) => snapshots.directory.collection.get(id)?.problem === null,
    destroy: (id, userId) => deps.workspaces.destroyWorkspace(id, true, userId),
    ended: (id) => operations.ended(id),
    clock,
  });
  const isHostThere = (hostId: HostId) => links.current(hostId)?.engine !== undefined;
  const hours = new HoursStart({
    directory,
    ownerOf,
    isHostThere,
    isWorkedOn,
    start: (id, userId) => deps.workspaces.startWorkspace(id, userId),
    timeline,
    history,
    clock,
    log,
  });
  const keeper = new LifecycleKeeper({
    directory,
    workspaces: {
      all: () => workspaces.collection.all(),
      get: (id) => workspaces.collection.get(id),
      ownerOf,
    },
    isHostThere,
    isWorkedOn,
    costRemark,
    work,
    act,
    hours,
    timeline,
    history,
    clock,
    log,
  });
  const service = new LifecycleService({
    directory,
    workspaceOf: (id) => workspaces.workspace(id),
    keeper,
    timeline,
    onPolicy: ({ hostId }) => leases.touched(hostId),
    clock,
  });

  function wishesOn(hostId: HostId) {
    return workspaces.onHost(hostId).flatMap(({ id, ownerId }) => {
      const minutes = directory.record(id).policy.leaseMinutes;
      if (minutes === null || workspaces.runningContainer(id) === undefined) return [];
      return [{ id, minutes, graceSeconds: settings.get(ownerId).stopGraceSeconds }];
    });
  }

  /** Its first policy is what its person prefers; the copy of a move goes on with that of its source. */
  function begin({ createdAt, id, isAdopted, move }: Workspace, ownerId: UserId): void {
    const { idleStopMinutes } = settings.get(ownerId);
    const policy =
      move === null ? { ...noPolicy, idleMinutes: idleStopMinutes } : directory.record(move.otherId).policy;
    timeline.add(
      id,
      isAdopted
        ? { event: 'created', text: 'Found on its host' }
        : { event: 'created', at: createdAt, text: 'Made', by: deps.nameOf(ownerId) },
    );
    if (isAdopted || JSON.stringify(policy) === JSON.stringify(noPolicy)) return;
    directory
      .change(id, { policy })
      .catch((cause: unknown) =>
        log.warn('the policy of a new workspace was not kept', { workspaceId: id, cause }),
      );
  }

  async function* told(id: WorkspaceId, isFollowed: boolean, signal: AbortSignal) {
    const record = workspaces.record(id);
    // One that is older than its timeline.
    if (record !== undefined)
      await timeline.beginWith(id, { event: 'created', at: record.createdAt, text: 'Made' });
    yield* timeline.follow(id, isFollowed, signal);
  }

  const known = new Set<string>();
  const running = new Map<string, boolean>();
  const ends: (() => void)[] = [];
  return {
    isAtWork: (id) => directory.collection.get(id)?.judgement === 'busy',
    expect: (id, event, text) => history.expect(id, event, text),
    handlers: {
      'lifecycles.watch': (_input, { caller, signal }) =>
        directory.collection.watch(signal, ownership.shownTo(caller)),
      'lifecycles.setPolicy': ({ policy, workspaceId }, { caller }) =>
        service.setPolicy(workspaceId, policy, caller),
      'lifecycles.putOff': ({ minutes, workspaceId }, { caller }) =>
        service.putOff(workspaceId, minutes, caller),
      'lifecycles.timeline': ({ workspaceId, isFollowed }, { signal }) =>
        told(workspaceId, isFollowed, signal),
      'lifecycles.leases': (_input, { signal }) => leases.collection.watch(signal),
      'lifecycles.installLease': ({ hostId }) => leases.install(hostId),
      'lifecycles.removeLease': ({ hostId }) => leases.remove(hostId),
    },
    async load() {
      await directory.load();
      leases.load();
      for (const { id } of workspaces.records()) {
        known.add(id);
        keeper.refresh(id);
      }
    },
    start() {
      workspaces.onRemove(({ id, name }) => {
        known.delete(id);
        running.delete(id);
        keeper.forget(id);
        history.forget(id);
        void directory
          .forget(id)
          .catch((cause: unknown) => log.warn('a lifecycle was not forgotten', { cause }));
        void timeline
          .end(id, { event: 'destroyed', text: `“${name}” is gone` })
          .catch((cause: unknown) => log.warn('a timeline was not forgotten', { workspaceId: id, cause }));
      });
      ends.push(
        workspaces.onChange((workspace) => {
          const { hostId, id, state } = workspace;
          const ownerId = ownerOf(id);
          if (!known.has(id) && ownerId !== undefined) {
            known.add(id);
            begin(workspace, ownerId);
          }
          keeper.refresh(id);
          if (running.get(id) === (state === 'running')) return;
          running.set(id, state === 'running');
          leases.touched(hostId);
        }),
      );
      leases.start();
      history.start();
      keeper.start();
    },
    async close() {
      for (const end of ends) end();
      work.close();
      await keeper.close();
      await leases.close();
      await history.close();
      await timeline.close();
    },
  };
}
