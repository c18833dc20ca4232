/** Places as steps of operations have them: counted as transfers, and known to the runner, which waits for a host that is away. */
import type { PlaceId } from '#contract/files.ts';
import type { HostId } from '#contract/ids.ts';
import type { FileAccess } from '../interfaces/file-access.ts';
import type { StepContext } from '../operations/operation-definition.ts';
import type { FilePlaces } from './file-places.ts';
import type { Transfers } from './transfers.ts';

export interface OperationPlacesDeps {
  readonly places: FilePlaces;
  readonly transfers: Transfers;
  /** Throws not-found. */
  readonly hostOf: (id: PlaceId) => HostId;
}

export class OperationPlaces {
  readonly #deps: OperationPlacesDeps;

  constructor(deps: OperationPlacesDeps) {
    this.#deps = deps;
  }

  hostOf(id: PlaceId): HostId {
    return this.#deps.hostOf(id);
  }

  async use<T>(
    context: StepContext<unknown>,
    id: PlaceId,
    work: (access: FileAccess) => Promise<T>,
  ): Promise<T> {
    context.link(this.hostOf(id));
    const end = this.#deps.transfers.begin(id);
    try {
      return await this.#deps.places.use(id, work);
    } finally {
      end();
    }
  }

  /** One and the same access where both are one place. */
  async useBoth<T>(
    context: StepContext<unknown>,
    fromId: PlaceId,
    toId: PlaceId,
    work: (from: FileAccess, to: FileAccess) => Promise<T>,
  ): Promise<T> {
    return await this.use(context, fromId, (from) =>
      fromId === toId ? work(from, from) : this.use(context, toId, (to) => work(from, to)),
    );
  }
}
