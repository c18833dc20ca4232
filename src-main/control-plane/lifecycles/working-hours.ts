/**
 * When working hours begin and end, in their own time zone: pure. A time of day that a change to summer time leaves out, or
 * that comes twice at its end, is read as calendars read it (RFC 5545, 3.3.5): with the offset from before the gap, and as the
 * first of the two.
 */
import type { LifecyclePolicy } from '#contract/lifecycles.ts';

export type WorkingHours = NonNullable<LifecyclePolicy['hours']>;

const DAY_MS = 86_400_000;
/** Days that are looked at after today: a week, and one more whose end may lie in the day after it. */
const DAYS_AHEAD = 8;

export interface HoursAround {
  /** Those that go on now. `endMs` null: they do not end within a week. */
  readonly now: { readonly startMs: number; readonly endMs: number | null } | null;
  /** When the last ones ended that are over; null: not within two days. */
  readonly lastEndMs: number | null;
  /** When the next ones begin; null: not within a week. */
  readonly nextStartMs: number | null;
}

export function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone }).format(0);
    return true;
  } catch {
    return false;
  }
}

/** Milliseconds since 1970. */
export function hoursAround(hours: WorkingHours, atMs: number): HoursAround {
  const zone = new Zone(hours.timeZone);
  const today = Math.floor(zone.wallMs(atMs) / DAY_MS);
  const periods: { startMs: number; endMs: number }[] = [];
  for (let day = today - 2; day <= today + DAYS_AHEAD; day++) {
    if (!hours.days.includes(isoWeekday(day))) continue;
    const startMs = zone.instantMs(day * DAY_MS + timeOfDayMs(hours.from));
    const endDay = hours.to <= hours.from ? day + 1 : day;
    const endMs = zone.instantMs(endDay * DAY_MS + timeOfDayMs(hours.to));
    const last = periods.at(-1);
    // Nights that follow each other without a gap are one period; a gap of summer time may eat one wholly.
    if (last !== undefined && startMs <= last.endMs) last.endMs = Math.max(last.endMs, endMs);
    else if (endMs > startMs) periods.push({ startMs, endMs });
  }
  const now = periods.find(({ endMs, startMs }) => startMs <= atMs && atMs < endMs);
  const horizonMs = atMs + (DAYS_AHEAD - 1) * DAY_MS;
  return {
    now: now === undefined ? null : { startMs: now.startMs, endMs: now.endMs > horizonMs ? null : now.endMs },
    lastEndMs: periods.findLast(({ endMs }) => endMs <= atMs)?.endMs ?? null,
    nextStartMs: periods.find(({ startMs }) => startMs > atMs)?.startMs ?? null,
  };
}

/** 1970-01-01 was a Thursday (4). */
function isoWeekday(day: number): number {
  return ((((day + 3) % 7) + 7) % 7) + 1;
}

function timeOfDayMs(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return (hours * 60 + minutes) * 60_000;
}

class Zone {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** What the clocks there show, as if it were UTC. */
  wallMs(atMs: number): number {
    const parts = new Map(this.#format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
    const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  }

  instantMs(wallMs: number): number {
    const offsetMs = (atMs: number) => this.wallMs(atMs) - Math.floor(atMs / 1_000) * 1_000;
    // No zone is further from UTC than a day, and none changes twice within two.
    const before = offsetMs(wallMs - DAY_MS);
    const after = offsetMs(wallMs + DAY_MS);
    const isThere = (offset: number) => offsetMs(wallMs - offset) === offset;
    if (isThere(before)) return wallMs - before;
    return isThere(after) ? wallMs - after : wallMs - before;
  }
}
