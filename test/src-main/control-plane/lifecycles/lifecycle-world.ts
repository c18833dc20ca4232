/** One workspace, its owner, and a Berth that ends it by itself: on a clock that moves by hand, with a host in memory. */
import { afterEach } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import {
  localOwnerId,
  type OperationId,
  type SnapshotId,
  type UserId,
  type WorkspaceId,
} from '#contract/ids.ts';
import { type LifecyclePolicy, noPolicy, TimelineEntry } from '#contract/lifecycles.ts';
import type { Operation } from '#contract/operations.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import type { OpenConnection } from '#main/control-plane/forwards/metered-connection.ts';
import type { RunningProgram } from '#main/control-plane/interfaces/container-process.ts';
import { EndAct } from '#main/control-plane/lifecycles/end-act.ts';
import { HoursStart } from '#main/control-plane/lifecycles/hours-start.ts';
import { LifecycleDirectory } from '#main/control-plane/lifecycles/lifecycle-directory.ts';
import { LifecycleKeeper } from '#main/control-plane/lifecycles/lifecycle-keeper.ts';
import { LifecycleService } from '#main/control-plane/lifecycles/lifecycle-service.ts';
import { Timeline } from '#main/control-plane/lifecycles/timeline.ts';
import { WorkLook } from '#main/control-plane/lifecycles/work-look.ts';
import type { TerminalUse } from '#main/control-plane/terminals/idle-terminals.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';

export const workspaceId = 'ws_00000000000000000001' as WorkspaceId;
export const otherUserId = 'user_00000000000000000002' as UserId;
export const minute = 60_000;
/** What was begun where it was stopped once. */
export const stopped = [`stop as ${otherUserId}`];
const caller: Caller = { userId: localOwnerId, userName: 'Ada', scopes: new Set(), mode: 'desktop' };

/** Makes worlds; each is closed after its test. */
export function lifecycleWorlds(): (start?: string) => LifecycleWorld {
  const worlds: LifecycleWorld[] = [];
  afterEach(async () => {
    for (const one of worlds.splice(0)) await one.close();
  });
  return (start) => {
    const made = new LifecycleWorld(start);
    worlds.push(made);
    return made;
  };
}

export class LifecycleWorld {
  readonly clock: ManualClock;
  readonly store = new MemoryRecordStore();
  readonly log = new MemoryLog();
  /** What was begun, in order. */
  readonly begun: string[] = [];
  readonly expected: string[] = [];
  cpus = 0;
  networkBytesPerSecond = 20;
  isMeasured = true;
  terminals: TerminalUse[] = [];
  connections: OpenConnection[] = [];
  commands = 0;
  transfers = 0;
  programs: RunningProgram[] | BerthError = [];
  isHostThere = true;
  isWorkedOn = false;
  isGone = false;
  costRemark = '';
  snapshotError: BerthError | undefined;
  isSnapshotGood = true;
  stopError: BerthError | undefined;
  startError: BerthError | undefined;
  /** Called while a snapshot is taken. */
  duringSnapshot: () => void | Promise<void> = () => {};
  workspace: Workspace;
  directory!: LifecycleDirectory;
  timeline!: Timeline;
  keeper!: LifecycleKeeper;
  service!: LifecycleService;
  #work!: WorkLook;
  #operations = 0;

  constructor(start?: string) {
    this.clock = new ManualClock(start);
    this.workspace = {
      id: workspaceId,
      name: 'api',
      hostId: 'host_00000000000000000001',
      state: 'running',
      desired: 'running',
      startedAt: this.at(0),
      lastKnown: { state: 'running', at: this.at(0) },
      move: null,
    } as unknown as Workspace;
  }

  at(offsetMs: number): string {
    return new Date(this.clock.nowMs() + offsetMs).toISOString();
  }
  get lifecycle() {
    return this.directory.view(workspaceId);
  }
  /** Its timeline's sentences, with who did it. */
  async told(): Promise<string[]> {
    await this.timeline.close();
    const rows = await this.#rows().read(workspaceId);
    return rows.map(({ by, event, text }) => `${event}: ${text}${by === null ? '' : ` (${by})`}`);
  }

  set(change: Partial<Workspace>): void {
    this.workspace = { ...this.workspace, ...change };
    this.keeper.refresh(workspaceId);
  }

