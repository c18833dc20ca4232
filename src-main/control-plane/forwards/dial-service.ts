/**
 * TCP connections to ports inside workspaces. One relay for each run of a workspace, made when it is first needed and ended
 * when nothing has gone through it for a while, or when the workspace stops. Guarantees that a connection which is opened
 * after a restart of the workspace reaches its new network.
 */
import { BerthError } from '#contract/berth-error.ts';
import { encodeByteFrame } from '#contract/framed-bytes.ts';
import type { WorkspaceId } from '#contract/ids.ts';
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
import { PortRelay, type RelayedConnection } from './port-relay.ts';

/** At once through one relay, each with two windows of 256 KiB. */
const maxConnections = 512;
/** A page that was loaded is loaded again: a new relay takes half a second. Milliseconds. */
const idleMs = 60_000;
const relayMemoryBytes = 256 * 1024 * 1024;

export interface DialServiceDeps extends RunningWorkspaceDeps {
  /** Told of each change of a workspace. */
  readonly onChange: (listener: (workspace: Workspace) => void) => () => void;
  readonly clock: Clock;
  readonly random: Pick<Random, 'bytes'>;
}

interface Kept {
  readonly containerId: string;
  /** Which run of the container's it belongs to: after a restart the container has another network. */
  readonly startedAt: string | null;
  readonly relay: Promise<PortRelay>;
  stopIdle: (() => void) | undefined;
}

export class DialService {
  readonly #deps: DialServiceDeps;
  readonly #kept = new Map<WorkspaceId, Promise<Kept>>();
  readonly #stopListening: () => void;
  readonly #closing = new AbortController();

  constructor(deps: DialServiceDeps) {
    this.#deps = deps;
    this.#stopListening = deps.onChange(({ id, state }) => {
      if (state !== 'running' && state !== 'paused') this.#drop(id);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(new BerthError('cancelled', 'Berth is ending.'));
    this.#stopListening();
    const ended = [...this.#kept.values()].map(endOf);
    this.#kept.clear();
    await Promise.all(ended);
  }

  /** Until both directions have ended, or `signal` aborts. */
  async dial(
    { id, port }: { readonly id: WorkspaceId; readonly port: number },
    channel: ByteChannel,
    { caller, signal }: { readonly caller: Caller; readonly signal: AbortSignal },
  ): Promise<void> {
    const workspace = requireRunning(this.#deps, id, caller);
    const connection = await this.#connect(workspace, port);
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

  async #connect(workspace: RunningWorkspace, port: number): Promise<RelayedConnection> {
    const { record, engine, containerId } = workspace;
    const kept = await this.#keptOf(workspace);
    const relay = await kept.relay;
    if (relay.connectionCount >= maxConnections)
      throw new BerthError(
        'too-many',
        `${maxConnections} connections into “${record.name}” are open, and that is the limit.`,
      );
    kept.stopIdle?.();
    kept.stopIdle = undefined;
    try {
      return await relay.open(port);
    } catch (error) {
      if (relay.connectionCount === 0) this.#idle(record.id, kept);
      if (!BerthError.is(error, 'workspace.port-refused', 'connection-lost')) throw error;
      // It may stand in the network of an earlier run, which nobody was told of yet.
      const startedAt = (await engine.inspectContainer(containerId))?.startedAt ?? null;
      if (!relay.isOver && startedAt === kept.startedAt) throw refused(record.name, port);
      this.#drop(record.id, kept);
      const again = await (await this.#keptOf(workspace)).relay;
      return await again.open(port).catch((second: unknown) => {
        throw BerthError.is(second, 'workspace.port-refused') ? refused(record.name, port) : second;
      });
    }
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
    const kept: Kept = { containerId, startedAt, relay, stopIdle: undefined };
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

function refused(name: string, port: number): BerthError {
  return new BerthError(
    'workspace.port-refused',
    `Nothing in “${name}” listens on port ${port}. Start the server there first, and look at which port it says.`,
    { details: { port } },
  );
}
