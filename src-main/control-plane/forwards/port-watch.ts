/**
 * Which ports running workspaces listen on, seen from their hosts: one look per host for all of them, every few seconds
 * while somebody watches or a rule wants to know, and none else. Where a host does not show it, the relay in the workspace's
 * network does. Guarantees that only changes are told.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import type { ListeningPort, WorkspacePorts } from '#contract/forwards.ts';
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import type { PortProtocol } from '#contract/projects.ts';
import { Collection } from '../changes.ts';
import type { HostLink, HostLinks } from '../hosts/host-links.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { ContainerEngine } from '../interfaces/container-engine.ts';
import type { Log } from '../interfaces/log.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import { commonPorts } from './known-ports.ts';
import type { DialService } from './dial-service.ts';
import {
  type ListeningSocket,
  parseListening,
  parseListeningReport,
  parsePrograms,
} from './listening-sockets.ts';
import type { Ways } from './ways.ts';

/** A server that was started is offered while its person still looks at the terminal. Milliseconds. */
const lookEveryMs = 3_000;
/** After a look that failed. */
const againMs = 15_000;
const scriptMs = 10_000;
/** As the contract allows. */
const maxPorts = 512;

export interface PortWatchDeps {
  readonly links: HostLinks;
  readonly directory: Pick<
    WorkspaceDirectory,
    'record' | 'onHost' | 'runningContainer' | 'observed' | 'onRemove'
  >;
  readonly ways: Pick<Ways, 'isOpen' | 'onChange' | 'problemOf'>;
  readonly dials: Pick<DialService, 'look'>;
  /** Whether a rule wants to know, although nobody watches. */
  readonly isRuled: (id: WorkspaceId) => boolean;
  /** On which Berth itself listens in there. */
  readonly ownPorts: (id: WorkspaceId) => ReadonlySet<number>;
  readonly clock: Clock;
  readonly log: Log;
}

type Visible = (item: { readonly id: string }) => boolean;

interface HostWatch {
  isLooking: boolean;
  /** Something changed since the look that is under way began. */
  isAgain: boolean;
  stop: () => void;
}

/** What is known of one run of a container. */
interface Run {
  readonly key: string;
  readonly pid: number | null;
  readonly programs: Map<string, string | null>;
  readonly sinceAt: Map<number, string>;
  readonly answered: Map<number, PortProtocol>;
}

export class PortWatch {
  readonly collection = new Collection<WorkspacePorts>();
  readonly #deps: PortWatchDeps;
  readonly #hosts = new Map<HostId, HostWatch>();
  readonly #runs = new Map<WorkspaceId, Run>();
  readonly #visible = new Set<Visible>();
  readonly #listeners = new Set<(ports: WorkspacePorts) => void>();
  readonly #closing = new AbortController();
  #stopListening: () => void = () => {};

  constructor(deps: PortWatchDeps) {
    this.#deps = deps;
    deps.directory.onRemove(({ id }) => this.#forget(id));
  }

  start(): void {
    const { ways, directory, links } = this.#deps;
    const stopWays = ways.onChange((id) => {
      const record = directory.record(id);
      if (record === undefined) return;
      this.#settle(record);
      this.#look(record.hostId);
    });
    const stopReady = links.onReady(({ hostId }) => this.#look(hostId));
    this.#stopListening = () => {
      stopWays();
      stopReady();
    };
  }

  close(): void {
    this.#closing.abort();
    this.#stopListening();
    for (const { stop } of this.#hosts.values()) stop();
  }

  /** Looks while this is read. */
  async *watch(signal: AbortSignal, isVisible: Visible): AsyncGenerator<CollectionItem<WorkspacePorts>> {
    const visible: Visible = (item) => isVisible(item);
    this.#visible.add(visible);
    this.lookAtAll();
    try {
      yield* this.collection.watch(signal, isVisible);
    } finally {
      this.#visible.delete(visible);
    }
  }

  /** Called with what was seen of a workspace, each time it was looked at, changed or not. */
  onSeen(listener: (ports: WorkspacePorts) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Other eyes are to see them. */
  showAnew(): void {
    for (const item of this.collection.all()) this.collection.put(item);
  }

  /** At once, wherever somebody wants to know. */
  lookAtAll(): void {
    const { links } = this.#deps;
    links.onReady(({ hostId }) => this.#look(hostId))();
  }

  /** What a port answered when it was asked; forgotten when it ends. */
  answered(id: WorkspaceId, port: number, protocol: PortProtocol): void {
    const run = this.#runs.get(id);
    const before = this.collection.get(id);
    if (run === undefined || before === undefined || run.answered.get(port) === protocol) return;
    run.answered.set(port, protocol);
    this.#show({
      ...before,
      ports: before.ports.map((one) =>
        one.port === port && one.protocol === null ? { ...one, protocol } : one,
      ),
    });
  }

  /** One that does not run has none; of one whose host is away the last is shown. */
  #settle({ id }: WorkspaceRecord): void {
    const { directory, ways } = this.#deps;
    const before = this.collection.get(id);
    if (before === undefined || ways.isOpen(id)) return;
    const observed = directory.observed(id);
    if (observed === undefined || observed?.state === 'paused' || observed?.state === 'running')
      this.#show({ ...before, problem: ways.problemOf(id).toShape() });
    else this.#forget(id);
  }

  #forget(id: WorkspaceId): void {
    this.#runs.delete(id);
    this.collection.delete(id);
  }

