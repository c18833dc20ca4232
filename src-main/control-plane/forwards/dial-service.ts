/**
 * TCP connections to ports inside workspaces, and from them to listeners of Berth's there. One relay for each run of a workspace, made when it is first needed and ended
 * when nothing has gone through it for a while, or when the workspace stops. Guarantees that a connection which is opened
 * after a restart of the workspace reaches its new network, and that what is open when the way there is lost ends at once.
 */
import { BerthError } from '#contract/berth-error.ts';
import { encodeByteFrame } from '#contract/framed-bytes.ts';
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { Caller } from '../caller.ts';
import type { ByteChannel } from '../handler.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Random } from '../interfaces/random.ts';
import { receiveInOrder } from '../workspaces/in-order.ts';
import { label } from '../workspaces/labels.ts';
import {
  requireRunning,
  type RunningWorkspace,
  type RunningWorkspaceDeps,
} from '../workspaces/running-workspace.ts';
import { DirectWays } from './direct-ways.ts';
import { type ConnectionMeter, metered, type OpenConnection } from './metered-connection.ts';
import { PortRelay, type RelayedConnection, type RelayedListener, type RelayTarget } from './port-relay.ts';

/** At once through one relay, each with two windows of 256 KiB. */
const maxConnections = 512;
/** A page that was loaded is loaded again: a new relay takes half a second. Milliseconds. */
const idleMs = 60_000;
const relayMemoryBytes = 256 * 1024 * 1024;
/** A server on a host's own loopback answers in a few milliseconds: the way itself is asked about then. */
const suspectMs = 3_000;
/** Longer than the relay tries to connect (10 s), and than it takes to begin one on a busy host. */
const openMs = 30_000;
/** A relay that is asked what listens reads one file. */
const answerMs = 3_000;

export interface DialServiceDeps extends RunningWorkspaceDeps {
  /** Told of each change of a workspace. */
  readonly onChange: (listener: (workspace: Workspace) => void) => () => void;
  readonly clock: Clock;
  readonly random: Pick<Random, 'bytes'>;
}

interface Kept {
  readonly hostId: HostId;
  readonly containerId: string;
  /** Which run of the container's it belongs to: after a restart the container has another network. */
  readonly startedAt: string | null;
  readonly relay: Promise<PortRelay>;
  stopIdle: (() => void) | undefined;
}

export class DialService {
  readonly #deps: DialServiceDeps;
  readonly #kept = new Map<WorkspaceId, Promise<Kept>>();
  readonly #open = new Map<WorkspaceId, Set<OpenConnection>>();
  readonly #direct: DirectWays;
  readonly #stopListening: (() => void)[];
  readonly #closing = new AbortController();

