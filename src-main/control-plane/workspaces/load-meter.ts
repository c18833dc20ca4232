/**
 * What watched workspaces do, as averages between two looks. Streams are opened where somebody asks, and
 * closed where nobody does any more; one that broke off is opened again at the next look.
 */
import type { WorkspaceId } from '#contract/ids.ts';
import type { WorkspaceStats } from '#contract/workspaces.ts';

type Reading = Pick<
  WorkspaceStats,
  | 'cpus'
  | 'networkInBytesPerSecond'
  | 'networkOutBytesPerSecond'
  | 'diskReadBytesPerSecond'
  | 'diskWriteBytesPerSecond'
>;

export interface LoadMeterDeps {
  /** About one a second while it runs; throws where it does not. */
  readonly stats: (id: WorkspaceId, signal: AbortSignal) => AsyncIterable<Reading>;
}

export interface Load {
  /** 1 = one processor wholly used. */
  readonly cpus: number;
  /** In and out together. */
  readonly networkBytesPerSecond: number;
  /** Read and written together. */
  readonly diskBytesPerSecond: number;
}

interface Stream {
  readonly abort: AbortController;
  count: number;
  /** Of the readings, each. */
  sum: Load;
}

const nothing: Load = { cpus: 0, networkBytesPerSecond: 0, diskBytesPerSecond: 0 };

export class LoadMeter {
  readonly #deps: LoadMeterDeps;
  readonly #streams = new Map<WorkspaceId, Stream>();

  constructor(deps: LoadMeterDeps) {
    this.#deps = deps;
  }

  /** Since this was asked last, or since it is watched; null: nothing yet. */
  take(id: WorkspaceId): Load | null {
    const stream = this.#streams.get(id) ?? this.#open(id);
    const { count, sum } = stream;
    stream.count = 0;
    stream.sum = nothing;
    if (count === 0) return null;
    return {
      cpus: sum.cpus / count,
      networkBytesPerSecond: sum.networkBytesPerSecond / count,
      diskBytesPerSecond: sum.diskBytesPerSecond / count,
    };
  }

  /** Only these are asked about from now on. */
  keepOnly(ids: ReadonlySet<WorkspaceId>): void {
    for (const id of [...this.#streams.keys()]) if (!ids.has(id)) this.#close(id);
  }

  close(): void {
    this.keepOnly(new Set());
  }

  #open(id: WorkspaceId): Stream {
    const stream: Stream = { abort: new AbortController(), count: 0, sum: nothing };
    this.#streams.set(id, stream);
    void this.#read(id, stream);
    return stream;
  }

  async #read(id: WorkspaceId, stream: Stream): Promise<void> {
    try {
      for await (const reading of this.#deps.stats(id, stream.abort.signal)) {
        const { sum } = stream;
        stream.count += 1;
        stream.sum = {
          cpus: sum.cpus + reading.cpus,
          networkBytesPerSecond:
            sum.networkBytesPerSecond + reading.networkInBytesPerSecond + reading.networkOutBytesPerSecond,
          diskBytesPerSecond:
            sum.diskBytesPerSecond + reading.diskReadBytesPerSecond + reading.diskWriteBytesPerSecond,
        };
      }
    } catch {
      // It stopped, or its host is away: nothing is measured then, and what is not measured is not taken for idle.
    } finally {
      if (this.#streams.get(id) === stream) this.#streams.delete(id);
    }
  }

  #close(id: WorkspaceId): void {
    this.#streams.get(id)?.abort.abort();
    this.#streams.delete(id);
  }
}
