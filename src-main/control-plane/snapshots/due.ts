/** When a snapshot is due by a schedule and quiet hours. Pure but for the schedule itself. */
import type { SnapshotRules } from '#contract/snapshot-rules.ts';
import type { Schedules } from '../interfaces/schedule.ts';

type Timing = Pick<SnapshotRules, 'schedule' | 'timeZone' | 'quietHours'>;

/** The next moments after `afterMs`, moved out of quiet hours; two that meet at the end of those are one. */
export function dueTimes(schedules: Schedules, timing: Timing, afterMs: number, count: number): number[] {
  if (timing.schedule === null) return [];
  const times: number[] = [];
  let fromMs = afterMs;
  while (times.length < count) {
    const [timeMs] = schedules.next(timing.schedule, timing.timeZone, fromMs, 1);
    if (timeMs === undefined) break;
    // Whatever else falls into the same quiet hours is made with this one.
    fromMs = afterQuiet(timeMs, timing);
    times.push(fromMs);
  }
  return times;
}

/** `timeMs`, or the end of the quiet hours that it falls into. Whole minutes; a change of clocks moves it by its own hour. */
export function afterQuiet(timeMs: number, { timeZone, quietHours }: Omit<Timing, 'schedule'>): number {
  if (quietHours === null) return timeMs;
  const now = minuteOfDay(timeMs, timeZone);
  const from = minutes(quietHours.from);
  const to = minutes(quietHours.to);
  const isQuiet = from <= to ? now >= from && now < to : now >= from || now < to;
  if (!isQuiet) return timeMs;
  const waitMinutes = (to - now + 1440) % 1440;
  return Math.floor(timeMs / 60_000) * 60_000 + waitMinutes * 60_000;
}

function minutes(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}

function minuteOfDay(timeMs: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-u-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    hour: 'numeric',
    minute: 'numeric',
  }).formatToParts(new Date(timeMs));
  const at = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0);
  return at('hour') * 60 + at('minute');
}
