/**
 * One look at an account: what is there compared with what Berth knows, and what follows: records refreshed, machines that
 * are gone said so, finds, rows of the ledger.
 *
 * Guarantees: nothing at a provider is changed; an operation that works on a machine is not interfered with; a machine
 * counts as gone only when the provider, asked for it by its id, does not have it; a list that could not be seen takes
 * nothing away.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CloudId, MachineId } from '#contract/ids.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { CloudClient, CloudInventory, CloudMachine } from '../interfaces/cloud-provider.ts';
import type { Log } from '../interfaces/log.ts';
import { hasEnded } from '../operations/operation.ts';
import type { OperationStarter } from '../operations/operation-definition.ts';
import { compare, type Comparison } from './compare.ts';
import type { Known } from './known.ts';
import type { Find } from './found.ts';
import type { FoundDirectory } from './found-directory.ts';
import type { Ledger } from './ledger.ts';
import type { LedgerKeeper } from './ledger-keeper.ts';
import { isSleepTrouble, type Look } from './look-state.ts';
import { berthTag, hasTag, type MachineRecord } from './machine.ts';
import type { MachineDirectory } from './machine-directory.ts';

/** Machines that are asked for by their ids in one look; a list that is empty by mistake must not cost hundreds. */
const CONFIRM_AT_ONCE = 50;
/** Milliseconds that the time of a reading may be behind while the reading stays the same. */
const READ_AGAIN_MS = 60 * 60_000;

export interface ReconciliationDeps {
  readonly directory: MachineDirectory;
  readonly finds: FoundDirectory;
  readonly ledger: Ledger;
  readonly keeper: LedgerKeeper;
  readonly operations: Pick<OperationStarter, 'current' | 'get'>;
  readonly installation: string;
  readonly clock: Clock;
  readonly log: Log;
  /** After a machine was refreshed: somebody may have made a host of it. */
  readonly onRefreshed: (id: MachineId) => Promise<void>;
}

export class Reconciliation {
  readonly #deps: ReconciliationDeps;
  /** Machines whose snapshot was missing at the last look. */
  readonly #sleepless = new Set<MachineId>();

  constructor(deps: ReconciliationDeps) {
    this.#deps = deps;
  }

  /** The account is not Berth's any more. */
  async forget(id: CloudId): Promise<void> {
    const { finds, keeper } = this.#deps;
    for (const record of finds.ofCloud(id)) await finds.remove(record.id);
    await keeper.forget(id);
  }

  /** Throws cloud.*, cancelled. */
  async look(id: CloudId, client: CloudClient, signal: AbortSignal): Promise<Look> {
    const { clock, directory, keeper, ledger } = this.#deps;
    // What is changed from now on is newer than the answer. Records are replaced, never written into.
    const before = new Map(directory.ofCloud(id).map((record) => [record.id, record]));
    const wasMoving = new Set(
      [...before.values()].filter((each) => this.#isMoving(each)).map((each) => each.id),
    );
    const isOld = (own: MachineId) => wasMoving.has(own) || directory.record(own) !== before.get(own);
    const inventory = await client.inventory(berthTag, signal);
    const aheadMs = client.clockAheadMs() ?? 0;
    const backupShare = await this.#backupShare(id, client, inventory, signal);
    signal.throwIfAborted();
    const comparison = compare(inventory, this.#known(id, isOld));
    await keeper.noteLook(id, { aheadMs, backupShare });
    await this.#noteMachines(comparison, isOld);
    await this.#noteMissing(comparison, (own) => client.machine(own, signal), isOld);
    await this.#noteFinds(id, comparison, inventory, (own) => client.machine(own, signal));
    this.#noteLedger(id, comparison, inventory);
    await this.#noteSleepless(id, comparison, inventory);
    ledger.forgetOld(clock.nowMs());
    return { unseen: inventory.unseen, isBackupPriceUnknown: this.#lacksBackupPrice(id, inventory) };
  }

  #known(cloudId: CloudId, isOld: (id: MachineId) => boolean): Known {
    const { directory, installation, ledger, operations } = this.#deps;
    return {
      cloudId,
      installation,
      records: directory.ofCloud(cloudId),
      machines: ledger.machinesOf(cloudId),
      open: ledger.open(cloudId),
      isUnfinished: (operationId) => {
        const operation = operations.get(operationId);
        return operation !== undefined && !hasEnded(operation);
      },
      isMoving: (record) => isOld(record.id) || this.#isMoving(record),
    };
  }

  #isMoving({ id }: MachineRecord): boolean {
    return this.#deps.operations.current({ kind: 'machine', id }) !== undefined;
  }

  /** Asked before the first machine has backups, too: one that is made between two looks costs its whole price at once. */
  async #backupShare(
    id: CloudId,
    client: CloudClient,
    { machines }: CloudInventory,
    signal: AbortSignal,
  ): Promise<number | null> {
    const isNeeded = machines.some(({ hasBackups }) => hasBackups);
    if (!isNeeded && this.#deps.keeper.backupShare(id) !== null) return null;
    try {
      return (await client.offer(signal)).backupShare;
    } catch (error) {
      if (!BerthError.is(error)) throw error;
      if (isNeeded && error.code !== 'cloud.permission-missing') throw error;
      signal.throwIfAborted();
      return null;
    }
  }

  #lacksBackupPrice(id: CloudId, { machines }: CloudInventory): boolean {
    return machines.some(({ hasBackups }) => hasBackups) && this.#deps.keeper.backupShare(id) === null;
  }

