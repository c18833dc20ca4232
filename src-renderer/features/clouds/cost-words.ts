/** What costs, in words and shares. Pure. */
import type { CostReport } from '#contract/clouds.ts';
import { formatPerHour, formatPerMonth, formatUsd } from '../../components/money.ts';

export type HostCost = CostReport['hosts'][number];
export type BudgetState = CostReport['budgets'][number];

/** The dearest of the month first. */
export function costRows(hosts: readonly HostCost[]): { readonly host: HostCost; readonly share: number }[] {
  const most = Math.max(0, ...hosts.map(({ monthUsd }) => monthUsd));
  return hosts
    .toSorted((a, b) => b.monthUsd - a.monthUsd || b.perHourUsd - a.perHourUsd)
    .map((host) => ({ host, share: most === 0 ? 0 : host.monthUsd / most }));
}

/** `storedUsd`: what its files cost in a month where they lie; null where there is nothing or it is not known. */
export function costStateText(
  { state, perHourUsd }: Pick<HostCost, 'state' | 'perHourUsd'>,
  storedUsd: number | null,
): string {
  switch (state) {
    case 'on':
      return formatPerHour(perHourUsd);
    case 'off':
      return `switched off, still costs ${formatPerHour(perHourUsd)}`;
    case 'asleep':
      return storedUsd === null ? 'asleep' : `asleep, kept for ${formatPerMonth(storedUsd)}`;
    case 'destroyed':
      return 'destroyed, costs nothing any more';
    case 'unknown':
      return perHourUsd === 0 ? 'not known now' : `not known now, at last ${formatPerHour(perHourUsd)}`;
    default:
      return state satisfies never;
  }
}

/** Null: there is no budget. */
export function budgetShare({
  monthlyUsd,
  spentUsd,
}: Pick<BudgetState, 'monthlyUsd' | 'spentUsd'>): number | null {
  if (monthlyUsd === null) return null;
  if (monthlyUsd === 0) return spentUsd > 0 ? 1 : 0;
  return spentUsd / monthlyUsd;
}

export interface BudgetWarning {
  /** "84 % of the budget of DigitalOcean is used". */
  readonly title: string;
  readonly spent: string;
  /** What the month comes to, as a sentence; empty where it is no more than that. */
  readonly forecast: string;
}

/** Null where nothing need be said. */
export function budgetWarning(budget: BudgetState, label: string): BudgetWarning | null {
  const share = budgetShare(budget);
  if (share === null || (budget.level !== 'near' && budget.level !== 'over')) return null;
  return {
    title:
      budget.level === 'over'
        ? `The budget of ${label} is used up`
        : `${Math.floor(share * 100)}\u00a0% of the budget of ${label} is used`,
    spent: `${formatUsd(budget.spentUsd)} of ${formatUsd(budget.monthlyUsd)} this month.`,
    forecast:
      budget.forecastUsd > budget.spentUsd
        ? `If everything stays as it is, it is ${formatUsd(budget.forecastUsd)} at the end of the month.`
        : '',
  };
}

const gravity: Readonly<Record<BudgetState['level'], number>> = { none: 0, within: 0, near: 1, over: 2 };

/** Budgets that have come to a graver level since `before`; everything that is grave where nothing was known before. */
export function graverBudgets(
  before: readonly BudgetState[] | null,
  now: readonly BudgetState[],
): BudgetState[] {
  return now.filter((budget) => {
    const earlier = before?.find(({ cloudId }) => cloudId === budget.cloudId);
    return gravity[budget.level] > (earlier === undefined ? 0 : gravity[earlier.level]);
  });
}