  constructor(deps: DialServiceDeps) {
    this.#deps = deps;
    this.#direct = new DirectWays(deps.clock);
    this.#stopListening = [
      deps.onChange(({ id, state }) => {
        if (state === 'running' || state === 'paused') return;
        this.#drop(id);
        this.#direct.drop(id);
      }),
      deps.links.onLost((hostId) => {
        for (const [id, kept] of this.#kept)
          kept.then((one) => one.hostId === hostId && this.#drop(id, one)).catch(() => undefined);
      }),
    ];
  }

  async close(): Promise<void> {
    this.#closing.abort(new BerthError('cancelled', 'Berth is ending.'));
    for (const stop of this.#stopListening) stop();
    const ended = [...this.#kept.values()].map(endOf);
    this.#kept.clear();
    await Promise.all(ended);
  }

  /** Until both directions have ended, or `signal` aborts. */
  async dial(
    { id, ...target }: { readonly id: WorkspaceId } & Pick<RelayTarget, 'port' | 'skipsSilence'>,
    channel: ByteChannel,
    { caller, signal }: { readonly caller: Caller; readonly signal: AbortSignal },
  ): Promise<void> {
    const connection = await this.open(id, target, { caller, signal });
    const stop = () => connection.reset();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      const broken = receiveInOrder(channel, ['input', 'inputEnd'], (frame) =>
        frame.kind === 'input' ? connection.send(frame.bytes) : connection.end(),
      );
      let last = Promise.resolve();
      connection.onData((bytes) => {
        const sent = channel.send(encodeByteFrame({ kind: 'output', bytes }));
        last = sent.catch(() => undefined);
        return sent;
      });
      connection.onEnd(() => {
        channel.send(encodeByteFrame({ kind: 'outputEnd' })).catch(() => undefined);
      });
      await Promise.race([connection.closed, broken]);
      await last;
    } finally {
      signal.removeEventListener('abort', stop);
      connection.reset();
    }
  }

  /** What is open into a workspace, and out of it to Berth's listeners there. */
  connectionsInto(id: WorkspaceId): readonly OpenConnection[] {
    return [...(this.#open.get(id) ?? [])];
  }

  /**
   * Throws not-found, workspace.not-running, host.not-connected, connection-lost, timed-out, workspace.port-refused,
   * too-many, snapshot.tools-missing, engine.*, cancelled.
   */
  async open(
    id: WorkspaceId,
    target: RelayTarget,
    options: {
      readonly meter?: ConnectionMeter;
      readonly caller?: Caller;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<RelayedConnection> {
    const workspace = requireRunning(this.#deps, id, options.caller);
    options.signal?.throwIfAborted();
    const opening = this.#connect(workspace, target, options.signal);
    const connection = await this.#inTime(opening, workspace, options.signal).catch((error: unknown) => {
      // It comes when nobody waits for it any more.
      opening.then((late) => late.reset()).catch(() => undefined);
      throw error;
    });
    return this.#counted(id, target.port, connection, options.meter);
  }

  /**
   * Listens on a port of the workspace's own loopback until it is closed, or its relay ends. Throws forward.port-taken and
   * as `open`.
   */
  async listen(
    id: WorkspaceId,
    port: number,
    options: {
      readonly meter: ConnectionMeter;
      readonly onConnection: (connection: RelayedConnection) => void;
    },
  ): Promise<RelayedListener> {
    const workspace = requireRunning(this.#deps, id);
    const kept = await this.#keptOf(workspace);
    const relay = await this.#inTime(kept.relay, workspace);
    this.#use(kept);
    const listening = relay.listen(port, (connection) =>
      options.onConnection(this.#counted(id, port, connection, options.meter)),
    );
    return await this.#inTime(listening, workspace);
  }

  /** What listens in the workspace's network: lines as those of /proc/net/tcp. Throws as `open`. */
  async look(id: WorkspaceId): Promise<string> {
    const workspace = requireRunning(this.#deps, id);
    const kept = await this.#keptOf(workspace);
    const relay = await this.#inTime(kept.relay, workspace);
    this.#use(kept);
    return await this.#inTime(relay.look(), workspace);
  }

  /** Ends the workspace's relay, with all that goes through it, unless it answers. */
  async renew(id: WorkspaceId): Promise<void> {
    const found = this.#kept.get(id);
    if (found === undefined) return;
    const silent = Promise.withResolvers<never>();
    silent.promise.catch(() => undefined);
    const stop = this.#deps.clock.after(answerMs, () =>
      silent.reject(new BerthError('timed-out', 'It is silent.')),
    );
    try {
      await Promise.race([found.then(({ relay }) => relay).then((relay) => relay.look()), silent.promise]);
    } catch {
      if (this.#kept.get(id) === found) this.#kept.delete(id);
      void endOf(found);
    } finally {
      stop();
    }
  }

  #counted(
    id: WorkspaceId,
    port: number,
    connection: RelayedConnection,
    meter: ConnectionMeter | undefined,
  ): RelayedConnection {
    const open = this.#open.get(id) ?? new Set();
    this.#open.set(id, open);
    const { entry, counted } = metered(connection, port, meter);
    open.add(entry);
    const end = () => {
      open.delete(entry);
      if (open.size === 0 && this.#open.get(id) === open) this.#open.delete(id);
    };
    counted.closed.then(end, end);
    return counted;
  }

  /** Who waits longer than a network takes asks the host whether it is there, and is told in the end. */
  async #inTime<T>(work: Promise<T>, { record, link }: RunningWorkspace, signal?: AbortSignal): Promise<T> {
    const { clock, links } = this.#deps;
    const late = Promise.withResolvers<never>();
    const abort = () => late.reject(new BerthError('cancelled', 'It was cancelled.'));
    const lose = () =>
      late.reject(new BerthError('connection-lost', `The connection to “${link.hostName}” was lost.`));
    const stops = [
      clock.after(suspectMs, () => links.suspect(record.hostId)),
      clock.after(openMs, () =>
        late.reject(
          new BerthError('timed-out', `“${record.name}” did not answer within ${openMs / 1000} seconds.`),
        ),
      ),
    ];
    signal?.addEventListener('abort', abort, { once: true });
    link.signal.addEventListener('abort', lose, { once: true });
    if (link.signal.aborted) lose();
    work.catch(() => undefined);
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      for (const stop of stops) stop();
      signal?.removeEventListener('abort', abort);
      link.signal.removeEventListener('abort', lose);
    }
  }

  async #connect(
    workspace: RunningWorkspace,
    target: RelayTarget,
    signal: AbortSignal | undefined,
  ): Promise<RelayedConnection> {
    const { record, engine, containerId } = workspace;
    if (this.connectionsInto(record.id).length >= maxConnections)
      throw new BerthError(
        'too-many',
        `${maxConnections} connections into “${record.name}” are open, and that is the limit.`,
      );
    // The short way has nobody on the host who would leave anything out.
    const mayBeDirect = target.host === undefined && target.skipsSilence !== true;
    const direct = mayBeDirect ? await this.#direct.open(workspace, target.port, signal) : undefined;
    if (direct !== undefined) return direct;
    const kept = await this.#keptOf(workspace);
    const relay = await kept.relay;
    this.#use(kept);
    try {
      return await relay.open(target);
    } catch (error) {
      if (relay.isIdle) this.#idle(record.id, kept);
      if (!BerthError.is(error, 'workspace.port-refused', 'connection-lost')) throw error;
      // It may stand in the network of an earlier run, which nobody was told of yet.
      const startedAt = (await engine.inspectContainer(containerId))?.startedAt ?? null;
      if (!relay.isOver && startedAt === kept.startedAt) throw refused(record.name, target, error);
      this.#drop(record.id, kept);
      const again = await (await this.#keptOf(workspace)).relay;
      return await again.open(target).catch((second: unknown) => {
        throw BerthError.is(second, 'workspace.port-refused') ? refused(record.name, target, second) : second;
      });
    }
  }

  #use(kept: Kept): void {
    kept.stopIdle?.();
    kept.stopIdle = undefined;
  }

  async #keptOf(workspace: RunningWorkspace): Promise<Kept> {
    const { record, containerId } = workspace;
    this.#closing.signal.throwIfAborted();
    const before = await this.#kept.get(record.id)?.catch(() => undefined);
    const isOver =
      before === undefined ||
      (await before.relay.then(
        ({ isOver }) => isOver,
        () => true,
      ));
    if (before !== undefined && before.containerId === containerId && !isOver) return before;
    // Another that waited meanwhile may have begun one.
    const now = this.#kept.get(record.id);
    if (now !== undefined && (await now.catch(() => undefined)) !== before)
      return await this.#keptOf(workspace);
    const begun = this.#begin(workspace);
    this.#kept.set(record.id, begun);
    begun
      .then(({ relay }) => relay)
      .catch(() => {
        if (this.#kept.get(record.id) === begun) this.#kept.delete(record.id);
      });
    return await begun;
  }

  async #begin({ record, engine, containerId }: RunningWorkspace): Promise<Kept> {
    const startedAt = (await engine.inspectContainer(containerId))?.startedAt ?? null;
    const mark = Buffer.from(this.#deps.random.bytes(8)).toString('hex');
    const relay = engine
      .runHelper(
        {
          name: `berth-dial-${mark}`,
          labels: { [label.workspace]: record.id },
          program: 'dial',
          args: [],
          mounts: [],
          capabilities: [],
          network: { containerId },
          memoryBytes: relayMemoryBytes,
        },
        this.#closing.signal,
      )
      .then((process) => new PortRelay(process, () => this.#idle(record.id, kept)));
    relay.catch(() => undefined);
    const kept: Kept = { hostId: record.hostId, containerId, startedAt, relay, stopIdle: undefined };
    return kept;
  }

  #idle(id: WorkspaceId, kept: Kept): void {
    kept.stopIdle?.();
    kept.stopIdle = this.#deps.clock.after(idleMs, () => this.#drop(id, kept));
  }

  #drop(id: WorkspaceId, only?: Kept): void {
    const found = this.#kept.get(id);
    if (found === undefined) return;
    void found
      .then((kept) => {
        if (only !== undefined && kept !== only) return;
        if (this.#kept.get(id) === found) this.#kept.delete(id);
        return endOf(found);
      })
      .catch(() => undefined);
  }
}

async function endOf(kept: Promise<Kept>): Promise<void> {
  try {
    const { relay, stopIdle } = await kept;
    stopIdle?.();
    (await relay).close();
  } catch {
    // It never began.
  }
}

function refused(name: string, { host, port }: RelayTarget, error: BerthError): BerthError {
  const { details } = error;
  if (host !== undefined)
    return new BerthError('workspace.port-refused', `“${name}” does not reach ${host} on port ${port}.`, {
      details: { ...details, port },
    });
  return new BerthError(
    'workspace.port-refused',
    `Nothing in “${name}” listens on port ${port}. Start the server there first, and look at which port it says.`,
    { details: { ...details, port } },
  );
}
