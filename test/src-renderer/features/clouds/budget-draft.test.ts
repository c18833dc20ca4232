/** A budget is what was typed, or says which rule that breaks. */
import { expect, it } from 'vitest';
import { readBudget } from '#renderer/features/clouds/budget-draft.ts';

it.each([
  ['', '80', { monthlyUsd: null, warnAtPercent: 80 }],
  ['40', '100', { monthlyUsd: 40, warnAtPercent: 100 }],
  ['$ 12.50', '90 %', { monthlyUsd: 12.5, warnAtPercent: 90 }],
  ['12,50', '10', { monthlyUsd: 12.5, warnAtPercent: 10 }],
])('“%s” and “%s” are a budget', (limit, warnAt, budget) => {
  expect(readBudget(limit, warnAt)).toEqual({ budget });
});

it.each([
  ['much', '80', ['budget.monthlyUsd']],
  ['-4', '80', ['budget.monthlyUsd']],
  ['1.234', '80', ['budget.monthlyUsd']],
  ['99999999', '80', ['budget.monthlyUsd']],
  ['40', '', ['budget.warnAtPercent']],
  ['40', '9', ['budget.warnAtPercent']],
  ['40', '101', ['budget.warnAtPercent']],
  ['x', 'y', ['budget.monthlyUsd', 'budget.warnAtPercent']],
])('“%s” and “%s” are none', (limit, warnAt, fields) => {
  const read = readBudget(limit, warnAt);
  expect(Object.keys('errors' in read ? read.errors : {}).sort()).toEqual(fields);
});
