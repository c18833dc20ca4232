/** Tells whoever keeps something by workspace when one is moved, when its move is taken back, and when it is no more. */
import type { WorkspaceId } from '#contract/ids.ts';
import type { Log } from '../interfaces/log.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';

export interface FollowsWorkspaces {
  /** What was the one's is the other's from now on. */
  bring(from: WorkspaceId, to: WorkspaceId): Promise<void>;
  removeAll(id: WorkspaceId): Promise<void>;
}

export interface WorkspaceFollowerDeps {
  readonly workspaces: Pick<WorkspaceDirectory, 'record' | 'records' | 'onChange' | 'onRemove'>;
  readonly followers: readonly FollowsWorkspaces[];
  readonly log: Log;
}

export class WorkspaceFollower {
  readonly #deps: WorkspaceFollowerDeps;
  readonly #working = new Set<Promise<void>>();
  readonly #stopListening: () => void;

  constructor(deps: WorkspaceFollowerDeps) {
    this.#deps = deps;
    const { workspaces } = deps;
    this.#stopListening = workspaces.onChange(({ id, move }) => {
      if (move?.role === 'source') this.#begin((follower) => follower.bring(id, move.otherId));
    });
    workspaces.onRemove(({ id, move }) => {
      const source = move?.role === 'copy' ? workspaces.record(move.otherId) : undefined;
      this.#begin((follower) =>
        source === undefined ? follower.removeAll(id) : follower.bring(id, source.id),
      );
    });
  }

  /** Once the records are read: whatever happened while nobody followed. */
  async catchUp(): Promise<void> {
    for (const { id, move } of this.#deps.workspaces.records())
      if (move?.role === 'source')
        for (const follower of this.#deps.followers) await follower.bring(id, move.otherId);
  }

  async close(): Promise<void> {
    this.#stopListening();
    await Promise.all(this.#working);
  }

  #begin(work: (follower: FollowsWorkspaces) => Promise<void>): void {
    for (const follower of this.#deps.followers) {
      const working: Promise<void> = work(follower)
        .catch((cause: unknown) => this.#deps.log.error('forwards did not follow their workspace', { cause }))
        .finally(() => this.#working.delete(working));
      this.#working.add(working);
    }
  }
}
