/**
 * Writes into the ledger what the records of machines say: hardware that appears, changes its price or goes, and the
 * snapshots that machines sleep in. Owns how far each provider's clock is from ours and what its backups cost, so that
 * times and prices are the provider's. Asks no provider.
 */
import { z } from 'zod';
import { CloudId, type MachineId } from '#contract/ids.ts';
import { Instant } from '#contract/text.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import type { Ledger } from './ledger.ts';
import type { LedgerItem, LedgerRow } from './ledger-row.ts';
import { isBilled, type MachineRecord } from './machine.ts';
import type { MachineDirectory } from './machine-directory.ts';

/** What the last complete look at an account told; kept, since machines come and go before the next one. */
const Look = z.object({
  id: CloudId,
  /** By the provider's clock. */
  at: Instant,
  /** Milliseconds that this computer's clock was ahead of the provider's. */
  aheadMs: z.number(),
  /** What backups add to the price of a machine there; null: not told. */
  backupShare: z.number().nullable(),
});
type Look = z.infer<typeof Look>;

export interface LedgerKeeperDeps {
  readonly store: RecordStore;
  readonly directory: MachineDirectory;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export class LedgerKeeper {
  readonly #deps: LedgerKeeperDeps;
  readonly #store: RecordCollection<Look>;
  readonly #looks = new Map<CloudId, Look>();
  #stopListening: () => void = () => {};

  constructor(deps: LedgerKeeperDeps) {
    this.#deps = deps;
    this.#store = deps.store.collection('cloud-looks', (value) => Look.parse(value));
  }

  async load(): Promise<void> {
    for (const look of await this.#store.all()) {
      this.#looks.set(look.id, look);
      this.#tellBackupShare(look);
    }
  }

  start(): void {
    const { clock, directory, ledger } = this.#deps;
    // Berth may have died between a record and its row. What it forgot was there at the last look, at most.
    for (const [row] of ledger.things().map((rows) => rows.slice(-1))) {
      if (row?.machineId == null || row.to !== null) continue;
      if (stays(row, directory.record(row.machineId))) continue;
      const look = this.#looks.get(row.cloudId);
      ledger.end(row, look === undefined ? this.nowMs(row.cloudId) : Date.parse(look.at));
    }
    for (const { id } of directory.records()) this.#note(id);
    this.#stopListening = directory.onChange((id) => this.#note(id));
    ledger.forgetOld(clock.nowMs());
  }

  close(): void {
    this.#stopListening();
  }

  /** Now, by the clock of the account's provider. */
  nowMs(cloudId: CloudId): number {
    return this.#deps.clock.nowMs() - (this.#looks.get(cloudId)?.aheadMs ?? 0);
  }

  backupShare(cloudId: CloudId): number | null {
    return this.#looks.get(cloudId)?.backupShare ?? null;
  }

  /** A look at an account begins to be taken note of. `backupShare` null: not told this time. */
  async noteLook(cloudId: CloudId, look: { aheadMs: number; backupShare: number | null }): Promise<void> {
    const { clock, directory } = this.#deps;
    const before = this.#looks.get(cloudId);
    const after: Look = {
      id: cloudId,
      at: new Date(clock.nowMs() - look.aheadMs).toISOString(),
      aheadMs: look.aheadMs,
      backupShare: look.backupShare ?? before?.backupShare ?? null,
    };
    this.#looks.set(cloudId, after);
    this.#tellBackupShare(after);
    if (after.backupShare !== before?.backupShare)
      for (const { id } of directory.ofCloud(cloudId)) this.#note(id);
    await this.#store.put(after);
  }

  /** The account is not Berth's any more: nothing there can be counted. */
  async forget(cloudId: CloudId): Promise<void> {
    this.#deps.ledger.forget(cloudId);
    this.#looks.delete(cloudId);
    await this.#store.delete(cloudId);
  }

  #tellBackupShare({ backupShare, id }: Look): void {
    if (backupShare !== null) this.#deps.directory.tellBackupShare(id, backupShare);
  }

  #note(id: MachineId): void {
    const { directory, ledger } = this.#deps;
    const record = directory.record(id);
    if (record === undefined) {
      for (const rows of ledger.things()) {
        const last = rows.at(-1);
        if (last?.machineId === id && !stays(last, undefined)) ledger.end(last, this.nowMs(last.cloudId));
      }
      return;
    }
    const nowMs = this.nowMs(record.cloudId);
    ledger.endOfMachine(id, nowMs, (row) => stays(row, record));
    if (isBilled(record) && record.providerId !== null) {
      const sinceMs = record.billedFromAt === null ? nowMs : Date.parse(record.billedFromAt);
      ledger.observe(this.#hardware(record, record.providerId), nowMs, sinceMs);
    }
    const { sleep } = record;
    if (sleep !== null && sleep.snapshotId !== null) {
      const item = sleepItem(record, sleep.snapshotId, sleep.monthlyUsd ?? 0);
      // What a look has read of the snapshot is newer than what was known when it was taken.
      const seen = ledger.last(item);
      const monthlyUsd = seen?.isSleep === true ? seen.monthlyUsd : item.monthlyUsd;
      ledger.observe({ ...item, monthlyUsd }, nowMs, nowMs);
    }
  }

  #hardware(record: MachineRecord, providerId: string): LedgerItem {
    const { cloudId, hasBackups, hourlyUsd, id, monthlyUsd, name } = record;
    return {
      cloudId,
      kind: 'machine',
      providerId,
      machineId: id,
      name,
      isSleep: false,
      ofProviderId: null,
      hourlyUsd,
      monthlyUsd,
      backupShare: hasBackups ? (this.backupShare(cloudId) ?? 0) : 0,
    };
  }
}

function sleepItem(record: MachineRecord, snapshotId: string, monthlyUsd: number): LedgerItem {
  return {
    cloudId: record.cloudId,
    kind: 'snapshot',
    providerId: snapshotId,
    machineId: record.id,
    name: record.name,
    isSleep: true,
    ofProviderId: record.earlierProviderIds.at(-1) ?? record.providerId,
    hourlyUsd: 0,
    monthlyUsd,
    backupShare: 0,
  };
}

/** Whether a row that is open may stay so, as the record of its machine says. What is merely kept is the provider's to say. */
function stays(row: LedgerRow, record: MachineRecord | undefined): boolean {
  if (row.kind === 'machine')
    return record !== undefined && isBilled(record) && row.providerId === record.providerId;
  return !row.isSleep || (record?.sleep?.snapshotId ?? null) === row.providerId;
}
