/**
 * Ends machines by themselves, as their persons said: at an instant, or after so long without work. Guarantees: the end is
 * shown before it comes, also where this Berth was not there when its time came; it is asked of the provider once more at the
 * last moment; a machine in trouble, in its making or with work under way is left alone; what fails is tried again later. Acts
 * in the name of the person who made the machine. Must not judge what it cannot see.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CloudId, HostId, MachineId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { MachineEnd } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import type { WorkspaceState } from '#contract/workspaces.ts';
import type { HostLinks } from '../../hosts/host-links.ts';
import { type Clock, instantOf } from '../../interfaces/clock.ts';
import type { Log } from '../../interfaces/log.ts';
import { LookRounds } from '../../look-rounds.ts';
import { LoadMeter, type LoadMeterDeps } from '../../workspaces/load-meter.ts';
import type { CloudClients } from '../cloud-clients.ts';
import { hardwareFacts } from '../life/hardware-facts.ts';
import type { MachineRecord } from '../machine.ts';
import type { MachineDirectory } from '../machine-directory.ts';
import { requireSucceeded, Retries } from '../retries.ts';
import { endInSight, type EndInSight } from './end-in-sight.ts';
import { advance, type Idleness, notIdle } from './idleness.ts';

/** Milliseconds between two looks. */
export const LOOK_MS = 30_000;
/** Milliseconds for which an end is shown whose time came while nobody looked. */
export const GRACE_MS = 10 * 60_000;

export interface EndKeeperDeps extends LoadMeterDeps {
  readonly directory: MachineDirectory;
  readonly clouds: CloudClients;
  readonly links: HostLinks;
  readonly operations: { all(): Operation[]; ended(id: Operation['id']): Promise<Operation> };
  readonly workspacesOn: (
    hostId: HostId,
  ) => readonly { id: WorkspaceId; state: WorkspaceState; isAtWork?: boolean }[];
  /** On the monotonic clock: when a terminal of the host, or of these workspaces, was last typed or printed to. */
  readonly terminalUsedMs: (hostId: HostId, workspaceIds: ReadonlySet<WorkspaceId>) => number | null;
  /** Leaves behind at the provider whatever the person would be asked about. */
  readonly destroy: (id: MachineId, userId: UserId) => Promise<Operation>;
  readonly hibernate: (id: MachineId, userId: UserId) => Promise<Operation>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is known of one machine in this run. */
interface Watched {
  /** Of what the count is: another end begins it anew. */
  end: string;
  idleness: Idleness;
  notBeforeMs: number | null;
  isActing: boolean;
}

export class EndKeeper {
  readonly #deps: EndKeeperDeps;
  readonly #meter: LoadMeter;
  readonly #rounds: LookRounds;
  readonly #retries: Retries;
  readonly #watched = new Map<MachineId, Watched>();
  readonly #aheadMs = new Map<CloudId, number>();
  readonly #stop = new AbortController();
  #stopTimer = () => {};
  #looking: Promise<void> = Promise.resolve();

  constructor(deps: EndKeeperDeps) {
    this.#deps = deps;
    this.#meter = new LoadMeter(deps);
    this.#rounds = new LookRounds(deps.clock, LOOK_MS);
    this.#retries = new Retries(deps);
  }

  start(): void {
    this.#looking = this.look();
    void this.#looking.finally(() => this.#later());
  }

  async close(): Promise<void> {
    this.#stop.abort(new BerthError('cancelled', 'Berth is ending.'));
    this.#stopTimer();
    this.#meter.close();
    await this.#looking;
  }

  /** A person has a word about it: all counts begin anew. */
  touched(id: MachineId): void {
    this.#forget(id);
    const record = this.#deps.directory.record(id);
    if (record !== undefined && isWatched(record)) this.#show(record, this.#watch(record, false));
  }

