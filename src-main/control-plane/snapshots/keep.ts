/**
 * Which snapshots a rule keeps, and why. Pure. As restic(1) `forget` counts: the newest snapshot of each of the last N
 * hours, days, weeks, months that have any, in the rule's time zone.
 */
import type { SnapshotId } from '#contract/ids.ts';
import type { KeepPlan, KeepRule } from '#contract/snapshot-rules.ts';
import type { Snapshot } from '#contract/snapshots.ts';

type Kept = Pick<Snapshot, 'id' | 'createdAt' | 'isPinned' | 'sizeBytes' | 'reason'>;

interface Period {
  readonly word: 'hourly' | 'daily' | 'weekly' | 'monthly';
  /** Equal for two moments of the same period. */
  readonly nameOf: (at: ZonedMoment) => string;
}

interface ZonedMoment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
}

const two = (value: number) => String(value).padStart(2, '0');
const dayName = ({ year, month, day }: ZonedMoment) => `${year}-${two(month)}-${two(day)}`;

const periods: readonly Period[] = [
  { word: 'hourly', nameOf: (at) => `${dayName(at)} ${two(at.hour)}:00` },
  { word: 'daily', nameOf: dayName },
  { word: 'weekly', nameOf: weekName },
  { word: 'monthly', nameOf: ({ year, month }) => `${year}-${two(month)}` },
];

/** ISO 8601 week: the week of its Thursday. */
function weekName({ year, month, day }: ZonedMoment): string {
  const date = new Date(Date.UTC(year, month - 1, day));
  date.setUTCDate(date.getUTCDate() + 4 - (date.getUTCDay() || 7));
  const first = Date.UTC(date.getUTCFullYear(), 0, 1);
  return `${date.getUTCFullYear()}-W${two(Math.ceil(((date.getTime() - first) / 86_400_000 + 1) / 7))}`;
}

function momentReader(timeZone: string): (instant: string) => ZonedMoment {
  const format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
  });
  return (instant) => {
    const parts = new Map(
      format.formatToParts(new Date(instant)).map(({ type, value }) => [type, Number(value)]),
    );
    const at = (type: 'year' | 'month' | 'day' | 'hour') => parts.get(type) ?? 0;
    return { year: at('year'), month: at('month'), day: at('day'), hour: at('hour') };
  };
}

/**
 * Pinned snapshots stay and count for nothing, and so do those of moves and imports: no clock made them, so none deletes
 * them. A rule that keeps nothing keeps the newest all the same.
 */
export function planKeeping(snapshots: readonly Kept[], rule: KeepRule, timeZone: string): KeepPlan {
  const reasons = new Map<SnapshotId, string[]>();
  const give = (id: SnapshotId, reason: string) => reasons.set(id, [...(reasons.get(id) ?? []), reason]);
  const newestFirst = snapshots.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
  const counted: Kept[] = [];
  for (const snapshot of newestFirst) {
    if (snapshot.isPinned) give(snapshot.id, 'pinned');
    else if (snapshot.reason === 'import' || snapshot.reason === 'move') give(snapshot.id, snapshot.reason);
    else counted.push(snapshot);
  }
  for (const { id } of counted.slice(0, Math.max(rule.last, isEmpty(rule) ? 1 : 0))) give(id, 'last');
  const read = momentReader(timeZone);
  for (const { word, nameOf } of periods) {
    const seen = new Set<string>();
    for (const { id, createdAt } of counted) {
      if (seen.size >= rule[word]) break;
      const name = nameOf(read(createdAt));
      if (seen.has(name)) continue;
      seen.add(name);
      give(id, `${word} ${name}`);
    }
  }
  const destroyed = newestFirst.filter(({ id }) => !reasons.has(id));
  return {
    keeps: newestFirst
      .filter(({ id }) => reasons.has(id))
      .map(({ id }) => ({ id, reasons: reasons.get(id) ?? [] })),
    destroys: destroyed.map(({ id }) => id),
    freesBytes: destroyed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

function isEmpty(rule: KeepRule): boolean {
  return Object.values(rule).every((count) => count === 0);
}
