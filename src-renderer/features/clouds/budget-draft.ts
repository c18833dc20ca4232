/** A budget as it is typed. Pure. */
import { CloudBudget } from '#contract/clouds.ts';

export type ReadBudget =
  | { readonly budget: CloudBudget }
  | { readonly errors: Readonly<Record<string, string>> };

/** Fields are named as in the request. An empty limit is no budget. */
export function readBudget(limit: string, warnAt: string): ReadBudget {
  const errors: Record<string, string> = {};
  const text = limit
    .trim()
    .replace(/^\$\s*/, '')
    .replace(',', '.');
  const isNumber = /^\d+(\.\d{1,2})?$/.test(text);
  if (text !== '' && !isNumber) errors['budget.monthlyUsd'] = 'must be an amount as 40 or 12.50';
  const percent = warnAt.trim().replace(/\s*%$/, '');
  const read = CloudBudget.safeParse({
    monthlyUsd: text === '' ? null : Number(text),
    warnAtPercent: /^\d+$/.test(percent) ? Number(percent) : null,
  });
  for (const { path } of read.error?.issues ?? []) {
    if (path[0] === 'monthlyUsd') errors['budget.monthlyUsd'] ??= 'must be at most 10,000,000';
    else errors['budget.warnAtPercent'] ??= 'must be a whole number from 10 to 100';
  }
  return read.success && Object.keys(errors).length === 0 ? { budget: read.data } : { errors };
}
