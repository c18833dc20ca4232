/** The rule of what stays, as five typed numbers, and why a snapshot stays, in words. Pure. */
import { KeepRule } from '#contract/snapshot-rules.ts';

export type KeepField = keyof KeepRule;
export type KeepDraft = Readonly<Record<KeepField, string>>;

export const keepFields: readonly { readonly field: KeepField; readonly label: string }[] = [
  { field: 'last', label: 'Last' },
  { field: 'hourly', label: 'Hourly' },
  { field: 'daily', label: 'Daily' },
  { field: 'weekly', label: 'Weekly' },
  { field: 'monthly', label: 'Monthly' },
];

export function keepDraft(rule: KeepRule): KeepDraft {
  return {
    last: String(rule.last),
    hourly: String(rule.hourly),
    daily: String(rule.daily),
    weekly: String(rule.weekly),
    monthly: String(rule.monthly),
  };
}

export type KeepErrors = Readonly<Partial<Record<KeepField, string>>>;

/** Empty counts as 0. A rule that keeps nothing at all is no rule. */
export function readKeep(draft: KeepDraft): { readonly keep: KeepRule } | { readonly errors: KeepErrors } {
  const errors: Partial<Record<KeepField, string>> = {};
  const numbers: Partial<Record<KeepField, number>> = {};
  for (const { field } of keepFields) {
    const text = draft[field].trim();
    const number = text === '' ? 0 : Number(text);
    if (!/^\d*$/.test(text) || !KeepRule.shape[field].safeParse(number).success) errors[field] = '0 to 1000';
    else numbers[field] = number;
  }
  if (Object.keys(errors).length > 0) return { errors };
  const keep = KeepRule.parse(numbers);
  if (keepFields.every(({ field }) => keep[field] === 0))
    return { errors: { last: 'at least one number must not be 0' } };
  return { keep };
}

const spans: Readonly<Record<string, string>> = {
  hourly: 'newest of its hour',
  daily: 'newest of its day',
  weekly: 'newest of its week',
  monthly: 'newest of its month',
};

/** `daily 2026-11-25` is "newest of its day, 2026-11-25"; what is not known stays as it is. */
export function keepReasonWords(reason: string): string {
  if (reason === 'pinned') return 'pinned';
  if (reason === 'last') return 'one of the last';
  if (reason === 'import') return 'imported';
  if (reason === 'move') return 'made for a move';
  const [kind = '', ...rest] = reason.split(' ');
  const words = spans[kind];
  if (words === undefined) return reason;
  return rest.length === 0 ? words : `${words}, ${rest.join(' ')}`;
}

/** "5 last, 24 hourly, 7 daily": what a rule keeps, in one line. Null: all. */
export function keepWords(keep: KeepRule | null): string {
  if (keep === null) return 'all stay';
  const parts = keepFields.filter(({ field }) => keep[field] > 0);
  return `${parts.map(({ field }) => `${keep[field]} ${field}`).join(', ')} stay`;
}
