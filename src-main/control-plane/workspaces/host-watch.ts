/**
 * Watches the workspaces of one connected host for as long as its link lives: lists them by label, follows the engine's
 * events, and mends what differs from what is wanted. Everything that it does to one host happens one after the other.
 * After the event stream ends (the engine was killed, say) it lists anew: a missed event costs a second, not the truth.
 * Longer than most files: listing, events and mending share the queue and the memory of what happened lately.
 */
import { BerthError } from '#contract/berth-error.ts';
import { WorkspaceId } from '#contract/ids.ts';
import { delay } from '../delay.ts';
import type { HostLink, HostLinks } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { ContainerEngine, ContainerSummary, EngineEvent } from '../interfaces/container-engine.ts';
import type { Log } from '../interfaces/log.ts';
import { label } from './labels.ts';
import type { LiveStats } from './live-stats.ts';
import { endsIt, signalWindowMs, stopConfirmMs, wasStoppedUnseen } from './past-end.ts';
import {
  decideMend,
  endCause,
  type Observed,
  observedOf,
  outOfMemory,
  restartWindowMs,
  type WorkspaceRecord,
} from './workspace.ts';
import type { WorkspaceDirectory } from './workspace-directory.ts';
import { findContainer } from './workspace-parts.ts';
import { type LabelledWorkspace, nameInContainerName, readLabels } from './workspace-spec.ts';

/** An end this soon after an `oom` event was caused by it. */
const oomWindowMs = 5_000;
/** The subscription to events has no acknowledgement; a second look covers what happened while it was made. */
const secondLookMs = 1_000;
/** And a slow round in case an event is lost in some way that nobody thought of. */
const slowRoundMs = 60_000;
const retryDelaysMs = [250, 500, 1_000, 2_000, 5_000] as const;
/** A network without a container is left alone for so long: its workspace may be under way from another Berth. */
const orphanNetworkAfterMs = 600_000;

export interface HostWatchDeps {
  readonly directory: WorkspaceDirectory;
  readonly links: Pick<HostLinks, 'suspect'>;
  readonly adopt: (hostId: HostLink['hostId'], found: LabelledWorkspace, isUp: boolean) => Promise<void>;
  readonly stats: LiveStats;
  readonly stopGraceSeconds: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

/** What happened to one workspace lately; times on the monotonic clock. */
interface Trouble {
  endedAtMs: number[];
  oomAtMs: number | undefined;
  signalledAtMs: number | undefined;
  stoppedAtMs: number | undefined;
  /** The end that it shows was told by an event, or the engine was asked about it. */
  isEndKnown: boolean;
  startError: BerthError | undefined;
  cancelTimer: (() => void) | undefined;
}

export class HostWatch {
  readonly #deps: HostWatchDeps;
  readonly #link: HostLink;
  readonly #stopping = new AbortController();
  /** Aborted when the link is gone or another watch takes over. */
  readonly #signal: AbortSignal;
  readonly #engine: ContainerEngine;
  readonly #log: Log;
  readonly #troubles = new Map<WorkspaceId, Trouble>();
  #tail: Promise<void> = Promise.resolve();
  /** Aborted when the event stream ended; decisions that waited for more events are then void. */
  #round = new AbortController();

  constructor(link: HostLink, engine: ContainerEngine, deps: HostWatchDeps) {
    this.#link = link;
    this.#signal = AbortSignal.any([link.signal, this.#stopping.signal]);
    this.#engine = engine;
    this.#deps = deps;
    this.#log = deps.log.child({ hostId: link.hostId });
  }

