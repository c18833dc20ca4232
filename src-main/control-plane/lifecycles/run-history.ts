/**
 * Finds out why workspaces began to run and why they stopped, and writes it into their timelines: from what is seen of them,
 * from operations, from what the engine remembers of the time when no Berth was there, and from what leases did. Guarantees
 * that starts and stops follow each other, each once. Decides nothing.
 */
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { HostLink, HostLinks } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { EngineEvent } from '../interfaces/container-engine.ts';
import type { Log } from '../interfaces/log.ts';
import type { OperationRunner } from '../operations/operation-runner.ts';
import { label } from '../workspaces/labels.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import {
  isStart,
  mended,
  outsideEnd,
  outsideStart,
  startKinds,
  startWords,
  TOLD_START_MS,
} from './past-words.ts';
import type { Life, Timeline } from './timeline.ts';
import { ToldOperations } from './told-operations.ts';

/** By which the clocks of hosts may differ from ours before a person's act is not found. */
const CLOCKS_MS = 60_000;
/** A host that is back within this was not away, as far as anybody cares: a laptop slept, or changed its network. */
const AWAY_MS = 120_000;
/** Milliseconds for which an engine's past, and its leases', are waited for. */
const RECALL_MS = 15_000;

export interface LeaseStop {
  readonly workspaceId: WorkspaceId;
  readonly atMs: number;
  /** "Stopped by its lease: …". */
  readonly text: string;
}

export interface RunHistoryDeps {
  readonly directory: WorkspaceDirectory;
  readonly operations: Pick<OperationRunner, 'all' | 'ownerOf' | 'watch'>;
  readonly links: HostLinks;
  readonly timeline: Timeline;
  /** What leases ended on a host while nobody was there; asked once for each link. Never rejects. */
  readonly leaseStops: (link: HostLink) => Promise<readonly LeaseStop[]>;
  /** Null: nobody that Berth knows. */
  readonly nameOf: (userId: string) => string | null;
  readonly clock: Clock;
  readonly log: Log;
}

type Cause = { readonly text: string; readonly by?: string | null; readonly atMs?: number };

export class RunHistory {
  readonly #deps: RunHistoryDeps;
  /** What is done to one host's follows each other. */
  readonly #tails = new Map<HostId, Promise<void>>();
  readonly #leaseStops = new Map<HostId, readonly LeaseStop[]>();
  /** What Berth itself is about to do, with why. */
  readonly #expected = new Map<WorkspaceId, { readonly event: Life['event']; readonly text: string }>();
  readonly #acts: ToldOperations;
  readonly #problems = new Map<WorkspaceId, Workspace['problem']>();
  readonly #away = new Map<HostId, { readonly stop: () => void; isTold: boolean }>();
  readonly #ends: (() => void)[] = [];
  readonly #closing = new AbortController();
  #following: Promise<void> = Promise.resolve();

  constructor(deps: RunHistoryDeps) {
    this.#deps = deps;
    this.#acts = new ToldOperations(deps);
  }

