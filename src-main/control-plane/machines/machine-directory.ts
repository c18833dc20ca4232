/**
 * Every machine that Berth knows: its record on disk and the view of it. The one place where these change; it decides
 * nothing and asks no provider.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CloudId, HostId, MachineId } from '#contract/ids.ts';
import type { Machine, MachineRetry } from '#contract/machines.ts';
import { Collection } from '../changes.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import { type MachineRecord, parseMachineRecord, toMachine, type Watching } from './machine.ts';

const unwatched: Watching = { endsAt: null, retry: null };

export class MachineDirectory {
  readonly collection = new Collection<Machine>();
  readonly #store: RecordCollection<MachineRecord>;
  readonly #records = new Map<MachineId, MachineRecord>();
  readonly #watching = new Map<MachineId, Watching>();
  readonly #backupShares = new Map<CloudId, number>();
  readonly #listeners = new Set<(id: MachineId) => void>();
  /** Writes of one machine follow each other, so that the last word on disk is the last word said. */
  #writes: Promise<unknown> = Promise.resolve();

  constructor({ store }: { readonly store: RecordStore }) {
    this.#store = store.collection('machines', parseMachineRecord);
  }

  async load(): Promise<void> {
    for (const record of await this.#store.all()) {
      this.#records.set(record.id, record);
      this.#show(record.id);
    }
  }

  records(): MachineRecord[] {
    return [...this.#records.values()];
  }
  record(id: MachineId): MachineRecord | undefined {
    return this.#records.get(id);
  }
  /** Throws not-found. */
  require(id: MachineId): MachineRecord {
    const record = this.#records.get(id);
    if (record === undefined) throw new BerthError('not-found', 'There is no such machine.');
    return record;
  }
  view(id: MachineId): Machine {
    const machine = this.collection.get(id);
    if (machine === undefined) throw new BerthError('not-found', 'There is no such machine.');
    return machine;
  }
  ofCloud(cloudId: CloudId): MachineRecord[] {
    return this.records().filter((record) => record.cloudId === cloudId);
  }
  ofHost(hostId: HostId): MachineRecord | undefined {
    return this.records().find((record) => record.hostId === hostId);
  }
  /** Names of machines whose files sleep on this host. */
  sleepersOn(hostId: HostId): string[] {
    const sleepers = this.records().filter(
      ({ sleep }) => sleep?.place.kind === 'host' && sleep.place.hostId === hostId,
    );
    return sleepers.map(({ name }) => name);
  }

  /** Throws conflict: a machine whose files sleep on another's disk could not wake without it. */
  requireNoSleepers({ hostId, name }: Pick<MachineRecord, 'hostId' | 'name'>): void {
    const [sleeper] = hostId === null ? [] : this.sleepersOn(hostId);
    if (sleeper !== undefined)
      throw new BerthError(
        'conflict',
        `The files of “${sleeper}” sleep on “${name}”. Wake “${sleeper}” first.`,
      );
  }

  /** Told after every change, also when one is gone. */
  onChange(listener: (id: MachineId) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Throws machine.name-taken. The name is taken from this call on, before anything is awaited. */
  async add(record: MachineRecord): Promise<void> {
    this.requireFreeName(record.name, record.id);
    this.#records.set(record.id, record);
    try {
      await this.#write(() => this.#store.put(record));
    } catch (error) {
      this.#records.delete(record.id);
      throw error;
    }
    this.#show(record.id);
  }

  requireFreeName(name: string, except?: MachineId): void {
    const key = name.toLowerCase();
    const other = this.records().find((record) => record.id !== except && record.name.toLowerCase() === key);
    if (other !== undefined)
      throw new BerthError(
        'machine.name-taken',
        `There is a machine named “${other.name}” already. Choose another name.`,
        { details: { field: 'name', machineId: other.id } },
      );
  }

  /** On disk when it resolves; what could not be written is not so. Does nothing where the machine is gone meanwhile. */
  async change(id: MachineId, change: Partial<Omit<MachineRecord, 'id'>>): Promise<void> {
    const before = this.#records.get(id);
    if (before === undefined) return;
    const after = { ...before, ...change };
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    this.#records.set(id, after);
    try {
      await this.#write(async () => {
        const now = this.#records.get(id);
        if (now !== undefined) await this.#store.put(now);
      });
    } catch (error) {
      const now = this.#records.get(id);
      if (now !== undefined) {
        const keys = Object.keys(change) as (keyof MachineRecord)[];
        const back = Object.fromEntries(keys.map((key) => [key, before[key]])) as Partial<MachineRecord>;
        this.#records.set(id, { ...now, ...back });
      }
      throw error;
    } finally {
      this.#show(id);
    }
  }

  async remove(id: MachineId): Promise<void> {
    if (!this.#records.has(id)) return;
    await this.#write(() => this.#store.delete(id));
    this.#records.delete(id);
    this.#watching.delete(id);
    this.collection.delete(id);
    for (const listener of this.#listeners) listener(id);
  }

  /** Null: not in sight. */
  showEnd(id: MachineId, endsAt: string | null): void {
    this.#watch(id, { endsAt });
  }
  /** Null: nothing failed that is tried again. */
  showRetry(id: MachineId, retry: MachineRetry | null): void {
    this.#watch(id, { retry });
  }

  /** What backups add to the price of a machine at this account, as a share of it. */
  tellBackupShare(cloudId: CloudId, share: number): void {
    if (this.#backupShares.get(cloudId) === share) return;
    this.#backupShares.set(cloudId, share);
    for (const { hasBackups, id } of this.ofCloud(cloudId)) if (hasBackups) this.#show(id);
  }

  #watch(id: MachineId, change: Partial<Watching>): void {
    const before = this.#watching.get(id) ?? unwatched;
    const after = { ...before, ...change };
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    this.#watching.set(id, after);
    this.#show(id);
  }

  #show(id: MachineId): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    const backupShare = this.#backupShares.get(record.cloudId) ?? 0;
    this.collection.put(toMachine(record, this.#watching.get(id) ?? unwatched, backupShare));
    for (const listener of this.#listeners) listener(id);
  }

  #write<T>(write: () => Promise<T>): Promise<T> {
    const written = this.#writes.then(write);
    this.#writes = written.catch(() => undefined);
    return written;
  }
}
