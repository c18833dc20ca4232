import { describe, expect, it } from 'vitest';
import type { SnapshotId } from '#contract/ids.ts';
import { planKeeping } from '#main/control-plane/snapshots/keep.ts';

const nothing = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0 };
const idOf = (number: number) => `snap_${String(number).padStart(20, '0')}` as SnapshotId;
const at = (number: number, createdAt: string, over: object = {}) => ({
  id: idOf(number),
  createdAt,
  isPinned: false,
  sizeBytes: 10,
  reason: 'schedule' as const,
  ...over,
});
/** Every hour of three days, the newest first. */
const hours = Array.from({ length: 72 }, (_, index) =>
  at(index, new Date(Date.UTC(2026, 2, 10, 23) - index * 3_600_000).toISOString()),
);

describe('what a rule keeps', () => {
  it('keeps the last ones, whatever their age', () => {
    const plan = planKeeping(hours, { ...nothing, last: 3 }, 'UTC');
    expect(plan.keeps.map(({ id }) => id)).toEqual([idOf(0), idOf(1), idOf(2)]);
    expect(plan.destroys).toHaveLength(69);
    expect(plan.freesBytes).toBe(690);
  });

  it('keeps the newest of each day, and says which day', () => {
    const plan = planKeeping(hours, { ...nothing, daily: 2 }, 'UTC');
    expect(plan.keeps).toEqual([
      { id: idOf(0), reasons: ['daily 2026-03-10'] },
      { id: idOf(24), reasons: ['daily 2026-03-09'] },
    ]);
  });

  it('reads days in the zone of the rule', () => {
    const plan = planKeeping(hours, { ...nothing, daily: 2 }, 'Asia/Tokyo');
    // 23:00 UTC is 08:00 of the next day in Tokyo, whose day before ended at 14:59 UTC.
    expect(plan.keeps.map(({ id }) => id)).toEqual([idOf(0), idOf(9)]);
    expect(plan.keeps[0]?.reasons).toEqual(['daily 2026-03-11']);
  });

  it('counts only periods that have a snapshot', () => {
    const sparse = [at(1, '2026-05-01T00:00:00.000Z'), at(2, '2025-01-01T00:00:00.000Z')];
    expect(planKeeping(sparse, { ...nothing, monthly: 2 }, 'UTC').destroys).toEqual([]);
  });

  it('weeks are those of ISO 8601, also over the end of a year', () => {
    const days = [
      at(1, '2027-01-03T12:00:00.000Z'),
      at(2, '2026-12-28T12:00:00.000Z'),
      at(3, '2026-12-27T12:00:00.000Z'),
    ];
    const plan = planKeeping(days, { ...nothing, weekly: 5 }, 'UTC');
    expect(plan.keeps).toEqual([
      { id: idOf(1), reasons: ['weekly 2026-W53'] },
      { id: idOf(3), reasons: ['weekly 2026-W52'] },
    ]);
  });

  it('never touches pinned ones, moves and imports, and they count for nothing', () => {
    const snapshots = [
      at(1, '2026-01-05T00:00:00.000Z', { isPinned: true }),
      at(2, '2026-01-04T00:00:00.000Z', { reason: 'import' }),
      at(3, '2026-01-03T00:00:00.000Z'),
      at(4, '2026-01-02T00:00:00.000Z'),
    ];
    const plan = planKeeping(snapshots, { ...nothing, last: 1 }, 'UTC');
    expect(plan.keeps.map(({ reasons }) => reasons[0])).toEqual(['pinned', 'import', 'last']);
    expect(plan.destroys).toEqual([idOf(4)]);
  });

  it('keeps the newest where the rule would keep none', () => {
    expect(planKeeping(hours, nothing, 'UTC').keeps).toEqual([{ id: idOf(0), reasons: ['last'] }]);
    expect(planKeeping([], nothing, 'UTC')).toEqual({ keeps: [], destroys: [], freesBytes: 0 });
  });

  it('keeps or destroys each exactly once', () => {
    const plan = planKeeping(hours, { last: 2, hourly: 5, daily: 3, weekly: 1, monthly: 1 }, 'Europe/Berlin');
    const all = [...plan.keeps.map(({ id }) => id), ...plan.destroys];
    expect(new Set(all).size).toBe(72);
    expect(all).toHaveLength(72);
  });
});
