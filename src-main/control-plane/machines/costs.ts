/**
 * What everything costs: pure. Counted from the ledger, by the rule of billing.ts. A machine's line holds all hardware that
 * it had this month and the snapshots that it slept in; what else is kept is counted in the sums, and listed beside them.
 */
import type { CloudBudget, CostReport } from '#contract/clouds.ts';
import type { CloudId, HostId, MachineId } from '#contract/ids.ts';
import type { BillingRule } from '../interfaces/cloud-provider.ts';
import { machineUsd, type Month, monthOf, perHour, storedUsd } from './billing.ts';
import type { FoundRecord } from './found.ts';
import { itemKey, type LedgerRow, pricedOf } from './ledger-row.ts';
import type { MachineRecord } from './machine.ts';
import { isSleepTrouble, type LookState } from './look-state.ts';

export interface CountedAccount {
  readonly id: CloudId;
  readonly label: string;
  readonly budget: CloudBudget;
  /** By the provider's clock. */
  readonly nowMs: number;
  readonly rule: BillingRule | undefined;
  /** Undefined: not looked at yet. */
  readonly look: LookState | undefined;
}

export interface CostInput {
  readonly nowMs: number;
  readonly accounts: readonly CountedAccount[];
  /** Rows of the ledger, by thing, oldest first. */
  readonly things: readonly (readonly LedgerRow[])[];
  readonly records: readonly MachineRecord[];
  readonly finds: readonly FoundRecord[];
}

type HostCost = CostReport['hosts'][number];

/** A part of an account's cost. `forecastUsd`: at the end of the month, if everything stays as it is. */
interface Amount {
  readonly monthUsd: number;
  readonly forecastUsd: number;
  readonly perHourUsd: number;
}

export function costReport(input: CostInput): CostReport {
  const accounts = new Map(input.accounts.map((account) => [account.id, account]));
  const records = new Map(input.records.map((record) => [record.id, record]));
  const finds = new Map(
    input.finds.map((find) => [itemKey(find), find] as const).filter(([, { kind }]) => kind === 'machine'),
  );
  const hosts = new Map<string, HostCost>();
  const stored: CostReport['stored'] = [];
  const sums = new Map<CloudId, Amount>();
  for (const record of input.records)
    if (record.life !== 'creating' && record.life !== 'vanished')
      hosts.set(record.id, hostCost(record, record.id, record));
  for (const rows of input.things) {
    const last = rows.at(-1);
    if (last === undefined) continue;
    const account = accounts.get(last.cloudId);
    const nowMs = account?.nowMs ?? input.nowMs;
    const month = monthOf(nowMs);
    for (const part of partsOf(rows)) {
      const amount = amountOf(part, month, nowMs, account?.rule);
      const newest = part.at(-1)!;
      sums.set(last.cloudId, plus(sums.get(last.cloudId) ?? nothing, amount));
      if (newest.kind === 'machine' || newest.isSleep) {
        const key = newest.machineId ?? itemKey(newest);
        const record = newest.machineId === null ? undefined : records.get(newest.machineId);
        const isThere = newest.to === null || amount.monthUsd > 0;
        if (!isThere && !hosts.has(key)) continue;
        const find = finds.get(itemKey(newest));
        const before = hosts.get(key) ?? hostCost(newest, newest.machineId, record, find);
        hosts.set(key, {
          ...before,
          perHourUsd: money(before.perHourUsd + amount.perHourUsd),
          monthUsd: money(before.monthUsd + amount.monthUsd),
        });
      } else if (newest.to === null && newest.monthlyUsd > 0)
        stored.push({
          cloudId: newest.cloudId,
          kind: newest.kind,
          name: newest.name,
          monthlyUsd: money(newest.monthlyUsd),
          machineId: newest.machineId,
        });
    }
  }
  const all = [...sums.values()].reduce(plus, nothing);
  return {
    at: new Date(input.nowMs).toISOString(),
    monthBeganAt: new Date(monthOf(input.nowMs).beganMs).toISOString(),
    perHourUsd: money(all.perHourUsd),
    monthUsd: money(all.monthUsd),
    hosts: [...hosts.values()],
    stored,
    budgets: input.accounts.map((account) => budgetState(account, sums.get(account.id) ?? nothing)),
    blind: [...input.accounts.flatMap(blindOf), ...input.records.flatMap(sleepAlarm)],
  };
}

