/**
 * Forwards of kind remote: a listener on a workspace's own loopback, and a connection on this computer's for each that
 * comes. Made again with each run of the workspace, and whenever its relay had to be.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { ForwardId } from '#contract/ids.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { LocalNetwork } from '../interfaces/local-network.ts';
import type { Log } from '../interfaces/log.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import type { DialService } from './dial-service.ts';
import { type ForwardRecord, portOf } from './forward.ts';
import type { ForwardDirectory } from './forward-directory.ts';
import { joinStreams } from './join-streams.ts';
import type { RelayedConnection, RelayedListener } from './port-relay.ts';
import { duplexOver } from './relayed-duplex.ts';
import type { Ways } from './ways.ts';

/** After a relay ended under it: the next one takes half a second. */
const againMs = 1_000;
/** Whoever has the port there ends some time. */
const retryMs = 15_000;

export interface RemoteForwardsDeps {
  readonly directory: ForwardDirectory;
  readonly workspaces: Pick<WorkspaceDirectory, 'record'>;
  readonly network: Pick<LocalNetwork, 'connect'>;
  readonly dials: Pick<DialService, 'listen'>;
  readonly ways: Pick<Ways, 'isOpen' | 'onChange'>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Live {
  listener: RelayedListener | undefined;
  isTrying: boolean;
  stopRetry: () => void;
}

export class RemoteForwards {
  readonly #deps: RemoteForwardsDeps;
  readonly #live = new Map<ForwardId, Live>();
  readonly #stopListening: () => void;

  constructor(deps: RemoteForwardsDeps) {
    this.#deps = deps;
    this.#stopListening = deps.ways.onChange((workspaceId) => {
      for (const { id } of deps.directory.ofWorkspace(workspaceId)) void this.#settle(id);
    });
  }

  /** Resolves when it listens, or cannot now; why not is the forward's problem. */
  async start({ id }: ForwardRecord): Promise<void> {
    this.stop(id);
    this.#live.set(id, { listener: undefined, isTrying: false, stopRetry: () => {} });
    await this.#settle(id);
  }

  stop(id: ForwardId): void {
    const live = this.#live.get(id);
    this.#live.delete(id);
    live?.stopRetry();
    live?.listener?.close();
    this.#deps.directory.setUp(id, false);
    this.#deps.directory.setProblem(id, null);
  }

  close(): void {
    this.#stopListening();
    for (const id of [...this.#live.keys()]) this.stop(id);
  }

  async #settle(id: ForwardId): Promise<void> {
    const { directory, ways, dials, log } = this.#deps;
    const live = this.#live.get(id);
    const record = directory.find(id);
    if (live === undefined || record === undefined || live.listener !== undefined || live.isTrying) return;
    live.stopRetry();
    if (!ways.isOpen(record.workspaceId)) return;
    live.isTrying = true;
    try {
      const listener = await dials.listen(record.workspaceId, portOf(record), {
        meter: directory.trafficOf(id),
        onConnection: (connection) => this.#take(id, connection),
      });
      if (this.#live.get(id) !== live) {
        listener.close();
        return;
      }
      live.listener = listener;
      directory.setProblem(id, null);
      directory.setUp(id, true);
      listener.closed.catch(() => {
        if (live.listener === listener) this.#lost(id, live);
      });
    } catch (cause) {
      if (this.#live.get(id) !== live) return;
      const isTaken = BerthError.is(cause, 'forward.port-taken');
      if (isTaken) directory.setProblem(id, this.#taken(record).toShape());
      else if (BerthError.is(cause, 'snapshot.tools-missing', 'timed-out'))
        directory.setProblem(id, cause.toShape());
      else log.info('a remote forward waits for its workspace', { forwardId: id, cause });
      this.#retry(id, live, retryMs);
    } finally {
      live.isTrying = false;
    }
  }

  #lost(id: ForwardId, live: Live): void {
    live.listener = undefined;
    this.#deps.directory.setUp(id, false);
    if (this.#live.get(id) === live) this.#retry(id, live, againMs);
  }

  #retry(id: ForwardId, live: Live, afterMs: number): void {
    live.stopRetry = this.#deps.clock.after(afterMs, () => void this.#settle(id));
  }

  #take(id: ForwardId, connection: RelayedConnection): void {
    const localPort = this.#deps.directory.find(id)?.localPort ?? null;
    if (localPort === null) {
      connection.reset();
      return;
    }
    const gone = new AbortController();
    const end = () => gone.abort();
    connection.closed.then(end, end);
    this.#deps.network.connect(localPort, gone.signal).then(
      (local) => joinStreams(local, duplexOver(connection)),
      () => connection.reset(),
    );
  }

  #taken(record: ForwardRecord): BerthError {
    const name = this.#deps.workspaces.record(record.workspaceId)?.name ?? '';
    const port = portOf(record);
    return new BerthError(
      'forward.port-taken',
      `In “${name}”, port ${port} is taken by another program, or needs more rights. End that program, or choose another port.`,
      { details: { port } },
    );
  }
}