  async #noteMachines({ claimed, seen }: Comparison, isOld: (id: MachineId) => boolean): Promise<void> {
    const { directory, log } = this.#deps;
    for (const { machine, record } of claimed) {
      if (isOld(record.id) || this.#isMoving(record)) continue;
      log.warn('a machine that its making lost was found again', { id: record.id, providerId: machine.id });
      await directory.change(record.id, {
        ...this.#told(machine),
        providerId: machine.id,
        billedFromAt: machine.createdAt,
        requestedAt: null,
        life: 'incomplete',
      });
    }
    for (const { machine, record } of seen) {
      if (isOld(record.id) || this.#isMoving(record)) continue;
      await this.#refresh(record, machine);
    }
  }

  async #refresh(record: MachineRecord, machine: CloudMachine): Promise<void> {
    const { clock, directory, log, onRefreshed } = this.#deps;
    const isBack = record.life === 'vanished';
    if (isBack) log.warn('a machine that was gone is there again', { id: record.id, providerId: machine.id });
    const told = {
      ...this.#told(machine),
      billedFromAt: record.billedFromAt ?? machine.createdAt,
      ...(isBack ? { life: 'made' as const } : {}),
    };
    // That nothing has changed is no news: hundreds of machines are not written each time to say when that was seen.
    const readMs = record.power === null ? 0 : Date.parse(record.power.readAt);
    const isFresh = clock.nowMs() - readMs < READ_AGAIN_MS;
    const same =
      record.power === null ? told : { ...told, power: { ...told.power, readAt: record.power.readAt } };
    await directory.change(record.id, isFresh ? same : told);
    await onRefreshed(record.id);
  }

