/**
 * What something at a provider costs in a month, from the times at which it was there and its prices then: pure. Months are
 * calendar months in UTC, times milliseconds since 1970 by the provider's clock, amounts US dollars. Counted is the rule
 * that the providers share: by the second, whether the machine is on or off, never more in a month than its monthly price,
 * and at least what the provider's `BillingRule` says.
 */
import type { BillingRule } from '../interfaces/cloud-provider.ts';

const HOUR_MS = 3_600_000;

export interface Month {
  readonly beganMs: number;
  readonly endsMs: number;
}

/** The calendar month in which an instant lies. */
export function monthOf(atMs: number): Month {
  const at = new Date(atMs);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  return { beganMs: Date.UTC(year, month, 1), endsMs: Date.UTC(year, month + 1, 1) };
}

/** A time during which the price was the same. `toMs` null: it still is. */
export interface Priced {
  readonly fromMs: number;
  readonly toMs: number | null;
  readonly hourlyUsd: number;
  readonly monthlyUsd: number;
  /** What backups add, as a share of the price. */
  readonly backupShare: number;
}

/**
 * One machine's share of a month, until `untilMs`. `times`: all of one piece of hardware, over its whole life. A machine
 * that changed its size is counted by size, as bills list it: each size up to its own monthly price. The least that it
 * costs falls into the month in which it was made.
 */
export function machineUsd(
  times: readonly Priced[],
  month: Month,
  untilMs: number,
  rule: BillingRule | undefined,
): number {
  const bySize = Map.groupBy(times, ({ hourlyUsd, monthlyUsd }) => `${hourlyUsd} ${monthlyUsd}`);
  let usd = 0;
  for (const same of bySize.values()) {
    const ran = same.map((time) => ({ time, hours: millisecondsIn(time, month, untilMs) / HOUR_MS }));
    const hours = ran.reduce((sum, each) => sum + each.hours, 0);
    const [{ hourlyUsd, monthlyUsd }] = same as [Priced];
    if (hours === 0) continue;
    const price = capped(hours * hourlyUsd, monthlyUsd);
    const backups = ran.reduce((sum, { hours: own, time }) => sum + own * time.backupShare, 0) / hours;
    usd += price * (1 + backups);
  }
  const first = times.reduce<Priced | undefined>(
    (earliest, time) => (earliest === undefined || time.fromMs < earliest.fromMs ? time : earliest),
    undefined,
  );
  if (rule === undefined || first === undefined) return usd;
  const isOfMonth = first.fromMs >= month.beganMs && first.fromMs < month.endsMs && first.fromMs <= untilMs;
  if (!isOfMonth) return usd;
  return Math.max(usd, rule.leastUsd, (rule.leastSeconds / 3600) * first.hourlyUsd);
}

/** What is kept (a snapshot, a volume, an address): its monthly price for the part of the month. */
export function storedUsd(
  times: readonly Pick<Priced, 'fromMs' | 'toMs' | 'monthlyUsd'>[],
  month: Month,
  untilMs: number,
): number {
  const wholeMs = month.endsMs - month.beganMs;
  return times.reduce(
    (sum, time) => sum + (time.monthlyUsd * millisecondsIn(time, month, untilMs)) / wholeMs,
    0,
  );
}

/** A monthly price as one per hour of the month. */
export function perHour(monthlyUsd: number, { beganMs, endsMs }: Month): number {
  return (monthlyUsd * HOUR_MS) / (endsMs - beganMs);
}

/** A monthly price of zero says that the provider told none. */
function capped(usd: number, monthlyUsd: number): number {
  return monthlyUsd > 0 ? Math.min(usd, monthlyUsd) : usd;
}

function millisecondsIn(
  { fromMs, toMs }: Pick<Priced, 'fromMs' | 'toMs'>,
  { beganMs, endsMs }: Month,
  untilMs: number,
): number {
  const begins = Math.max(fromMs, beganMs);
  const ends = Math.min(toMs ?? untilMs, endsMs, untilMs);
  return Math.max(0, ends - begins);
}
