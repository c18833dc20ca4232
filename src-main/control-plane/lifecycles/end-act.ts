/**
 * Ends a workspace by itself, in the name of its owner: stops it, or destroys it, which keeps its volume and takes a snapshot
 * first. Guarantees that nothing is destroyed without a snapshot that was read back and found good, and nothing that a
 * person came back to meanwhile.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { OperationId, SnapshotId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { Clock } from '../interfaces/clock.ts';

export interface EndActDeps {
  readonly stop: (id: WorkspaceId, userId: UserId) => Promise<Operation>;
  readonly snapshot: (
    id: WorkspaceId,
    userId: UserId,
    why: string,
  ) => Promise<{ snapshotId: SnapshotId; operation: Operation }>;
  /** The snapshot is there, and was not found damaged since. */
  readonly isGood: (id: SnapshotId) => boolean;
  readonly destroy: (id: WorkspaceId, userId: UserId) => Promise<Operation>;
  readonly ended: (id: OperationId) => Promise<Operation>;
  readonly clock: Clock;
}

/** Milliseconds for which a snapshot that was taken for an end that failed is good for the next attempt. */
const SNAPSHOT_MS = 60 * 60_000;

export class EndAct {
  readonly #deps: EndActDeps;
  readonly #taken = new Map<WorkspaceId, { readonly id: SnapshotId; readonly atMs: number }>();

  constructor(deps: EndActDeps) {
    this.#deps = deps;
  }

  async stop(id: WorkspaceId, userId: UserId): Promise<void> {
    await this.#succeeded(await this.#deps.stop(id, userId));
  }

  /** `why` is noted with the snapshot: it is what stays. False: it is not to end any more, and nothing was destroyed. */
  async destroy(
    id: WorkspaceId,
    userId: UserId,
    { isStillSo, why }: { readonly why: string; readonly isStillSo: () => boolean },
  ): Promise<boolean> {
    const { clock, destroy, isGood } = this.#deps;
    let taken = this.#taken.get(id);
    if (taken === undefined || clock.monotonicMs() - taken.atMs > SNAPSHOT_MS || !isGood(taken.id)) {
      const { operation, snapshotId } = await this.#deps.snapshot(id, userId, why);
      await this.#succeeded(operation);
      if (!isGood(snapshotId))
        throw new BerthError('snapshot.corrupt', 'The snapshot before the end could not be read back.');
      taken = { id: snapshotId, atMs: clock.monotonicMs() };
      this.#taken.set(id, taken);
    }
    if (!isStillSo()) {
      // What somebody does there now is not in it.
      this.#taken.delete(id);
      return false;
    }
    await this.#succeeded(await destroy(id, userId));
    this.#taken.delete(id);
    return true;
  }

  forget(id: WorkspaceId): void {
    this.#taken.delete(id);
  }

  async #succeeded({ id }: Operation): Promise<void> {
    const { error, state } = await this.#deps.ended(id);
    if (state === 'succeeded') return;
    throw error === null
      ? new BerthError('operation.interrupted', 'It was interrupted.')
      : BerthError.fromShape(error);
  }
}