  #told(machine: CloudMachine) {
    return {
      power: { state: machine.state, isBusy: machine.isBusy, readAt: instantOf(this.#deps.clock) },
      size: machine.size,
      cpus: machine.cpus,
      memoryBytes: machine.memoryBytes,
      diskBytes: machine.diskBytes,
      hourlyUsd: machine.hourlyUsd,
      monthlyUsd: machine.monthlyUsd,
      ipv4: machine.ipv4,
      ipv6: machine.ipv6,
      tags: [...machine.tags],
      hasBackups: machine.hasBackups,
    };
  }

  /** Those that are not listed are asked for by their ids: lists lag, and tags can be taken off by hand. */
  async #noteMissing(
    { unlisted }: Comparison,
    ask: (providerId: string) => Promise<CloudMachine | undefined>,
    isOld: (id: MachineId) => boolean,
  ): Promise<void> {
    const { directory, log } = this.#deps;
    for (const { id } of unlisted.slice(0, CONFIRM_AT_ONCE)) {
      const providerId = directory.record(id)?.providerId ?? null;
      if (providerId === null || isOld(id)) continue;
      const machine = await ask(providerId);
      const record = directory.record(id);
      if (record === undefined || record.providerId !== providerId || isOld(id) || this.#isMoving(record))
        continue;
      if (machine !== undefined) await this.#refresh(record, machine);
      else {
        log.warn('a machine is gone, and it was not Berth that destroyed it', { id, providerId });
        await directory.change(id, { life: 'vanished', power: null, gate: null, trouble: null });
      }
    }
  }

  async #noteFinds(
    cloudId: CloudId,
    comparison: Comparison,
    inventory: CloudInventory,
    ask: (providerId: string) => Promise<CloudMachine | undefined>,
  ): Promise<void> {
    const { finds } = this.#deps;
    const present = new Set(comparison.finds.map(({ kind, providerId }) => `${kind}/${providerId}`));
    await finds.putAll(comparison.finds.filter((find) => !this.#isKnown(find)));
    for (const record of finds.ofCloud(cloudId)) {
      const { id, kind, providerId } = record;
      if (present.has(`${kind}/${providerId}`) && !this.#isKnown(record)) continue;
      if (!sees(inventory, kind)) continue;
      if (kind === 'machine' && !this.#isKnown(record)) {
        const machine = await ask(providerId);
        if (machine !== undefined && hasTag(machine.tags, berthTag)) continue;
      }
      await finds.remove(id);
    }
  }

  /** Adopted while the provider was asked, or needed by a machine that went to sleep meanwhile. */
  #isKnown({ cloudId, kind, providerId }: Pick<Find, 'cloudId' | 'kind' | 'providerId'>): boolean {
    return this.#deps.directory
      .ofCloud(cloudId)
      .some((record) =>
        kind === 'machine' ? record.providerId === providerId : record.sleep?.snapshotId === providerId,
      );
  }

  #noteLedger(cloudId: CloudId, { kept }: Comparison, inventory: CloudInventory): void {
    const { finds, keeper, ledger } = this.#deps;
    const nowMs = keeper.nowMs(cloudId);
    const there = new Set<string>();
    for (const { hourlyUsd, kind, monthlyUsd, name, providerId, createdAt } of finds.ofCloud(cloudId)) {
      if (kind !== 'machine') continue;
      there.add(`machine/${providerId}`);
      const machine = inventory.machines.find(({ id }) => id === providerId);
      const item = {
        cloudId,
        kind,
        providerId,
        machineId: null,
        name,
        isSleep: false,
        ofProviderId: null,
        hourlyUsd: hourlyUsd ?? 0,
        monthlyUsd: monthlyUsd ?? 0,
        backupShare: machine?.hasBackups === true ? (keeper.backupShare(cloudId) ?? 0) : 0,
      };
      ledger.observe(item, nowMs, createdAt === null ? nowMs : Date.parse(createdAt));
    }
    const created = new Map(
      [...inventory.snapshots, ...inventory.volumes].map((each) => [each.id, Date.parse(each.createdAt)]),
    );
    for (const item of kept) {
      there.add(`${item.kind}/${item.providerId}`);
      ledger.observe(item, nowMs, created.get(item.providerId) ?? nowMs);
    }
    for (const row of ledger.open(cloudId)) {
      // Machines of this Berth, and what they sleep in, are their records' to say.
      const isOfRecord = row.isSleep || (row.kind === 'machine' && row.machineId !== null);
      if (isOfRecord || there.has(`${row.kind}/${row.providerId}`) || !sees(inventory, row.kind)) continue;
      ledger.end(row, nowMs);
    }
  }

  /** An alarm when a snapshot is missing twice in a row, and its end when it is there again. */
  async #noteSleepless(
    cloudId: CloudId,
    { sleepless }: Comparison,
    inventory: CloudInventory,
  ): Promise<void> {
    const { clock, directory, log } = this.#deps;
    if (inventory.unseen.includes('snapshots')) return;
    const missing = new Set(sleepless);
    for (const { id, life, name, trouble } of directory.ofCloud(cloudId)) {
      const wasMissing = this.#sleepless.has(id);
      if (missing.has(id)) this.#sleepless.add(id);
      else this.#sleepless.delete(id);
      const isTold = trouble !== null && isSleepTrouble(trouble);
      if (isTold && !missing.has(id)) await directory.change(id, { trouble: null });
      if (!wasMissing || !missing.has(id) || life !== 'asleep' || trouble !== null) continue;
      const error = new BerthError(
        'machine.copy-unverified',
        `The snapshot that “${name}” sleeps in is not at the provider any more: it cannot be brought back from there. Look whether somebody destroyed it, or moved it to another account.`,
      );
      log.error('a machine sleeps in a snapshot that is gone', { id });
      await directory.change(id, {
        trouble: { gate: 'action', error: error.toShape(), choices: [], sinceAt: instantOf(clock) },
      });
    }
  }
}

/** Whether an inventory can say that something of this kind is not there. */
function sees({ unseen }: CloudInventory, kind: Find['kind']): boolean {
  const list = {
    machine: 'machines',
    snapshot: 'snapshots',
    'volume-snapshot': 'snapshots',
    volume: 'volumes',
    address: 'addresses',
  } as const;
  return !unseen.includes(list[kind]);
}