  #isWanted(id: WorkspaceId): boolean {
    const { ways, isRuled } = this.#deps;
    if (!ways.isOpen(id)) return false;
    return isRuled(id) || [...this.#visible].some((isVisible) => isVisible({ id }));
  }

  #look(hostId: HostId): void {
    const watch = this.#hosts.get(hostId) ?? { isLooking: false, isAgain: false, stop: () => {} };
    this.#hosts.set(hostId, watch);
    if (watch.isLooking) {
      watch.isAgain = true;
      return;
    }
    watch.stop();
    if (this.#closing.signal.aborted) return;
    const wanted = this.#deps.directory.onHost(hostId).filter(({ id }) => this.#isWanted(id));
    const link = this.#deps.links.current(hostId);
    if (link?.engine === undefined || wanted.length === 0) return;
    watch.isLooking = true;
    watch.isAgain = false;
    this.#lookAt(link, link.engine, wanted)
      .catch((cause: unknown) => {
        this.#failed(wanted, cause);
        return againMs;
      })
      .then((waitMs) => {
        watch.isLooking = false;
        watch.stop = this.#deps.clock.after(watch.isAgain ? 0 : waitMs, () => this.#look(hostId));
      })
      .catch((cause: unknown) => this.#deps.log.error('ports are not looked at any more', { hostId, cause }));
  }

  /** Returns after how many milliseconds to look again. */
  async #lookAt(
    link: HostLink,
    engine: ContainerEngine,
    records: readonly WorkspaceRecord[],
  ): Promise<number> {
    const signal = AbortSignal.any([link.signal, this.#closing.signal]);
    const runs = new Map<WorkspaceId, { run: Run; containerId: string }>();
    for (const { id } of records) {
      const containerId = this.#deps.directory.runningContainer(id);
      const run = containerId === undefined ? undefined : await this.#runOf(id, containerId, engine, signal);
      if (run !== undefined && containerId !== undefined) runs.set(id, { run, containerId });
    }
    const seen = await this.#socketsOf([...runs.values()], link, signal);
    await this.#learnPrograms([...runs.values()], seen, link, signal);
    let waitMs = lookEveryMs;
    for (const [id, { run, containerId }] of runs) {
      if (this.#runs.get(id) !== run) continue;
      try {
        const sockets = seen.get(containerId) ?? parseListening(await this.#deps.dials.look(id));
        this.#saw(id, run, sockets);
      } catch (cause) {
        waitMs = againMs;
        this.#failed([{ id }], cause);
      }
    }
    return waitMs;
  }

  /** Undefined: it runs no more. */
  async #runOf(
    id: WorkspaceId,
    containerId: string,
    engine: ContainerEngine,
    signal: AbortSignal,
  ): Promise<Run | undefined> {
    const key = `${containerId} ${this.#deps.directory.observed(id)?.startedAt ?? ''}`;
    const before = this.#runs.get(id);
    if (before?.key === key) return before;
    const detail = await engine.inspectContainer(containerId, signal);
    if (detail?.state !== 'running') return undefined;
    const run: Run = {
      key,
      pid: detail.pid,
      programs: new Map(),
      sinceAt: new Map(),
      answered: new Map(),
    };
    this.#runs.set(id, run);
    return run;
  }

  async #socketsOf(
    runs: readonly { run: Run; containerId: string }[],
    { connection }: HostLink,
    signal: AbortSignal,
  ): Promise<Map<string, ListeningSocket[] | undefined>> {
    const args = runs.flatMap(({ run, containerId }) =>
      run.pid === null || run.pid <= 0 ? [] : [String(run.pid), containerId],
    );
    if (args.length === 0) return new Map();
    const options = { timeoutMs: scriptMs, signal };
    const { stdout } = await connection.runScript('listening-ports', ['ports', ...args], options);
    if (!/^end=yes$/m.test(stdout))
      throw new BerthError('engine.failed', 'The host did not tell which ports its workspaces listen on.');
    return parseListeningReport(stdout);
  }

  /** Only of sockets that are new: it reads the open files of all processes of a container. */
  async #learnPrograms(
    runs: readonly { run: Run; containerId: string }[],
    seen: ReadonlyMap<string, ListeningSocket[] | undefined>,
    { connection }: HostLink,
    signal: AbortSignal,
  ): Promise<void> {
    const fresh = runs.filter(({ run, containerId }) =>
      seen.get(containerId)?.some(({ inode }) => !run.programs.has(inode)),
    );
    if (fresh.length === 0) return;
    const args = ['programs', ...fresh.map(({ containerId }) => containerId)];
    const { stdout } = await connection.runScript('listening-ports', args, { timeoutMs: scriptMs, signal });
    const programs = parsePrograms(stdout);
    for (const { run, containerId } of fresh)
      for (const { inode } of seen.get(containerId) ?? [])
        run.programs.set(inode, programs.get(inode) ?? null);
  }

  #saw(id: WorkspaceId, run: Run, sockets: readonly ListeningSocket[]): void {
    const record = this.#deps.directory.record(id);
    if (record === undefined) return;
    const own = this.#deps.ownPorts(id);
    const numbers = [...new Set(sockets.map(({ port }) => port))]
      .filter((port) => !own.has(port))
      .sort((one, other) => one - other)
      .slice(0, maxPorts);
    for (const port of run.sinceAt.keys())
      if (!numbers.includes(port)) {
        run.sinceAt.delete(port);
        run.answered.delete(port);
      }
    const inodes = new Set(sockets.map(({ inode }) => inode));
    for (const inode of run.programs.keys()) if (!inodes.has(inode)) run.programs.delete(inode);
    const ports = numbers.map((port): ListeningPort => {
      const ofPort = sockets.filter((socket) => socket.port === port);
      const app = record.definition.apps?.find((one) => one.port === port);
      const sinceAt = run.sinceAt.get(port) ?? instantOf(this.#deps.clock);
      run.sinceAt.set(port, sinceAt);
      return {
        port,
        reach: ofPort.every(({ isLoopback }) => isLoopback) ? 'loopback' : 'network',
        program:
          ofPort.map(({ inode }) => run.programs.get(inode) ?? null).find((name) => name !== null) ?? null,
        protocol: app?.protocol ?? run.answered.get(port) ?? null,
        name: app?.name ?? commonPorts[port] ?? '',
        sinceAt,
      };
    });
    const item: WorkspacePorts = { id, ports, problem: null };
    this.#show(item);
    for (const listener of [...this.#listeners]) listener(item);
  }

  #failed(records: readonly { readonly id: WorkspaceId }[], cause: unknown): void {
    if (this.#closing.signal.aborted) return;
    const problem = BerthError.is(cause)
      ? cause
      : new BerthError('engine.failed', 'The host did not tell which ports its workspaces listen on.');
    this.#deps.log.info('ports could not be looked at', { cause });
    for (const { id } of records) {
      const record = this.#deps.directory.record(id);
      if (record !== undefined && this.#deps.ways.isOpen(id))
        this.#show({ id, ports: this.collection.get(id)?.ports ?? [], problem: problem.toShape() });
    }
  }

  #show(item: WorkspacePorts): void {
    const before = this.collection.get(item.id);
    if (before === undefined || JSON.stringify(before) !== JSON.stringify(item)) this.collection.put(item);
  }
}