const nothing: Amount = { monthUsd: 0, forecastUsd: 0, perHourUsd: 0 };

function plus(a: Amount, b: Amount): Amount {
  return {
    monthUsd: a.monthUsd + b.monthUsd,
    forecastUsd: a.forecastUsd + b.forecastUsd,
    perHourUsd: a.perHourUsd + b.perHourUsd,
  };
}

/** A snapshot that a machine slept in for a part of its time is two things: the machine's, and one that is kept. */
function partsOf(rows: readonly LedgerRow[]): LedgerRow[][] {
  return [...Map.groupBy(rows, ({ isSleep }) => isSleep).values()];
}

function amountOf(
  rows: readonly LedgerRow[],
  month: Month,
  nowMs: number,
  rule: BillingRule | undefined,
): Amount {
  const newest = rows.at(-1)!;
  const times = rows.map(pricedOf);
  const isMachine = newest.kind === 'machine';
  const until = (ms: number) =>
    isMachine ? machineUsd(times, month, ms, rule) : storedUsd(times, month, ms);
  const now = isMachine ? newest.hourlyUsd * (1 + newest.backupShare) : perHour(newest.monthlyUsd, month);
  return {
    monthUsd: until(nowMs),
    forecastUsd: until(month.endsMs),
    perHourUsd: newest.to === null ? now : 0,
  };
}

function hostCost(
  { cloudId, name }: { cloudId: CloudId; name: string },
  machineId: MachineId | null,
  record: MachineRecord | undefined,
  find?: FoundRecord,
): HostCost {
  const hostId: HostId | null = record?.hostId ?? null;
  return {
    machineId,
    hostId,
    cloudId,
    name: record?.name ?? name,
    state: stateOf(machineId, record, find),
    perHourUsd: 0,
    monthUsd: 0,
  };
}

function stateOf(
  machineId: MachineId | null,
  record: MachineRecord | undefined,
  find: FoundRecord | undefined,
): HostCost['state'] {
  if (record === undefined && (machineId !== null || find === undefined)) return 'destroyed';
  if (record?.life === 'vanished') return 'destroyed';
  if (record?.life === 'asleep') return 'asleep';
  const power = record === undefined ? find?.power : record.power?.state;
  switch (power) {
    case 'on':
    case 'new':
      return 'on';
    case 'off':
    case 'archived':
      return 'off';
    case undefined:
    case null:
      return 'unknown';
    default:
      return power satisfies never;
  }
}

function budgetState({ budget, id }: CountedAccount, sum: Amount): CostReport['budgets'][number] {
  const { monthlyUsd, warnAtPercent } = budget;
  const spentUsd = money(sum.monthUsd);
  const level =
    monthlyUsd === null
      ? 'none'
      : spentUsd >= monthlyUsd
        ? 'over'
        : spentUsd >= (monthlyUsd * warnAtPercent) / 100
          ? 'near'
          : 'within';
  return {
    cloudId: id,
    monthlyUsd,
    spentUsd,
    forecastUsd: money(Math.max(sum.forecastUsd, sum.monthUsd)),
    level,
  };
}

const unseenThings = {
  machines: 'machines: those that Berth does not know are neither found nor counted',
  snapshots: 'snapshots: what they cost is not counted, and those that were left behind are not found',
  volumes: 'volumes: what they cost is not counted, and those that were left behind are not found',
  addresses:
    'reserved addresses: what they cost is not counted, and those that were left behind are not found',
} as const;

function blindOf({ label, look }: CountedAccount): string[] {
  if (look === undefined) return [];
  const sentences = look.unseen.map((noun) => `The token of “${label}” may not see ${unseenThings[noun]}.`);
  if (look.isBackupPriceUnknown)
    sentences.push(`The token of “${label}” may not see prices: what backups add is not counted.`);
  if (look.error !== null)
    sentences.push(
      `“${label}” could not be compared with what Berth knows, and is counted as it was last seen: ${look.error.message}`,
    );
  return sentences;
}

function sleepAlarm({ name, trouble }: MachineRecord): string[] {
  return trouble !== null && isSleepTrouble(trouble)
    ? [
        `“${name}” sleeps in a snapshot that is not at the provider any more: it cannot be brought back from there.`,
      ]
    : [];
}

/** Without the dust of sums in floating point: millionths of a dollar. */
function money(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}