  /** A Berth starts, over what an earlier one left on the disk. */
  async begin(policy: Partial<LifecyclePolicy> = {}): Promise<this> {
    const { clock, log, store } = this;
    this.directory = new LifecycleDirectory({ store });
    await this.directory.load();
    if (Object.keys(policy).length > 0)
      await this.directory.change(workspaceId, { policy: { ...noPolicy, ...policy } });
    this.timeline = new Timeline({ rows: this.#rows(), clock, log });
    this.#work = new WorkLook({
      stats: (_id, signal) => this.#stats(signal),
      terminalsIn: () => this.terminals,
      connectionsInto: () => this.connections,
      operationsOn: () => [],
      commandsIn: () => this.commands,
      transfersOf: () => this.transfers,
      programsIn: () =>
        BerthError.is(this.programs) ? Promise.reject(this.programs) : Promise.resolve(this.programs),
      log,
    });
    const history = {
      expect: (_id: WorkspaceId, event: string, text: string | null) =>
        void this.expected.push(`${event} ${text}`),
    };
    const common = {
      directory: this.directory,
      isHostThere: () => this.isHostThere,
      isWorkedOn: () => this.isWorkedOn,
      timeline: this.timeline,
      history,
      clock,
      log,
    };
    this.keeper = new LifecycleKeeper({
      ...common,
      costRemark: () => this.costRemark,
      workspaces: {
        all: () => (this.isGone ? [] : [this.workspace]),
        get: () => (this.isGone ? undefined : this.workspace),
        ownerOf: () => otherUserId,
      },
      hours: new HoursStart({
        ...common,
        ownerOf: () => otherUserId,
        start: async (_id, userId) => {
          this.begun.push(`start as ${userId}`);
          if (this.startError !== undefined) throw this.startError;
          this.set({ state: 'running', desired: 'running', startedAt: this.at(0) });
        },
      }),
      work: this.#work,
      act: new EndAct({
        stop: async (_id, userId) => {
          this.begun.push(`stop as ${userId}`);
          if (this.stopError !== undefined) throw this.stopError;
          this.set({ state: 'stopped', desired: 'stopped', startedAt: null });
          return this.#operation();
        },
        snapshot: async (_id, userId) => {
          this.begun.push(`snapshot as ${userId}`);
          await this.duringSnapshot();
          const operation = this.#operation(this.snapshotError);
          return { snapshotId: 'snap_00000000000000000001' as SnapshotId, operation };
        },
        isGood: () => this.isSnapshotGood,
        destroy: async (_id, userId) => {
          this.begun.push(`destroy as ${userId}`);
          this.isGone = true;
          return this.#operation();
        },
        ended: async (id) => this.#ended.get(id)!,
        clock,
      }),
    });
    this.service = new LifecycleService({
      directory: this.directory,
      workspaceOf: () => this.workspace,
      keeper: this.keeper,
      timeline: this.timeline,
      onPolicy: () => {},
      clock,
    });
    this.keeper.start();
    await clock.advance(0);
    return this;
  }

  setPolicy(policy: Partial<LifecyclePolicy>) {
    return this.service.setPolicy(workspaceId, { ...noPolicy, ...policy }, caller);
  }
  putOff(minutes: number) {
    return this.service.putOff(workspaceId, minutes, caller);
  }
  type(): void {
    const use = { clientCount: 0, usedAtMs: 0, printedAtMs: null, isCommandRunning: false };
    this.terminals = [{ ...use, typedAtMs: this.clock.monotonicMs() }];
  }
  print(): void {
    const use = { clientCount: 1, usedAtMs: 0, typedAtMs: null, isCommandRunning: false };
    this.terminals = [{ ...use, printedAtMs: this.clock.monotonicMs() }];
  }

  /** One that is open since the beginning, and moves so much all the time. */
  connection(port: number, bytesPerSecond: number): OpenConnection {
    const { clock } = this;
    return {
      port,
      get bytes() {
        return (bytesPerSecond * clock.monotonicMs()) / 1_000;
      },
    };
  }

  async close(): Promise<void> {
    this.#work?.close();
    await this.keeper?.close();
  }

  readonly #ended = new Map<OperationId, Operation>();
  #operation(error?: BerthError): Operation {
    const id = `op_${String(this.#operations++).padStart(20, '0')}` as OperationId;
    const operation = {
      id,
      state: error === undefined ? 'succeeded' : 'failed',
      error: error?.toShape() ?? null,
    } as Operation;
    this.#ended.set(id, operation);
    return operation;
  }

  #rows() {
    return this.store.rowLog('timelines', (value) => TimelineEntry.parse(value), 500);
  }

  async *#stats(signal: AbortSignal) {
    while (!signal.aborted) {
      if (this.isMeasured)
        yield {
          cpus: this.cpus,
          networkInBytesPerSecond: this.networkBytesPerSecond / 2,
          networkOutBytesPerSecond: this.networkBytesPerSecond / 2,
          diskReadBytesPerSecond: 0,
          diskWriteBytesPerSecond: 0,
        };
      await new Promise<void>((resolve) => {
        this.clock.after(5_000, resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }
}
