/**
 * A row of the ledger: something at a provider, for a time during which its price was the same. Pure. Rows are what months
 * are counted from, and the memory of what belonged to which machine after that is gone.
 */
import { z } from 'zod';
import { FoundKind } from '#contract/clouds.ts';
import { CloudId, MachineId } from '#contract/ids.ts';
import { Instant } from '#contract/text.ts';
import type { Priced } from './billing.ts';

/** Months that can be looked back on, beside the present one: a year and the month before it. */
export const keptMonths = 13;

const LedgerRow = z.object({
  id: z.string(),
  cloudId: CloudId,
  kind: FoundKind,
  providerId: z.string(),
  /** Null: of no machine of this Berth. */
  machineId: MachineId.nullable(),
  name: z.string(),
  /** A snapshot that a machine sleeps in. */
  isSleep: z.boolean(),
  /** Of what is kept: the provider's id of the machine that it was of. */
  ofProviderId: z.string().nullable(),
  /** Zero for what is kept: that has a price per month alone. */
  hourlyUsd: z.number(),
  monthlyUsd: z.number(),
  backupShare: z.number(),
  /** By the provider's clock. */
  from: Instant,
  /** Null: it is still there. */
  to: Instant.nullable(),
});
export type LedgerRow = z.infer<typeof LedgerRow>;

export function parseLedgerRow(value: unknown): LedgerRow {
  return LedgerRow.parse(value);
}

/** What is observed of something that costs. */
export type LedgerItem = Omit<LedgerRow, 'id' | 'from' | 'to'>;

/** The same piece of hardware, snapshot, volume or address. */
export function itemKey({
  cloudId,
  kind,
  providerId,
}: Pick<LedgerRow, 'cloudId' | 'kind' | 'providerId'>): string {
  return `${cloudId}/${kind}/${providerId}`;
}

export function newRow(item: LedgerItem, from: string): LedgerRow {
  // By its beginning, so that a write that is repeated after a crash adds no second row.
  return { ...item, id: `${itemKey(item)}/${from}`, from, to: null };
}

export function hasSamePrice(a: LedgerItem, b: LedgerItem): boolean {
  return a.hourlyUsd === b.hourlyUsd && a.monthlyUsd === b.monthlyUsd && a.backupShare === b.backupShare;
}

export function pricedOf({ from, to, hourlyUsd, monthlyUsd, backupShare }: LedgerRow): Priced {
  return {
    fromMs: Date.parse(from),
    toMs: to === null ? null : Date.parse(to),
    hourlyUsd,
    monthlyUsd,
    backupShare,
  };
}