  start(): void {
    const { directory, links } = this.#deps;
    this.#ends.push(
      links.onReady((link) => {
        this.#back(link.hostId);
        this.#enqueue(link.hostId, () => this.#recall(link));
      }),
      links.onLost((hostId) => this.#lost(hostId)),
      directory.onChange(({ hostId, id }) => this.#enqueue(hostId, () => this.#compare(id))),
    );
    this.#following = this.#followSnapshots();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const end of this.#ends) end();
    for (const { stop } of this.#away.values()) stop();
    await Promise.all([this.#following, ...this.#tails.values()]);
  }

  /** Berth starts or stops it now, for this reason. Undone with `text` null. */
  expect(id: WorkspaceId, event: Life['event'], text: string | null): void {
    if (text === null) this.#expected.delete(id);
    else this.#expected.set(id, { event, text });
  }

  forget(id: WorkspaceId): void {
    this.#expected.delete(id);
    this.#acts.forget(id);
    this.#problems.delete(id);
  }

  #enqueue(hostId: HostId, work: () => Promise<void>): void {
    const before = this.#tails.get(hostId) ?? Promise.resolve();
    const tail = before.then(async () => {
      if (this.#closing.signal.aborted) return;
      await work().catch((cause: unknown) =>
        this.#deps.log.warn('what happened on a host is not in the timelines', { hostId, cause }),
      );
    });
    this.#tails.set(hostId, tail);
    void tail.then(() => {
      if (this.#tails.get(hostId) === tail) this.#tails.delete(hostId);
    });
  }

  // --- what is seen -------------------------------------------------------------------------------------------------

  async #compare(id: WorkspaceId): Promise<void> {
    const { directory, timeline } = this.#deps;
    if (directory.record(id) === undefined) return;
    const life = await timeline.life(id);
    const view = directory.collection.get(id);
    if (view === undefined) return;
    const isUp = life?.event === 'started';
    this.#tellTrouble(view, isUp);
    switch (view.state) {
      case 'running':
      case 'paused': {
        if (view.startedAt === null) return;
        const startedMs = Date.parse(view.startedAt);
        if (isStart(life, startedMs)) return;
        if (isUp && !this.#isStartKnown(view, startedMs)) await this.#recallEnd(view, startedMs);
        const now = await timeline.life(id);
        if (!isStart(now, startedMs)) this.#tellStart(view, startedMs, now?.event === 'started');
        return;
      }
      case 'stopped':
      case 'failed':
      case 'missing':
        // An operation that made it stop says so when it is over.
        if (!isUp || view.operationId !== null || (view.state === 'stopped' && view.desired === 'running'))
          return;
        this.#tellStop(id, this.#stopCause(view, life));
        return;
      case 'creating':
      case 'starting':
      case 'stopping':
      case 'destroying':
      case 'unknown':
        return;
      default:
        view.state satisfies never;
    }
  }

  /** Why it was started again is known without asking the engine. */
  #isStartKnown({ id, note = '' }: Workspace, startedMs: number): boolean {
    return (
      this.#expected.get(id)?.event === 'started' ||
      mended.test(note) ||
      this.#acts.find(id, startKinds, startedMs - CLOCKS_MS) !== undefined
    );
  }

  /** One that ran was started anew, and not by Berth: its engine may remember how it ended. */
  async #recallEnd({ hostId, id }: Workspace, startedMs: number): Promise<void> {
    const link = this.#deps.links.current(hostId);
    if (link === undefined) return;
    // By the host's own clock.
    const events = await this.#pastOf(link, startedMs + TOLD_START_MS);
    await this.#replay(
      id,
      events.filter(({ labels }) => labels[label.workspace] === id),
    );
  }

  #tellStart(view: Workspace, startedMs: number, wasUp: boolean): void {
    const { timeline } = this.#deps;
    const { id, note = '' } = view;
    const again = mended.exec(note);
    // One end that nobody saw, between two lives.
    if (wasUp && again !== null)
      timeline.add(id, { at: isoOf(startedMs), event: 'stopped', text: again[1] || 'It ended by itself.' });
    const { by = null, text } = this.#startCause(view, startedMs, { wasUp, isAgain: again !== null });
    timeline.add(id, { at: isoOf(startedMs), event: 'started', text, by });
  }

  #startCause(
    { id, note = '' }: Workspace,
    startedMs: number,
    { isAgain, wasUp }: { readonly wasUp: boolean; readonly isAgain: boolean },
  ): Cause {
    const expected = this.#taken(id, 'started');
    if (expected !== undefined) return { text: expected };
    const operation = this.#acts.tell(id, startKinds, startedMs - CLOCKS_MS);
    if (operation !== undefined)
      return { text: startWords[operation.kind] ?? 'Started', by: this.#acts.byOf(operation.id) };
    if (isAgain) return { text: 'Started again by Berth' };
    if (note.startsWith('Started on the host')) return { text: 'Started on the host, outside Berth' };
    return { text: wasUp ? 'Started again: it, its engine or its host was restarted' : 'Started' };
  }

  #stopCause({ hostId, id, note = '', problem, state }: Workspace, life: Life): Cause {
    const expected = this.#taken(id, 'stopped');
    if (expected !== undefined) return { text: expected };
    if (state === 'missing') return { text: 'Its container was taken away on the host' };
    if (state === 'failed') return { text: problem?.message ?? 'It ended again and again' };
    const lease = this.#leaseStop(hostId, id, Date.parse(life.at) - CLOCKS_MS);
    if (lease !== undefined) return lease;
    if (note.startsWith('Stopped on the host')) return { text: 'Stopped on the host, outside Berth' };
    const operation = this.#acts.tell(id, ['workspace.stop'], Date.parse(life.at) - CLOCKS_MS);
    return operation === undefined
      ? { text: 'Stopped' }
      : { text: 'Stopped', by: this.#acts.byOf(operation.id) };
  }

  #tellStop(id: WorkspaceId, { atMs, by = null, text }: Cause): void {
    this.#deps.timeline.add(id, {
      event: 'stopped',
      text,
      by,
      ...(atMs === undefined ? {} : { at: isoOf(atMs) }),
    });
  }

  /** What it goes on running after, too: the kernel ended a process of it. What ended it is told with its end. */
  #tellTrouble({ id, problem, state }: Workspace, isUp: boolean): void {
    const before = this.#problems.get(id);
    this.#problems.set(id, problem);
    if (before === undefined || problem === null || before?.message === problem.message) return;
    if (state === 'failed' ? !isUp : problem.code === 'workspace.out-of-memory')
      this.#deps.timeline.add(id, { event: 'failed', text: problem.message });
  }

  #taken(id: WorkspaceId, event: Life['event']): string | undefined {
    const expected = this.#expected.get(id);
    if (expected?.event !== event) return undefined;
    this.#expected.delete(id);
    return expected.text;
  }

  // --- what was before ----------------------------------------------------------------------------------------------

  /** From the engine's own memory, since the last that is known. */
  async #recall(link: HostLink): Promise<void> {
    const { clock, directory, leaseStops } = this.#deps;
    const [events, stops] = await Promise.all([
      this.#pastOf(link, clock.nowMs()),
      this.#inTime(link, () => leaseStops(link)),
    ]);
    this.#leaseStops.set(link.hostId, stops);
    const byWorkspace = Map.groupBy(events, ({ labels }) => labels[label.workspace]);
    for (const { id } of directory.onHost(link.hostId)) await this.#replay(id, byWorkspace.get(id) ?? []);
  }

  #pastOf(link: HostLink, untilMs: number): Promise<readonly EngineEvent[]> {
    return this.#inTime(link, async (signal) => (await link.engine?.pastEvents(untilMs, signal)) ?? []);
  }

  /** Nothing, where that cannot be told, or takes too long. */
  async #inTime<T>(
    link: HostLink,
    ask: (signal: AbortSignal) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const late = new AbortController();
    const stopTimer = this.#deps.clock.after(RECALL_MS, () => late.abort());
    const signal = AbortSignal.any([link.signal, late.signal, this.#closing.signal]);
    const gone = new Promise<readonly T[]>((resolve) =>
      signal.addEventListener('abort', () => resolve([]), { once: true }),
    );
    try {
      return await Promise.race([ask(signal).catch(() => []), gone]);
    } finally {
      stopTimer();
      late.abort();
    }
  }

  async #replay(id: WorkspaceId, events: readonly EngineEvent[]): Promise<void> {
    const { directory, timeline } = this.#deps;
    for (const event of events) {
      const life = await timeline.life(id);
      // Of what was before anything was written nothing is known of why.
      if (life === undefined) continue;
      if (event.atMs <= Date.parse(life.at)) continue;
      if (event.action === 'start' && life.event === 'stopped') {
        const operation = this.#acts.tell(id, startKinds, event.atMs - CLOCKS_MS);
        const by = operation === undefined ? null : this.#acts.byOf(operation.id);
        const text =
          operation === undefined
            ? outsideStart(event, events, life)
            : (startWords[operation.kind] ?? 'Started');
        timeline.add(id, { at: isoOf(event.atMs), event: 'started', text, by });
      } else if (event.action === 'die' && life.event === 'started') {
        const hostId = directory.record(id)?.hostId;
        if (hostId !== undefined)
          this.#tellStop(id, this.#pastCause(hostId, id, { end: event, events, life }));
      }
    }
  }

  #pastCause(
    hostId: HostId,
    id: WorkspaceId,
    {
      end,
      events,
      life,
    }: { readonly end: EngineEvent; readonly events: readonly EngineEvent[]; readonly life: Life },
  ): Cause {
    const { atMs } = end;
    const lease = this.#leaseStop(hostId, id, atMs - CLOCKS_MS);
    if (lease !== undefined) return { ...lease, atMs };
    const operation = this.#acts.tell(id, ['workspace.stop'], Date.parse(life.at));
    if (operation !== undefined) return { text: 'Stopped', by: this.#acts.byOf(operation.id), atMs };
    return { text: outsideEnd(end, events), atMs };
  }

  #leaseStop(hostId: HostId, workspaceId: WorkspaceId, sinceMs: number): Cause | undefined {
    const stops = this.#leaseStops.get(hostId) ?? [];
    const found = stops.findLast((one) => one.workspaceId === workspaceId && one.atMs >= sinceMs);
    // Told once: what ends it next is something else.
    this.#leaseStops.set(
      hostId,
      stops.filter((one) => one !== found),
    );
    return found;
  }

  // --- its host -----------------------------------------------------------------------------------------------------

  #lost(hostId: HostId): void {
    const { clock } = this.#deps;
    if (this.#away.has(hostId)) return;
    const sinceMs = clock.nowMs();
    const stop = clock.after(AWAY_MS, () => {
      const away = this.#away.get(hostId);
      if (away !== undefined) away.isTold = true;
      this.#tellHost(hostId, { event: 'away', text: 'Its host is away', at: isoOf(sinceMs) });
    });
    this.#away.set(hostId, { stop, isTold: false });
  }

  #back(hostId: HostId): void {
    const away = this.#away.get(hostId);
    away?.stop();
    this.#away.delete(hostId);
    if (away?.isTold === true) this.#tellHost(hostId, { event: 'back', text: 'Its host is back' });
  }

  #tellHost(hostId: HostId, entry: { event: 'away' | 'back'; text: string; at?: string }): void {
    const { directory, timeline } = this.#deps;
    for (const { id } of directory.onHost(hostId))
      this.#enqueue(hostId, async () => {
        if ((await timeline.life(id))?.event === 'started') timeline.add(id, entry);
      });
  }

  // --- snapshots ----------------------------------------------------------------------------------------------------

  async #followSnapshots(): Promise<void> {
    const { directory, log, operations, timeline } = this.#deps;
    const open = new Set<string>();
    try {
      for await (const item of operations.watch(this.#closing.signal))
        for (const operation of item.type === 'all' ? item.items : item.upserted) {
          const { endedAt, id, kind, state, subject } = operation;
          if (kind !== 'snapshot.create') continue;
          if (endedAt === null) open.add(id);
          else if (open.delete(id) && directory.record(subject.id as WorkspaceId) !== undefined)
            timeline.add(subject.id as WorkspaceId, {
              event: 'snapshot',
              text:
                state === 'succeeded'
                  ? 'Snapshot taken'
                  : `No snapshot: ${operation.error?.message ?? state}`,
              by: this.#acts.byOf(id),
            });
        }
    } catch (cause) {
      if (!this.#closing.signal.aborted) log.error('snapshots are not in the timelines any more', { cause });
    }
  }
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
