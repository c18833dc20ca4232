/**
 * The short way to a port of a workspace: a TCP connection from its host to the container's own address on its bridge, which
 * is as fast as `ssh -L`, where the relay's way leads through the engine. Only for what listens on the workspace's network;
 * what listens on its loopback alone has the relay. Guarantees: an address is dialled only on a host whose kernel has the
 * workspace's own bridge, so never a stranger's that happens to have the same; what does not work once is not waited for again.
 */
import type { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { Clock } from '../interfaces/clock.ts';
import { label } from '../workspaces/labels.ts';
import type { RunningWorkspace } from '../workspaces/running-workspace.ts';
import { EndWitness, type HalfEnded } from './end-witness.ts';
import type { RelayedConnection } from './port-relay.ts';

/** Milliseconds for which a port that refused is not tried again on this way: its server may be started anew. */
const refusedMs = 30_000;

interface Way {
  readonly containerId: string;
  /** Null: there is no such way to this run. */
  readonly address: Promise<string | null>;
  witness: EndWitness | undefined;
  readonly refusedUntilMs: Map<number, number>;
  isClosed: boolean;
}

export class DirectWays {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'after'>;
  readonly #ways = new Map<WorkspaceId, Way>();

  constructor(clock: Pick<Clock, 'monotonicMs' | 'after'>) {
    this.#clock = clock;
  }

  /** It stopped, or its host went: its next run has another address. */
  drop(id: WorkspaceId): void {
    this.#ways.delete(id);
  }

  /** Undefined: not this way. Throws connection-lost, cancelled. */
  async open(
    workspace: RunningWorkspace,
    port: number,
    signal?: AbortSignal,
  ): Promise<RelayedConnection | undefined> {
    const way = this.#wayOf(workspace);
    if (way.isClosed || (way.refusedUntilMs.get(port) ?? 0) > this.#clock.monotonicMs()) return undefined;
    const address = await way.address.catch(() => null);
    if (address === null) return undefined;
    const { connection } = workspace.link;
    // What this computer's own kernel hands over says itself how it ended.
    if (connection.kind !== 'local') way.witness ??= new EndWitness(connection, address, this.#clock);
    const { witness } = way;
    try {
      const stream = await connection.dial(address, port, signal);
      return connectionOver(stream, witness && ((half) => witness.wasReset(port, half)));
    } catch (error) {
      if (BerthError.is(error, 'workspace.port-refused'))
        way.refusedUntilMs.set(port, this.#clock.monotonicMs() + refusedMs);
      else if (BerthError.is(error, 'connection-lost', 'cancelled')) throw error;
      else way.isClosed = true;
      return undefined;
    }
  }

  #wayOf(workspace: RunningWorkspace): Way {
    const { containerId, record } = workspace;
    const known = this.#ways.get(record.id);
    if (known?.containerId === containerId) return known;
    const address = addressOf(workspace);
    const way: Way = { containerId, address, witness: undefined, refusedUntilMs: new Map(), isClosed: false };
    this.#ways.set(record.id, way);
    address.catch(() => this.#ways.get(record.id) === way && this.#ways.delete(record.id));
    return way;
  }
}

async function addressOf({ record, link, engine, containerId }: RunningWorkspace): Promise<string | null> {
  if (link.engineInfo?.isRootless !== false) return null;
  const [network] = await engine.listNetworks({ [label.workspace]: record.id });
  if (network?.bridge == null) return null;
  // An engine in a machine of its own, or in a namespace, has its bridges there.
  const { exitCode } = await link.connection.exec(['test', '-d', `/sys/class/net/${network.bridge}/bridge`]);
  if (exitCode !== 0) return null;
  return (await engine.inspectContainer(containerId))?.ipAddress ?? null;
}

/** A stream with half-close as what the relay gives. `wasReset`: asked about an end that may be none; never rejects. */
export function connectionOver(
  stream: Duplex,
  wasReset?: (half: HalfEnded) => Promise<boolean>,
): RelayedConnection {
  const closing = Promise.withResolvers<void>();
  closing.promise.catch(() => undefined);
  let failure: unknown;
  let isDropped = false;
  let hasEnded = false;
  let onEnd: () => void = () => {};
  const isOver = () => stream.destroyed || stream.writableEnded;
  stream.on('error', (error) => {
    failure = error;
  });
  const end = () => {
    hasEnded = true;
    onEnd();
  };
  stream.once('end', () => {
    if (wasReset === undefined || isOver()) {
      end();
      return;
    }
    void wasReset({ isOver }).then((isReset) => {
      if (isReset && !isOver()) stream.destroy(new Error('the server reset it'));
      else end();
    });
  });
  stream.once('close', () => {
    // Nothing closes before both sides have ended, but what cannot be written to any more.
    if (failure === undefined && !isDropped && !stream.writableFinished) failure = new Error('it was cut');
    if (failure === undefined) closing.resolve();
    else closing.reject(BerthError.is(failure) ? failure : lost(failure));
  });
  return {
    async send(bytes) {
      if (stream.destroyed || stream.writableEnded || stream.write(bytes)) return;
      await new Promise<void>((resolve) => {
        const settle = () => {
          stream.off('drain', settle).off('close', settle);
          resolve();
        };
        stream.on('drain', settle).on('close', settle);
      });
    },
    end: () => {
      if (!stream.writableEnded && !stream.destroyed) stream.end();
    },
    reset: () => {
      isDropped = true;
      stream.destroy();
    },
    onData: (listener) => {
      stream.on('data', (bytes: Uint8Array) => {
        stream.pause();
        void listener(bytes).then(
          () => stream.resume(),
          () => {
            isDropped = true;
            stream.destroy();
          },
        );
      });
    },
    onEnd: (listener) => {
      onEnd = listener;
      if (hasEnded) listener();
    },
    closed: closing.promise,
  };
}

function lost(cause: unknown): BerthError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new BerthError('connection-lost', `The connection into the workspace broke off: ${why}`, { cause });
}
