/**
 * The ledger: what was at the providers, from when to when, at which price. Owns the rows and writes them; decides nothing.
 * Guarantees: a thing has at most one open row; what is seen again after it was ended was there all along; rows that end
 * are kept for `keptMonths`, and longer while something that was of them is still there.
 */
import type { CloudId, MachineId } from '#contract/ids.ts';
import type { Log } from '../interfaces/log.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import { monthOf } from './billing.ts';
import {
  hasSamePrice,
  itemKey,
  keptMonths,
  type LedgerItem,
  type LedgerRow,
  newRow,
  parseLedgerRow,
} from './ledger-row.ts';

export interface LedgerDeps {
  readonly store: RecordStore;
  readonly log: Log;
}

export class Ledger {
  readonly #records: RecordStore;
  readonly #store: RecordCollection<LedgerRow>;
  readonly #log: Log;
  /** By thing, oldest first; the last one is open or the thing is gone. */
  readonly #rows = new Map<string, LedgerRow[]>();
  readonly #listeners = new Set<() => void>();
  /** By id of the row; undefined: it is forgotten. */
  readonly #unwritten = new Map<string, LedgerRow | undefined>();
  #writes: Promise<void> = Promise.resolve();

  constructor({ store, log }: LedgerDeps) {
    this.#records = store;
    this.#store = store.collection('cloud-ledger', parseLedgerRow);
    this.#log = log;
  }

  async load(): Promise<void> {
    for (const row of await this.#store.all()) {
      const key = itemKey(row);
      this.#rows.set(key, [...(this.#rows.get(key) ?? []), row]);
    }
    for (const rows of this.#rows.values()) rows.sort((a, b) => Date.parse(a.from) - Date.parse(b.from));
  }

  /** All rows, by thing. */
  things(): LedgerRow[][] {
    return [...this.#rows.values()];
  }

  /** Of an account: what is there as far as the ledger knows. */
  open(cloudId: CloudId): LedgerRow[] {
    return this.things().flatMap((rows) => {
      const last = rows.at(-1);
      return last !== undefined && last.cloudId === cloudId && last.to === null ? [last] : [];
    });
  }

  /** The newest row of a thing. */
  last(thing: Pick<LedgerRow, 'cloudId' | 'kind' | 'providerId'>): LedgerRow | undefined {
    return this.#rows.get(itemKey(thing))?.at(-1);
  }

  /** Machines of this Berth or found, also those that are gone, by the provider's id. */
  machinesOf(cloudId: CloudId): Map<string, LedgerRow> {
    const machines = new Map<string, LedgerRow>();
    for (const rows of this.#rows.values()) {
      const last = rows.at(-1);
      if (last?.cloudId === cloudId && last.kind === 'machine') machines.set(last.providerId, last);
    }
    return machines;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * The thing is there at `atMs`. `sinceMs`: when the provider began to bill it, where nothing is known of it yet; both by
   * the provider's clock.
   */
  observe(item: LedgerItem, atMs: number, sinceMs: number): void {
    const key = itemKey(item);
    this.#put(key, observed(this.#rows.get(key) ?? [], item, atMs, sinceMs));
  }

  /** The thing is gone since `atMs`, by the provider's clock. Does nothing where it is not known to be there. */
  end(thing: Pick<LedgerRow, 'cloudId' | 'kind' | 'providerId'>, atMs: number): void {
    const key = itemKey(thing);
    const rows = this.#rows.get(key) ?? [];
    const last = rows.at(-1);
    if (last === undefined || last.to !== null) return;
    const to = instant(Math.max(atMs, Date.parse(last.from)));
    this.#put(key, [...rows.slice(0, -1), { ...last, to }]);
  }

  /** What was of a machine, and is not at the provider any more as far as its record says. */
  endOfMachine(machineId: MachineId, atMs: number, stays: (row: LedgerRow) => boolean): void {
    for (const rows of this.things()) {
      const last = rows.at(-1);
      if (last?.machineId === machineId && last.to === null && !stays(last)) this.end(last, atMs);
    }
  }

  /** Forgets what ended before the months that are kept. */
  forgetOld(nowMs: number): void {
    const now = new Date(monthOf(nowMs).beganMs);
    const oldestMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - keptMonths, 1);
    const needed = new Set<string>();
    for (const rows of this.#rows.values()) {
      const last = rows.at(-1);
      if (last !== undefined && last.to === null && last.ofProviderId !== null)
        needed.add(itemKey({ cloudId: last.cloudId, kind: 'machine', providerId: last.ofProviderId }));
    }
    for (const [key, rows] of [...this.#rows]) {
      if (needed.has(key)) continue;
      const kept = rows.filter(({ to }) => to === null || Date.parse(to) >= oldestMs);
      if (kept.length < rows.length) this.#put(key, kept);
    }
  }

  /** An account that is not Berth's any more: what is there would be counted twice when it is connected again. */
  forget(cloudId: CloudId): void {
    for (const [key, rows] of [...this.#rows]) if (rows.at(-1)?.cloudId === cloudId) this.#put(key, []);
  }

  /** Resolves when all that was said is on disk, or could not be written. */
  async settled(): Promise<void> {
    await this.#writes;
  }

  #put(key: string, after: LedgerRow[]): void {
    const before = this.#rows.get(key) ?? [];
    const isSame = (row: LedgerRow) => {
      const same = before.find(({ id }) => id === row.id);
      return same !== undefined && JSON.stringify(same) === JSON.stringify(row);
    };
    const changed = after.filter((row) => !isSame(row));
    const dropped = before.filter((row) => !after.some(({ id }) => id === row.id));
    if (changed.length === 0 && dropped.length === 0) return;
    if (after.length === 0) this.#rows.delete(key);
    else this.#rows.set(key, after);
    for (const row of changed) this.#unwritten.set(row.id, row);
    for (const { id } of dropped) this.#unwritten.set(id, undefined);
    this.#writes = this.#writes.then(() => this.#write());
    for (const listener of this.#listeners) listener();
  }

  /** All that has come together meanwhile, at once: a look at an account brings hundreds of rows. */
  async #write(): Promise<void> {
    if (this.#unwritten.size === 0) return;
    const rows = [...this.#unwritten];
    this.#unwritten.clear();
    try {
      await this.#records.transaction(async () => {
        for (const [id, row] of rows)
          if (row === undefined) await this.#store.delete(id);
          else await this.#store.put(row);
      });
    } catch (cause) {
      // The provider's bill is what counts: what is counted here may not hold up the work that it is about.
      this.#log.error('the ledger could not be written', { cause });
    }
  }
}

function observed(rows: LedgerRow[], item: LedgerItem, atMs: number, sinceMs: number): LedgerRow[] {
  const last = rows.at(-1);
  if (last === undefined) return [newRow(item, instant(Math.min(sinceMs, atMs)))];
  if (last.to !== null) return [...(last.from === last.to ? rows.slice(0, -1) : rows), newRow(item, last.to)];
  // Whose it is says nothing new but corrects the past: a machine that was adopted is this one from its beginning.
  const owned = rows.map((row) => ({ ...row, machineId: row.machineId ?? item.machineId }));
  const { id, from } = last;
  if (hasSamePrice(item, last) || Date.parse(from) >= atMs)
    return [...owned.slice(0, -1), { ...item, id, from, to: null }];
  const to = instant(atMs);
  return [...owned.slice(0, -1), { ...owned.at(-1)!, to }, newRow(item, to)];
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
