/**
 * Whose are the things that a host tells of: what its labels and manifests say, as far as that is still a person here.
 * Labels cannot change, so who took somebody's things over is remembered by person. What is nobody's is the local owner's:
 * a lost database must not leave files that no one can reach.
 */
import { z } from 'zod';
import { localOwnerId, UserId } from '#contract/ids.ts';
import type { RecordCollection, RecordStore } from './interfaces/record-store.ts';

const HeirRecord = z.object({ id: UserId, heirId: UserId });
type HeirRecord = z.infer<typeof HeirRecord>;

/** Somebody who has an account here. */
export type IsPerson = (id: UserId) => boolean;

export interface HeirsDeps {
  readonly store: RecordStore;
  readonly isPerson: IsPerson;
}

export class Heirs {
  readonly #isPerson: IsPerson;
  readonly #records: RecordCollection<HeirRecord>;
  readonly #heirs = new Map<UserId, UserId>();

  constructor({ store, isPerson }: HeirsDeps) {
    this.#isPerson = isPerson;
    this.#records = store.collection('heirs', (value) => HeirRecord.parse(value));
  }

  async load(): Promise<void> {
    for (const { id, heirId } of await this.#records.all()) this.#heirs.set(id, heirId);
  }

  /** Whose a thing is that carries this owner. */
  ownerOf(told: string | undefined): UserId {
    let id = UserId.safeParse(told).data;
    // At most once for each who ever left: a circle would not end otherwise.
    for (let left = this.#heirs.size; id !== undefined; left--) {
      if (this.#isPerson(id)) return id;
      id = left > 0 ? this.#heirs.get(id) : undefined;
    }
    return localOwnerId;
  }

  /** Those who left, each with who has their things; not those who are here (again, or still). */
  all(): { from: UserId; to: UserId }[] {
    return [...this.#heirs].filter(([from]) => !this.#isPerson(from)).map(([from, to]) => ({ from, to }));
  }

  async put(from: UserId, to: UserId): Promise<void> {
    await this.#records.put({ id: from, heirId: to });
    this.#heirs.set(from, to);
  }
}
