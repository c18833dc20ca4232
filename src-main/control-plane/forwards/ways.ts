/**
 * Whether a workspace can be reached now, and word of when that changes: its host is there, its engine too, and it runs.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import { requireRunning } from '../workspaces/running-workspace.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';

export interface WaysDeps {
  readonly links: HostLinks;
  readonly directory: Pick<
    WorkspaceDirectory,
    'record' | 'require' | 'runningContainer' | 'onHost' | 'onChange'
  >;
  readonly clock: Clock;
}

export class Ways {
  readonly #deps: WaysDeps;
  readonly #listeners = new Set<(id: WorkspaceId) => void>();
  readonly #stops: (() => void)[];

  constructor(deps: WaysDeps) {
    this.#deps = deps;
    const { directory, links } = deps;
    const tellHost = (hostId: HostId) => this.hostChanged(hostId);
    this.#stops = [
      directory.onChange(({ id }) => this.#tell(id)),
      links.onReady(({ hostId }) => tellHost(hostId)),
      links.onLost(tellHost),
    ];
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#listeners.clear();
  }

  /** Something else than its link decides anew whether a host may be worked on: its machine has come awake. Null: none. */
  hostChanged(hostId: HostId | null): void {
    if (hostId === null) return;
    for (const { id } of this.#deps.directory.onHost(hostId)) this.#tell(id);
  }

  /** Called with each workspace to which the way may have changed. */
  onChange(listener: (id: WorkspaceId) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  isOpen(id: WorkspaceId): boolean {
    return this.#problemOf(id) === undefined;
  }

  /** Why there is no way; where there is one now, that it was lost. */
  problemOf(id: WorkspaceId): BerthError {
    return (
      this.#problemOf(id) ?? new BerthError('connection-lost', 'The connection into the workspace was lost.')
    );
  }

  /** Resolves with whether it is open: at once when it is, and at the latest after `withinMs`, or when `signal` aborts. */
  async untilOpen(id: WorkspaceId, withinMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.isOpen(id) || signal.aborted) return this.isOpen(id);
    const waiting = Promise.withResolvers<void>();
    const stopListening = this.onChange((changed) => {
      if (changed === id && this.isOpen(id)) waiting.resolve();
    });
    const stopClock = this.#deps.clock.after(withinMs, () => waiting.resolve());
    const abort = () => waiting.resolve();
    signal.addEventListener('abort', abort, { once: true });
    await waiting.promise;
    stopListening();
    stopClock();
    signal.removeEventListener('abort', abort);
    return this.isOpen(id);
  }

  #problemOf(id: WorkspaceId): BerthError | undefined {
    const { links, directory } = this.#deps;
    try {
      requireRunning(
        {
          links,
          recordOf: (one) => directory.require(one),
          runningContainer: (one) => directory.runningContainer(one),
        },
        id,
      );
      return undefined;
    } catch (error) {
      if (BerthError.is(error)) return error;
      throw error;
    }
  }

  #tell(id: WorkspaceId): void {
    for (const listener of [...this.#listeners]) listener(id);
  }
}
