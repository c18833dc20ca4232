/** Costs in words, bars in shares, and a budget's warning once for each step. */
import { describe, expect, it } from 'vitest';
import {
  type BudgetState,
  budgetShare,
  budgetWarning,
  costRows,
  costStateText,
  graverBudgets,
  type HostCost,
} from '#renderer/features/clouds/cost-words.ts';
import { cloudId } from '../../machine-fixtures.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const budget = (level: BudgetState['level'], more: Partial<BudgetState> = {}): BudgetState => ({
  ...{ cloudId: cloudId(1), monthlyUsd: 60, spentUsd: 50.94, forecastUsd: 81.4 },
  level,
  ...more,
});
const host = (name: string, monthUsd: number): HostCost => ({
  ...{ machineId: null, hostId: null, cloudId: cloudId(1), state: 'on', perHourUsd: 0.01 },
  ...{ name, monthUsd },
});

it.each([
  ['on', 0.0357, null, '$0.0357 an hour'],
  ['off', 0.036, null, 'switched off, still costs $0.036 an hour'],
  ['asleep', 0, 1.26, 'asleep, kept for $1.26 a month'],
  ['asleep', 0, null, 'asleep'],
  ['destroyed', 0, null, 'destroyed, costs nothing any more'],
  ['unknown', 0, null, 'not known now'],
  ['unknown', 0.02, null, 'not known now, at last $0.02 an hour'],
] as const)('a host that is %s at %d says so', (state, perHourUsd, storedUsd, text) => {
  expect(plain(costStateText({ state, perHourUsd }, storedUsd))).toBe(text);
});

it('puts the dearest first and measures the others by it', () => {
  const rows = costRows([host('small', 5), host('large', 20), host('none', 0)]);
  expect(rows.map(({ host: { name }, share }) => [name, share])).toEqual([
    ['large', 1],
    ['small', 0.25],
    ['none', 0],
  ]);
  expect(costRows([host('none', 0)])[0]?.share).toBe(0);
});

it('has a share where there is a budget, also of nothing', () => {
  expect(budgetShare(budget('near'))).toBeCloseTo(0.849);
  expect(budgetShare(budget('none', { monthlyUsd: null }))).toBeNull();
  expect(budgetShare(budget('over', { monthlyUsd: 0 }))).toBe(1);
  expect(budgetShare(budget('within', { monthlyUsd: 0, spentUsd: 0 }))).toBe(0);
});

describe('the warning of a budget', () => {
  it('is silent within it and without one', () => {
    expect(budgetWarning(budget('within'), 'Ocean')).toBeNull();
    expect(budgetWarning(budget('none', { monthlyUsd: null }), 'Ocean')).toBeNull();
  });

  it('says how much, and what the month comes to', () => {
    const warning = budgetWarning(budget('near'), 'Ocean');
    expect(plain(warning?.title ?? '')).toBe('84 % of the budget of Ocean is used');
    expect(warning?.spent).toBe('$50.94 of $60.00 this month.');
    expect(warning?.forecast).toMatch(/\$81\.40/);
    expect(budgetWarning(budget('over'), 'Ocean')?.title).toBe('The budget of Ocean is used up');
  });

  it('has no forecast where nothing more is to come', () => {
    expect(budgetWarning(budget('near', { forecastUsd: 50.94 }), 'Ocean')?.forecast).toBe('');
  });

  it('comes once for each step up, and never on the way down', () => {
    expect(graverBudgets(null, [budget('near')])).toHaveLength(1);
    expect(graverBudgets(null, [budget('within')])).toHaveLength(0);
    expect(graverBudgets([budget('within')], [budget('near')])).toHaveLength(1);
    expect(graverBudgets([budget('near')], [budget('near')])).toHaveLength(0);
    expect(graverBudgets([budget('near')], [budget('over')])).toHaveLength(1);
    expect(graverBudgets([budget('over')], [budget('near')])).toHaveLength(0);
    expect(graverBudgets([budget('over')], [budget('over', { cloudId: cloudId(2) })])).toHaveLength(1);
  });
});
