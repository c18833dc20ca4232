/**
 * What the workspaces of watched machines do, as averages between two looks. Streams are opened where somebody asks, and
 * closed where nobody does any more; one that broke off is opened again at the next look.
 */
import type { WorkspaceId } from '#contract/ids.ts';
import type { WorkspaceStats } from '#contract/workspaces.ts';

type Reading = Pick<WorkspaceStats, 'cpus' | 'networkInBytesPerSecond' | 'networkOutBytesPerSecond'>;

export interface LoadMeterDeps {
  /** About one a second while it runs; throws where it does not. */
  readonly stats: (id: WorkspaceId, signal: AbortSignal) => AsyncIterable<Reading>;
}

export interface Load {
  readonly cpus: number | null;
  readonly networkBytesPerSecond: number | null;
}

interface Stream {
  readonly abort: AbortController;
  count: number;
  cpus: number;
  bytesPerSecond: number;
}

export class LoadMeter {
  readonly #deps: LoadMeterDeps;
  readonly #streams = new Map<WorkspaceId, Stream>();

  constructor(deps: LoadMeterDeps) {
    this.#deps = deps;
  }

  /** Since this was asked last, or since it is watched; nulls: nothing yet. */
  take(id: WorkspaceId): Load {
    const stream = this.#streams.get(id) ?? this.#open(id);
    const { bytesPerSecond, count, cpus } = stream;
    stream.count = 0;
    stream.cpus = 0;
    stream.bytesPerSecond = 0;
    if (count === 0) return { cpus: null, networkBytesPerSecond: null };
    return { cpus: cpus / count, networkBytesPerSecond: bytesPerSecond / count };
  }

  /** Only these are asked about from now on. */
  keepOnly(ids: ReadonlySet<WorkspaceId>): void {
    for (const id of [...this.#streams.keys()]) if (!ids.has(id)) this.#close(id);
  }

  close(): void {
    this.keepOnly(new Set());
  }

  #open(id: WorkspaceId): Stream {
    const stream: Stream = { abort: new AbortController(), count: 0, cpus: 0, bytesPerSecond: 0 };
    this.#streams.set(id, stream);
    void this.#read(id, stream);
    return stream;
  }

  async #read(id: WorkspaceId, stream: Stream): Promise<void> {
    try {
      for await (const reading of this.#deps.stats(id, stream.abort.signal)) {
        stream.count += 1;
        stream.cpus += reading.cpus;
        stream.bytesPerSecond += reading.networkInBytesPerSecond + reading.networkOutBytesPerSecond;
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
