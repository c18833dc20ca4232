/** Limits as they are typed: numbers, sizes in GiB, nothing for no limit. Pure. */
import { Quota } from '#contract/users.ts';

export type QuotaDraft = Readonly<Record<keyof Quota, string>>;

const gib = 1024 ** 3;

export function quotaDraft(quota: Quota): QuotaDraft {
  const size = (bytes: number | null) =>
    bytes === null ? '' : String(Math.round((bytes / gib) * 100) / 100);
  const count = (value: number | null) => (value === null ? '' : String(value));
  return {
    workspaces: count(quota.workspaces),
    cpus: count(quota.cpus),
    memoryBytes: size(quota.memoryBytes),
    diskBytes: size(quota.diskBytes),
    snapshots: count(quota.snapshots),
  };
}

/** The limits that changed, or which fields break which rule. */
export function readQuotaDraft(
  draft: QuotaDraft,
  before: Quota,
):
  | { readonly change: Partial<Quota>; readonly errors?: undefined }
  | { readonly errors: Readonly<Record<string, string>> } {
  const unchanged = quotaDraft(before);
  const change: Partial<Record<keyof Quota, number | null>> = {};
  const errors: Record<string, string> = {};
  for (const key of Object.keys(draft) as (keyof Quota)[]) {
    const text = draft[key].trim().replace(',', '.');
    // As it was: a size that is no round number of GiB stays what it is.
    if (text === unchanged[key]) continue;
    const typed = text === '' ? null : Number(text);
    const isSize = key === 'memoryBytes' || key === 'diskBytes';
    const value = typed === null || !isSize ? typed : Math.round(typed * gib);
    const parsed = Quota.shape[key].safeParse(value);
    if (typed !== null && !/^\d+(\.\d+)?$/.test(text))
      errors[key] = 'must be a number, or empty for no limit';
    else if (!parsed.success)
      errors[key] = Number.isInteger(typed) ? 'is more than can be set' : 'must be a whole number';
    else change[key] = parsed.data;
  }
  return Object.keys(errors).length > 0 ? { errors } : { change };
}
