/**
 * Destroys the container of any workspace, whoever's it is, for an operator who holds the key of this installation and has
 * no account. The one way around ownership: it takes a name and gives away nothing but how the destruction went. Files stay.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { UserId, WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import { nameKey, type WorkspaceRecord } from './workspace.ts';
import { remoteName, renamedContainer } from './workspace-spec.ts';

export interface OperatorRemovalDeps {
  readonly records: () => readonly WorkspaceRecord[];
  readonly ownerOf: (record: WorkspaceRecord) => UserId;
  readonly destroy: (id: WorkspaceId, keepVolume: boolean, userId: UserId) => Promise<Operation>;
  readonly ended: (id: Operation['id']) => Promise<Operation>;
}

export interface OperatorDoor {
  /**
   * By the name of a workspace, its id, or the name of its container. `signal` ends the waiting, not the work.
   * Throws not-found, conflict (several are called so), and what `workspaces.destroy` does.
   */
  destroyContainer(name: string, signal: AbortSignal): Promise<Operation>;
}

export function createOperatorDoor(deps: OperatorRemovalDeps): OperatorDoor {
  return {
    async destroyContainer(name, signal) {
      const record = pick(name, deps.records());
      const operation = await deps.destroy(record.id, true, deps.ownerOf(record));
      const gaveUp = new Promise<Operation>((resolve) => {
        if (signal.aborted) resolve(operation);
        signal.addEventListener('abort', () => resolve(operation), { once: true });
      });
      return Promise.race([deps.ended(operation.id), gaveUp]);
    },
  };
}

/** The container's own name is one of a kind; a workspace's name may be used on several hosts. */
function pick(name: string, records: readonly WorkspaceRecord[]): WorkspaceRecord {
  const exact = records.find((one) => isContainerOf(name, one));
  if (exact !== undefined) return exact;
  const [only, ...others] = records.filter((one) => nameKey(one.name) === nameKey(name));
  if (only === undefined) throw new BerthError('not-found', 'There is no such container.');
  if (others.length === 0) return only;
  const names = [only, ...others].map(({ id }) => remoteName(id));
  throw new BerthError(
    'conflict',
    `Several workspaces are called so. Name the container: ${names.slice(0, 5).join(', ')}.`,
    { details: { containers: names.slice(0, 50) } },
  );
}

/** Whether a word names this workspace's container: as it was made, as it was renamed, or the workspace's id. */
export function isContainerOf(word: string, { id, name }: Pick<WorkspaceRecord, 'id' | 'name'>): boolean {
  return word === id || word === remoteName(id) || word === renamedContainer(id, name);
}
