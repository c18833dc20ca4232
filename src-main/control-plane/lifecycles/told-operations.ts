/**
 * Which operation of a person's began or ended a run, as far as times tell. Guarantees that one operation explains one start or
 * end: a crash right after a person's start is not that person's.
 */
import type { OperationId, WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { OperationRunner } from '../operations/operation-runner.ts';

export interface ToldOperationsDeps {
  readonly operations: Pick<OperationRunner, 'all' | 'ownerOf'>;
  /** Null: nobody that Berth knows. */
  readonly nameOf: (userId: string) => string | null;
}

export class ToldOperations {
  readonly #deps: ToldOperationsDeps;
  readonly #told = new Map<WorkspaceId, ReadonlySet<OperationId>>();

  constructor(deps: ToldOperationsDeps) {
    this.#deps = deps;
  }

  /** The last of these kinds that goes on, or ended well since then (milliseconds since 1970), and was not told with anything. */
  find(id: WorkspaceId, kinds: readonly string[], sinceMs: number): Operation | undefined {
    const told = this.#told.get(id);
    const fits = (one: Operation) =>
      one.subject.id === id &&
      kinds.includes(one.kind) &&
      told?.has(one.id) !== true &&
      (one.endedAt === null || (one.state === 'succeeded' && Date.parse(one.endedAt) >= sinceMs));
    const own = this.#deps.operations.all().filter(fits);
    return own.toSorted((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt)).at(-1);
  }

  /** The same; what is told with it now is told with nothing else. */
  tell(id: WorkspaceId, kinds: readonly string[], sinceMs: number): Operation | undefined {
    const operation = this.find(id, kinds, sinceMs);
    if (operation === undefined) return undefined;
    const remembered = new Set(this.#deps.operations.all().map((one) => one.id));
    const told = [...(this.#told.get(id) ?? [])].filter((one) => remembered.has(one));
    this.#told.set(id, new Set([...told, operation.id]));
    return operation;
  }

  /** Who began it; null: nobody that Berth knows by name. */
  byOf(id: OperationId): string | null {
    const userId = this.#deps.operations.ownerOf(id);
    return userId === undefined ? null : this.#deps.nameOf(userId);
  }

  forget(id: WorkspaceId): void {
    this.#told.delete(id);
  }
}
