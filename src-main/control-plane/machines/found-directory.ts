/**
 * What was found at the providers: its records on disk and the view of it. The one place where these change; it decides
 * nothing and asks no provider. What a person said of a find stays said for as long as the find is there.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { FoundResource } from '#contract/clouds.ts';
import type { CloudId, FoundId } from '#contract/ids.ts';
import { Collection } from '../changes.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import { type Find, type FoundRecord, parseFoundRecord, toFound } from './found.ts';

export interface FoundDirectoryDeps {
  readonly store: RecordStore;
  readonly clock: Clock;
  readonly random: Pick<Random, 'id'>;
}

export class FoundDirectory {
  readonly collection = new Collection<FoundResource>();
  readonly #deps: FoundDirectoryDeps;
  readonly #store: RecordCollection<FoundRecord>;
  readonly #records = new Map<FoundId, FoundRecord>();
  readonly #byThing = new Map<string, FoundId>();
  readonly #listeners = new Set<() => void>();
  /** Changes follow each other: what a look brings and what a person says meanwhile are both kept. */
  #writes: Promise<void> = Promise.resolve();

  constructor(deps: FoundDirectoryDeps) {
    this.#deps = deps;
    this.#store = deps.store.collection('cloud-finds', parseFoundRecord);
  }

  async load(): Promise<void> {
    for (const record of await this.#store.all()) this.#show(record);
  }

  records(): FoundRecord[] {
    return [...this.#records.values()];
  }
  ofCloud(cloudId: CloudId): FoundRecord[] {
    return this.records().filter((record) => record.cloudId === cloudId);
  }
  /** Throws not-found. */
  require(id: FoundId): FoundRecord {
    const record = this.#records.get(id);
    if (record === undefined) throw gone();
    return record;
  }
  view(id: FoundId): FoundResource {
    return toFound(this.require(id));
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** They are there; the same finds as before where they are known already. Written together: a look brings hundreds. */
  async putAll(finds: readonly Find[]): Promise<void> {
    const { clock, random } = this.#deps;
    await this.#inTurn(async () => {
      await this.#keep(
        finds.map((find) => {
          const id = this.#byThing.get(thing(find));
          const before = id === undefined ? undefined : this.#records.get(id);
          return {
            ...find,
            id: before?.id ?? random.id('found'),
            isDismissed: before?.isDismissed ?? false,
            foundAt: before?.foundAt ?? instantOf(clock),
          };
        }),
      );
    });
  }

  async dismiss(id: FoundId, isDismissed: boolean): Promise<void> {
    await this.#inTurn(() => this.#keep([{ ...this.require(id), isDismissed }]));
  }

  async remove(id: FoundId): Promise<void> {
    await this.#inTurn(async () => {
      const record = this.#records.get(id);
      if (record === undefined) return;
      await this.#store.delete(id);
      this.#records.delete(id);
      this.#byThing.delete(thing(record));
      this.collection.delete(id);
      this.#tell();
    });
  }

  async #keep(records: readonly FoundRecord[]): Promise<void> {
    const changed = records
      .map((record) => parseFoundRecord(record))
      .filter((after) => JSON.stringify(after) !== JSON.stringify(this.#records.get(after.id)));
    if (changed.length === 0) return;
    await this.#deps.store.transaction(async () => {
      for (const after of changed) await this.#store.put(after);
    });
    for (const after of changed) this.#show(after);
    this.#tell();
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const written = this.#writes.then(write);
    this.#writes = written.catch(() => undefined);
    return written;
  }

  #show(record: FoundRecord): void {
    this.#records.set(record.id, record);
    this.#byThing.set(thing(record), record.id);
    this.collection.put(toFound(record));
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function thing({ cloudId, kind, providerId }: Pick<FoundRecord, 'cloudId' | 'kind' | 'providerId'>): string {
  return `${cloudId}/${kind}/${providerId}`;
}

export function gone(): BerthError {
  return new BerthError('not-found', 'This is not at the provider any more, or it is known to Berth now.');
}
