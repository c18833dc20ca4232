/** Forwards that listen on this computer: each by itself. What cannot listen now is tried again from time to time. */
import { BerthError } from '#contract/berth-error.ts';
import type { ForwardId } from '#contract/ids.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import type { ForwardRecord } from './forward.ts';
import type { ForwardDirectory } from './forward-directory.ts';
import { LocalForward, type LocalForwardDeps } from './local-forward.ts';

/** Whoever has the port ends some time; a bind(2) costs nothing. Milliseconds. */
const retryMs = 10_000;

export interface LocalForwardsDeps extends LocalForwardDeps {
  readonly directory: ForwardDirectory;
  readonly workspaces: Pick<WorkspaceDirectory, 'record'>;
}

interface Live {
  readonly forward: LocalForward;
  stopRetry: () => void;
}

export class LocalForwards {
  readonly #deps: LocalForwardsDeps;
  readonly #live = new Map<ForwardId, Live>();

  constructor(deps: LocalForwardsDeps) {
    this.#deps = deps;
  }

  /**
   * Listens on the first of these ports that is free; null is any. Where it listened before, it does so until it listens
   * anew, unless it is to be on the same port. Throws forward.port-taken, and then nothing has changed.
   */
  async claim({ id }: Pick<ForwardRecord, 'id'>, ports: readonly (number | null)[]): Promise<number> {
    const live = this.#newLive(id);
    for (const [index, port] of ports.entries())
      try {
        const bound = await live.forward.listen(port);
        const before = this.#live.get(id);
        this.#live.set(id, live);
        await end(before);
        return bound;
      } catch (error) {
        if (index === ports.length - 1 || !BerthError.is(error, 'forward.port-taken')) throw error;
      }
    throw new BerthError('internal', 'A forward was to listen on no port.');
  }

  /** Listens anew where the record says. Throws forward.port-taken: then it is the forward's problem, and is tried again. */
  async start(record: ForwardRecord): Promise<void> {
    await this.stop(record.id);
    const live = this.#newLive(record.id);
    this.#live.set(record.id, live);
    await this.#listen(record, live);
  }

  async stop(id: ForwardId): Promise<void> {
    const live = this.#live.get(id);
    this.#live.delete(id);
    await end(live);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#live.keys()].map((id) => this.stop(id)));
  }

  async #listen({ id, localPort }: ForwardRecord, live: Live): Promise<void> {
    const { directory, clock } = this.#deps;
    try {
      const bound = await live.forward.listen(localPort);
      if (this.#live.get(id) !== live) return;
      directory.setProblem(id, null);
      if (bound !== localPort) await directory.change(id, { localPort: bound });
    } catch (error) {
      if (!BerthError.is(error) || this.#live.get(id) !== live) throw error;
      directory.setProblem(id, error.toShape());
      live.stopRetry = clock.after(retryMs, () => {
        const record = directory.find(id);
        // Its failure is shown where it belongs.
        if (record !== undefined && this.#live.get(id) === live)
          this.#listen(record, live).catch(() => undefined);
      });
      throw error;
    }
  }

  #newLive(id: ForwardId): Live {
    const { directory, workspaces } = this.#deps;
    const forward = new LocalForward(this.#deps, () => {
      const record = directory.find(id);
      const workspace = record && workspaces.record(record.workspaceId);
      if (record === undefined || workspace === undefined) return undefined;
      const { workspaceId, port } = record;
      return { workspaceId, workspaceName: workspace.name, port, meter: directory.trafficOf(id) };
    });
    return { forward, stopRetry: () => {} };
  }
}

async function end(live: Live | undefined): Promise<void> {
  live?.stopRetry();
  await live?.forward.close();
}
