/** What somebody has of each thing, and may have, as lines that a person reads. Pure. */
import type { Quota, Usage } from '#contract/users.ts';
import { formatBytes } from '../../components/format.ts';

export interface QuotaLine {
  readonly key: keyof Quota;
  readonly label: string;
  /** As "3" or "12.0 GiB"; a thing that was not measured yet is a dash. */
  readonly used: string;
  /** Null: no limit. */
  readonly limit: string | null;
  /** Of the limit, 0 to 1 and beyond; null: there is none, or nothing was measured. */
  readonly part: number | null;
}

const count = (value: number) => new Intl.NumberFormat('en').format(value);
/** Halves and tenths of a processor are usual; "2.0" says no more than "2". */
const cpus = (value: number) => count(Math.round(value * 100) / 100);

const rows = [
  { key: 'workspaces', label: 'Workspaces', format: count },
  { key: 'cpus', label: 'Processors', format: cpus },
  { key: 'memoryBytes', label: 'Memory', format: formatBytes },
  { key: 'diskBytes', label: 'Disk', format: formatBytes },
  { key: 'snapshots', label: 'Snapshots', format: count },
] as const;

export function quotaLines(usage: Usage, quota: Quota): readonly QuotaLine[] {
  return rows.map(({ key, label, format }) => {
    const used = usage[key];
    const limit = quota[key];
    return {
      key,
      label,
      used: used === null ? '–' : format(used),
      limit: limit === null ? null : format(limit),
      part: partOf(used, limit),
    };
  });
}

/** A limit of nothing is used up by nothing. */
function partOf(used: number | null, limit: number | null): number | null {
  if (used === null || limit === null) return null;
  return limit === 0 ? 1 : used / limit;
}
