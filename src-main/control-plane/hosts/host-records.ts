/**
 * Hosts on disk. Guarantees: writes of one host follow each other, so that the last word on disk is the last word said, and
 * a host that was removed does not come back. Owns what is no part of the view: the keys that a host is pinned to.
 */
import type { Host } from '#contract/hosts.ts';
import type { HostId } from '#contract/ids.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import { type HostRecord, parseHostRecord } from './host.ts';

export class HostRecords {
  readonly #store: RecordCollection<HostRecord>;
  readonly #pins = new Map<HostId, readonly string[]>();
  readonly #writes = new Map<HostId, Promise<void>>();
  readonly #isKnown: (id: HostId) => boolean;

  constructor(store: RecordStore, isKnown: (id: HostId) => boolean) {
    this.#store = store.collection('hosts', parseHostRecord);
    this.#isKnown = isKnown;
  }

  all(): Promise<HostRecord[]> {
    return this.#store.all();
  }

  pinsOf(id: HostId): readonly string[] {
    return this.#pins.get(id) ?? [];
  }
  pin(id: HostId, fingerprints: readonly string[]): void {
    this.#pins.set(id, fingerprints);
  }

  /** Writes the host as it is now, with its pins. */
  put(host: Host): Promise<void> {
    const { state: _, ...rest } = host;
    const record: HostRecord = { ...rest, pinnedFingerprints: [...this.pinsOf(host.id)] };
    const previous = this.#writes.get(host.id) ?? Promise.resolve();
    const write = previous.then(async () => {
      if (this.#isKnown(host.id)) await this.#store.put(record);
    });
    const settled = write.catch(() => undefined);
    this.#writes.set(host.id, settled);
    void settled.then(() => {
      if (this.#writes.get(host.id) === settled) this.#writes.delete(host.id);
    });
    return write;
  }

  async delete(id: HostId): Promise<void> {
    await this.#writes.get(id);
    await this.#store.delete(id);
    this.#pins.delete(id);
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#writes.values());
  }
}