  /** Another watch takes over (the engine was opened anew), or Berth ends. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Resolves when the link is gone or `stop` was called. Never rejects. */
  async run(): Promise<void> {
    const signal = this.#signal;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const round = new AbortController();
      this.#round = round;
      const roundSignal = AbortSignal.any([signal, round.signal]);
      const following = this.#engine
        .events((event) => this.#onEvent(event), roundSignal)
        .then(
          () => new BerthError('engine.unreachable', 'The engine ended its events.'),
          (error: unknown) => error,
        );
      try {
        await this.#enqueue(() => this.#sync());
        attempt = -1;
        this.#repeatSync(roundSignal);
        throw await following;
      } catch (error) {
        if (!signal.aborted) this.#log.info('the events of a host ended; listing anew', { cause: error });
      } finally {
        round.abort();
        await following;
      }
      if (signal.aborted) break;
      this.#forget();
      this.#deps.links.suspect(this.#link.hostId);
      const waitMs = retryDelaysMs[Math.min(attempt + 1, retryDelaysMs.length - 1)] ?? 0;
      await delay(this.#deps.clock, waitMs, signal);
    }
    // A watch that takes over may have seen the host already: then only what is pending here ends.
    if (this.#stopping.signal.aborted) this.#dropPending();
    else this.#forget();
    await this.#tail;
  }

  /** Looks at one workspace anew and mends it if need be. Resolves when done; failures are logged. */
  async examine(id: WorkspaceId): Promise<void> {
    await this.#enqueue(() => this.#examine(id)).catch((error: unknown) => this.#failed(id, error));
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(async () => {
      if (!this.#signal.aborted) await task();
    });
    this.#tail = done.catch(() => {});
    return done;
  }

  #repeatSync(signal: AbortSignal): void {
    const again = (delayMs: number) => {
      void delay(this.#deps.clock, delayMs, signal).then(async () => {
        if (signal.aborted) return;
        await this.#enqueue(() => this.#sync()).catch((error: unknown) => this.#failed(undefined, error));
        again(slowRoundMs);
      });
    };
    again(secondLookMs);
  }

  /** The host is away: what was seen of it holds no more. */
  #forget(): void {
    this.#dropPending();
    for (const { id } of this.#deps.directory.onHost(this.#link.hostId)) {
      this.#deps.directory.setDeciding(id, false);
      this.#deps.directory.observe(id, undefined);
    }
  }

  #dropPending(): void {
    for (const trouble of this.#troubles.values()) {
      trouble.cancelTimer?.();
      trouble.cancelTimer = undefined;
      // An engine that shuts down stops its containers and says so in the same words as a person's stop.
      trouble.signalledAtMs = undefined;
      trouble.stoppedAtMs = undefined;
      trouble.isEndKnown = false;
    }
  }

  #failed(id: WorkspaceId | undefined, error: unknown): void {
    if (this.#signal.aborted || this.#round.signal.aborted) return;
    this.#log.warn('a workspace could not be examined', { workspaceId: id, cause: error });
  }

  // --- listing ------------------------------------------------------------------------------------------------------