  /** One look at all of them. Never rejects. */
  async look(): Promise<void> {
    const { directory, log } = this.#deps;
    const { sinceMs, wasAway } = this.#rounds.next();
    const measured = new Set<WorkspaceId>();
    for (const record of directory.records()) {
      if (!isWatched(record)) {
        this.#forget(record.id);
        continue;
      }
      try {
        await this.#lookAt(record, { sinceMs, wasAway, measured });
      } catch (cause) {
        if (this.#stop.signal.aborted) return;
        log.error('the end of a machine could not be judged', { machineId: record.id, cause });
      }
    }
    for (const id of this.#watched.keys()) if (directory.record(id) === undefined) this.#forget(id);
    this.#meter.keepOnly(measured);
  }

  #forget(id: MachineId): void {
    this.#watched.delete(id);
    this.#retries.clear(id);
    this.#deps.directory.showEnd(id, null);
  }

  #later(): void {
    if (this.#stop.signal.aborted) return;
    this.#stopTimer = this.#deps.clock.after(LOOK_MS, () => {
      this.#looking = this.look();
      void this.#looking.finally(() => this.#later());
    });
  }

  async #lookAt(
    record: MachineRecord,
    round: { sinceMs: number; wasAway: boolean; measured: Set<WorkspaceId> },
  ): Promise<void> {
    await this.#readClock(record.cloudId);
    const watched = this.#watch(record, round.wasAway);
    if (watched.isActing) return;
    if (endOf(record).idleMinutes !== null) this.#count(record, watched, round);
    const sight = this.#show(record, watched);
    if (sight?.isDue !== true || isWorkedOn(this.#deps.operations.all(), record)) return;
    watched.isActing = true;
    // Not awaited: it takes minutes, and others end meanwhile.
    void this.#act(record, watched, sight).finally(() => {
      watched.isActing = false;
    });
  }

  /** `wasAway`: its time may have come while nobody looked; then it is shown for a while first. */
  #watch(record: MachineRecord, wasAway: boolean): Watched {
    const end = JSON.stringify(record.end);
    const known = this.#watched.get(record.id);
    const watched: Watched =
      known?.end === end
        ? known
        : { end, idleness: notIdle, notBeforeMs: null, isActing: known?.isActing ?? false };
    this.#watched.set(record.id, watched);
    const { at } = endOf(record);
    const hasPassed = at !== null && this.#providerNowMs(record.cloudId) >= Date.parse(at);
    if (wasAway && (hasPassed || watched.idleness.idleMs > 0)) {
      const graceMs = this.#deps.clock.nowMs() + GRACE_MS;
      watched.notBeforeMs = Math.max(graceMs, watched.notBeforeMs ?? graceMs);
    }
    return watched;
  }

  #count(
    record: MachineRecord,
    watched: Watched,
    { measured, sinceMs }: { sinceMs: number; measured: Set<WorkspaceId> },
  ): void {
    const { clock, links, operations, terminalUsedMs, workspacesOn } = this.#deps;
    const { hostId } = record;
    const there = hostId === null ? [] : workspacesOn(hostId);
    const workspaces = there.map(({ id, isAtWork = false, state }) => {
      if (state !== 'running') return { state, load: null };
      measured.add(id);
      return { state, isAtWork, load: this.#meter.take(id) };
    });
    const usedMs = hostId === null ? null : terminalUsedMs(hostId, new Set(there.map(({ id }) => id)));
    const facts = {
      isOff: record.power?.state === 'off',
      isConnected: hostId !== null && links.current(hostId)?.engine !== undefined,
      isOperationUnderWay: isWorkedOn(operations.all(), record, new Set(there.map(({ id }) => id))),
      terminalQuietMs: usedMs === null ? null : clock.monotonicMs() - usedMs,
      workspaces,
      sinceMs,
    };
    watched.idleness = advance(watched.idleness, facts, 2 * LOOK_MS);
  }

  #show(record: MachineRecord, watched: Watched): EndInSight | null {
    const { clock, directory } = this.#deps;
    const sight = endInSight({
      end: endOf(record),
      idleness: watched.idleness,
      providerNowMs: this.#providerNowMs(record.cloudId),
      nowMs: clock.nowMs(),
      notBeforeMs: watched.notBeforeMs,
    });
    // Whole seconds: it is counted anew at each look, and must not move by a hair each time.
    const shown = sight?.isShown === true ? Math.round(sight.atMs / 1_000) * 1_000 : null;
    directory.showEnd(record.id, shown === null ? null : new Date(shown).toISOString());
    return sight;
  }

  async #act(record: MachineRecord, watched: Watched, sight: EndInSight): Promise<void> {
    const { directory, hibernate, log, operations } = this.#deps;
    try {
      if (!(await this.#isStillSo(record, sight))) return;
      log.info('a machine ends by itself', { machineId: record.id, why: sight.why, action: sight.action });
      const begin = sight.action === 'destroy' ? this.#deps.destroy : hibernate;
      const operation = await begin(record.id, record.userId);
      const ended = await operations.ended(operation.id);
      if (!this.#stop.signal.aborted) requireSucceeded(ended);
      this.#retries.clear(record.id);
    } catch (cause) {
      if (this.#stop.signal.aborted || directory.record(record.id) === undefined) return;
      log.warn('a machine could not end by itself; it is tried again', { machineId: record.id, cause });
      const now = directory.require(record.id);
      // Whoever brings to its end what has gone too far to be taken back says so itself.
      if (!isWatched(now) || this.#watched.get(record.id) !== watched) return;
      this.#retries.failed(record.id, { why: sight.why, action: sight.action }, cause);
      watched.notBeforeMs = this.#retries.againMs(record.id);
      this.#show(now, watched);
    }
  }

  /** A fresh answer of the provider's: whether it is there, and what time it is. */
  async #isStillSo(record: MachineRecord, { why }: EndInSight): Promise<boolean> {
    const { clock, clouds, directory } = this.#deps;
    const client = await clouds.client(record.cloudId);
    const machine = await client.machine(record.providerId as string, this.#stop.signal);
    if (machine === undefined) {
      await directory.change(record.id, { life: 'vanished', power: null });
      return false;
    }
    await directory.change(record.id, hardwareFacts(machine, instantOf(clock)));
    await this.#readClock(record.cloudId);
    const now = directory.record(record.id);
    if (now === undefined || !isWatched(now) || JSON.stringify(now.end) !== JSON.stringify(record.end))
      return false;
    const { at } = now.end;
    return why === 'idle' || (at !== null && this.#providerNowMs(record.cloudId) >= Date.parse(at));
  }

  /** The last known stands where the account cannot be asked. */
  async #readClock(cloudId: CloudId): Promise<void> {
    try {
      const aheadMs = (await this.#deps.clouds.client(cloudId)).clockAheadMs();
      if (aheadMs !== null) this.#aheadMs.set(cloudId, aheadMs);
    } catch (error) {
      if (!BerthError.is(error)) throw error;
    }
  }

  #providerNowMs(cloudId: CloudId): number {
    return this.#deps.clock.nowMs() - (this.#aheadMs.get(cloudId) ?? 0);
  }
}

/** One that was kept unfinished has no work that could be seen: only an instant ends it. */
function endOf({ end, life }: MachineRecord): MachineEnd {
  return life === 'incomplete' ? { ...end, idleMinutes: null } : end;
}

/** Those that can end by themselves: there, and nobody is asked about them. */
function isWatched({ end, life, providerId, trouble }: MachineRecord): boolean {
  if (providerId === null || trouble !== null) return false;
  if (end.at === null && end.idleMinutes === null) return false;
  return life === 'made' || (life === 'incomplete' && end.atAction === 'destroy' && end.at !== null);
}

function isWorkedOn(
  operations: readonly Operation[],
  { hostId, id }: MachineRecord,
  workspaceIds: ReadonlySet<string> = new Set(),
): boolean {
  return operations.some(
    ({ endedAt, hostId: on, subject }) =>
      endedAt === null &&
      (subject.id === id || (hostId !== null && on === hostId) || workspaceIds.has(subject.id)),
  );
}