  async #sync(): Promise<void> {
    const { directory } = this.#deps;
    const { hostId } = this.#link;
    const signal = this.#signal;
    const found = new Map<WorkspaceId, ContainerSummary>();
    for (const container of await this.#engine.listContainers({ [label.managed]: '1' }, signal)) {
      const labelled = readLabels(container);
      if (labelled === undefined) continue;
      found.set(labelled.id, container);
      if (directory.record(labelled.id) !== undefined) continue;
      const isUp = ['running', 'paused', 'restarting'].includes(container.state);
      await this.#deps.adopt(hostId, labelled, isUp);
    }
    for (const record of directory.onHost(hostId)) await this.#examine(record.id, found.get(record.id));
    await this.#removeOrphanNetworks(new Set(found.keys()));
  }

  async #removeOrphanNetworks(living: ReadonlySet<string>): Promise<void> {
    for (const network of await this.#engine.listNetworks({ [label.managed]: '1' }, this.#signal)) {
      const id = network.labels[label.workspace];
      const createdAtMs = Date.parse(network.labels[label.createdAt] ?? '');
      const ageMs = this.#deps.clock.nowMs() - createdAtMs;
      if (id === undefined || living.has(id) || !(ageMs > orphanNetworkAfterMs)) continue;
      if (this.#deps.directory.record(id as WorkspaceId) !== undefined) continue;
      this.#log.info('removing a network whose workspace is gone', { network: network.name });
      await this.#engine.removeNetwork(network.name).catch((cause: unknown) => {
        this.#log.warn('a network without a workspace could not be removed', { cause });
      });
    }
  }

  // --- events -------------------------------------------------------------------------------------------------------

  #onEvent(event: EngineEvent): void {
    if (event.type !== 'container' || event.labels[label.managed] === undefined) return;
    const parsed = WorkspaceId.safeParse(event.labels[label.workspace]);
    if (!parsed.success) return;
    const id = parsed.data;
    const record = this.#deps.directory.record(id);
    if (record === undefined) {
      // Made by another Berth, or by hand from our labels: the list says what it is.
      if (event.action === 'start')
        void this.#enqueue(() => this.#sync()).catch((error: unknown) => this.#failed(id, error));
      return;
    }
    if (record.hostId !== this.#link.hostId) return;
    const trouble = this.#trouble(id);
    const nowMs = this.#deps.clock.monotonicMs();
    const isOurs = this.#deps.directory.operation(id) !== undefined;
    switch (event.action) {
      case 'kill':
        if (!isOurs && endsIt(event.labels.signal)) trouble.signalledAtMs = nowMs;
        return;
      case 'stop':
        if (!isOurs) trouble.stoppedAtMs = nowMs;
        // One that waited for its restart was not running, so no end is told: this event is the only one.
        if (trouble.cancelTimer === undefined) this.#examineAfter(id, stopConfirmMs);
        return;
      case 'oom':
        trouble.oomAtMs = nowMs;
        void this.#enqueue(() => this.#tellOutOfMemory(id)).catch((error: unknown) =>
          this.#failed(id, error),
        );
        return;
      case 'die':
        trouble.isEndKnown = true;
        if (!isOurs && record.desired === 'running') {
          trouble.endedAtMs.push(nowMs);
          this.#deps.directory.setDeciding(id, true);
          this.#examineAfter(id, stopConfirmMs);
        } else void this.examine(id);
        return;
      case 'start':
        trouble.signalledAtMs = undefined;
        trouble.stoppedAtMs = undefined;
        trouble.isEndKnown = false;
        void this.examine(id);
        return;
      case 'pause':
      case 'unpause':
      case 'rename':
      case 'destroy':
      case 'create':
        void this.examine(id);
        return;
      default:
        // exec_create, top, attach and the like say nothing about the workspace.
        return;
    }
  }

  #trouble(id: WorkspaceId): Trouble {
    let trouble = this.#troubles.get(id);
    if (trouble === undefined) {
      trouble = {
        endedAtMs: [],
        oomAtMs: undefined,
        signalledAtMs: undefined,
        stoppedAtMs: undefined,
        isEndKnown: false,
        startError: undefined,
        cancelTimer: undefined,
      };
      this.#troubles.set(id, trouble);
    }
    return trouble;
  }

  #examineAfter(id: WorkspaceId, delayMs: number): void {
    const trouble = this.#trouble(id);
    trouble.cancelTimer?.();
    const round = this.#round;
    trouble.cancelTimer = this.#deps.clock.after(delayMs, () => {
      trouble.cancelTimer = undefined;
      if (!round.signal.aborted) void this.examine(id);
    });
  }

  async #tellOutOfMemory(id: WorkspaceId): Promise<void> {
    const { directory } = this.#deps;
    const record = directory.record(id);
    if (record === undefined) return;
    const limit = record.definition.limits.memoryBytes;
    await directory.change(id, { problem: outOfMemory(limit, 'the rest goes on running').toShape() });
  }

  // --- one workspace ------------------------------------------------------------------------------------------------

  async #examine(id: WorkspaceId, summary?: ContainerSummary): Promise<void> {
    const { directory, stats } = this.#deps;
    const before = directory.record(id);
    if (before === undefined || before.hostId !== this.#link.hostId) return;
    const signal = this.#signal;
    const detail =
      summary === undefined
        ? await findContainer(this.#engine, before, signal)
        : await this.#engine.inspectContainer(summary.id, signal);
    const observed = observedOf(detail);
    if (observed?.state !== 'running') {
      const last = directory.observed(id)?.id;
      if (last !== undefined) stats.stopped(last);
    }
    directory.observe(id, observed);
    // While an operation is under way it alone decides; when it has ended it asks for another look.
    if (directory.operation(id) !== undefined || !before.isMade) return this.#decided(id);
    await this.#takeName(before, detail?.name);
    const trouble = this.#trouble(id);
    if (trouble.cancelTimer !== undefined && observed?.state !== 'running') return;
    if (detail !== undefined && observed?.state === 'exited' && before.desired === 'running')
      await this.#recallEnd(trouble, () => wasStoppedUnseen(this.#engine, detail, signal));
    if (observed !== null) await this.#mend(id, observed, trouble);
    this.#decided(id);
  }

  async #recallEnd(trouble: Trouble, wasStopped: () => Promise<boolean>): Promise<void> {
    if (trouble.isEndKnown) return;
    if (await wasStopped()) trouble.stoppedAtMs = this.#deps.clock.monotonicMs();
    trouble.isEndKnown = true;
  }

  #decided(id: WorkspaceId): void {
    this.#deps.directory.setDeciding(id, false);
  }

  /** Another Berth renamed it: the name in the container's own name is the later one. */
  async #takeName(record: WorkspaceRecord, containerName: string | undefined): Promise<void> {
    const name = containerName === undefined ? undefined : nameInContainerName(containerName);
    if (name === undefined || name === record.name) return;
    try {
      this.#deps.directory.requireFreeName(record, name, record.id);
    } catch {
      return;
    }
    await this.#deps.directory.change(record.id, { name });
  }

  async #mend(id: WorkspaceId, observed: NonNullable<Observed>, trouble: Trouble): Promise<void> {
    const { directory, clock } = this.#deps;
    const record = directory.require(id);
    const nowMs = clock.monotonicMs();
    trouble.endedAtMs = trouble.endedAtMs.filter((atMs) => nowMs - atMs < restartWindowMs);
    const lastEndMs = trouble.endedAtMs.at(-1) ?? nowMs;
    const pausing = record.pausedBy === null ? undefined : directory.operation(id);
    const mend = decideMend({
      record,
      observed,
      recentEnds: trouble.endedAtMs.length,
      wasStoppedOutside:
        trouble.stoppedAtMs !== undefined ||
        (trouble.signalledAtMs !== undefined && lastEndMs - trouble.signalledAtMs < signalWindowMs),
      isPausingUnderWay: pausing?.id === record.pausedBy && pausing !== undefined,
    });
    switch (mend.kind) {
      case 'none':
        if (observed.state === 'running' && record.hasGivenUp)
          await directory.change(id, { hasGivenUp: false, problem: null });
        return;
      case 'start': {
        const waitMs = lastEndMs + mend.afterMs - nowMs;
        if (waitMs > 0 && trouble.endedAtMs.length > 0) return this.#examineAfter(id, waitMs);
        return this.#startAgain(record, observed, trouble);
      }
      case 'unpause':
        this.#log.info('thawing a workspace that was left frozen', { workspaceId: id });
        await this.#engine.unpauseContainer(observed.id);
        return directory.change(id, { pausedBy: null });
      case 'follow-stop':
        trouble.endedAtMs = [];
        return directory.change(id, {
          desired: 'stopped',
          note: 'Stopped on the host, outside Berth.',
          noteStartedAt: null,
        });
      case 'follow-start':
        return directory.change(id, {
          desired: 'running',
          problem: null,
          hasGivenUp: false,
          note: 'Started on the host, outside Berth.',
          noteStartedAt: observed.startedAt,
        });
      case 'give-up': {
        if (mend.mustStop) await this.#engine.stopContainer(observed.id, this.#deps.stopGraceSeconds());
        const cause = trouble.startError ?? this.#cause(record, observed, trouble);
        this.#log.warn('a workspace ends again and again; leaving it', { workspaceId: id, cause });
        trouble.endedAtMs = [];
        await directory.change(id, { hasGivenUp: true, problem: cause.toShape(), note: undefined });
        return directory.observe(id, await this.#inspect(observed.id));
      }
      default:
        return mend satisfies never;
    }
  }

  #cause(record: WorkspaceRecord, observed: NonNullable<Observed>, trouble: Trouble): BerthError {
    const sawOutOfMemory =
      trouble.oomAtMs !== undefined &&
      (trouble.endedAtMs.at(-1) ?? this.#deps.clock.monotonicMs()) - trouble.oomAtMs < oomWindowMs;
    return endCause(observed, sawOutOfMemory, record.definition.limits.memoryBytes);
  }

  async #startAgain(
    record: WorkspaceRecord,
    observed: NonNullable<Observed>,
    trouble: Trouble,
  ): Promise<void> {
    const { directory, clock } = this.#deps;
    const cause = this.#cause(record, observed, trouble);
    this.#log.info('starting a workspace that should run', { workspaceId: record.id, cause });
    try {
      await this.#engine.startContainer(observed.id);
      trouble.startError = undefined;
    } catch (error) {
      if (!BerthError.is(error) || BerthError.is(error, 'connection-lost', 'engine.unreachable', 'timed-out'))
        throw error;
      trouble.startError = error;
      trouble.endedAtMs.push(clock.monotonicMs());
      return this.#examineAfter(record.id, 1);
    }
    const note = `Berth started it again. ${cause.message}`.slice(0, 500);
    const now = await this.#inspect(observed.id);
    await directory.change(record.id, { note, noteStartedAt: now?.startedAt ?? null });
    directory.observe(record.id, now);
  }

  async #inspect(containerId: string): Promise<Observed> {
    return observedOf(await this.#engine.inspectContainer(containerId, this.#signal));
  }
}
