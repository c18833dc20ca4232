/**
 * When snapshots are made by a clock: the choices that a person has, and the five cron words that they stand for. Pure.
 * What no choice stands for is shown as cron words, as it is; nothing that was set is lost by looking at it.
 */
export const everyHoursChoices = ['2', '3', '4', '6', '8', '12'] as const;
export type EveryHours = (typeof everyHoursChoices)[number];

export const weekdays = [
  { value: '1', label: 'Monday' },
  { value: '2', label: 'Tuesday' },
  { value: '3', label: 'Wednesday' },
  { value: '4', label: 'Thursday' },
  { value: '5', label: 'Friday' },
  { value: '6', label: 'Saturday' },
  { value: '0', label: 'Sunday' },
] as const;
export type Weekday = (typeof weekdays)[number]['value'];

export type ScheduleKind = 'off' | 'hourly' | 'hours' | 'daily' | 'weekly' | 'cron';

export interface ScheduleDraft {
  readonly kind: ScheduleKind;
  /** Only numbers that divide a day: with others the last step of each day would be shorter than was said. */
  readonly everyHours: EveryHours;
  readonly time: string;
  readonly weekday: Weekday;
  readonly cron: string;
}

export const newSchedule: ScheduleDraft = {
  kind: 'off',
  everyHours: '6',
  time: '02:00',
  weekday: '1',
  cron: '',
};

const pad = (value: string) => value.padStart(2, '0');
const isMinute = (word: string) => /^[0-5]?\d$/.test(word);
const isHour = (word: string) => /^([01]?\d|2[0-3])$/.test(word);

/** The choice that stands for a schedule. */
export function scheduleDraft(schedule: string | null): ScheduleDraft {
  if (schedule === null) return newSchedule;
  const cron = schedule.trim().split(/\s+/).join(' ');
  const draft = { ...newSchedule, cron };
  const [minute = '', hour = '', day, month, weekday = '', ...more] = cron.split(' ');
  if (more.length > 0 || day !== '*' || month !== '*' || !isMinute(minute)) return { ...draft, kind: 'cron' };
  if (weekday === '*' && Number(minute) === 0) {
    if (hour === '*' || hour === '*/1') return { ...draft, kind: 'hourly' };
    const every = everyHoursChoices.find((choice) => hour === `*/${choice}`);
    if (every !== undefined) return { ...draft, kind: 'hours', everyHours: every };
  }
  if (!isHour(hour)) return { ...draft, kind: 'cron' };
  const time = `${pad(hour)}:${pad(minute)}`;
  if (weekday === '*') return { ...draft, kind: 'daily', time };
  const named = weekdays.find(({ value }) => value === (weekday === '7' ? '0' : weekday));
  return named === undefined
    ? { ...draft, kind: 'cron' }
    : { ...draft, kind: 'weekly', time, weekday: named.value };
}

export type ReadSchedule =
  | { readonly schedule: string | null }
  /** Names the field of the draft and the rule that it breaks. */
  | { readonly field: 'time' | 'cron'; readonly rule: string };

const timePattern = /^([01]?\d|2[0-3]):([0-5]\d)$/;

/** "9:05" is as good as "09:05". Undefined: no time of day. */
export function readTimeOfDay(text: string): string | undefined {
  const found = timePattern.exec(text.trim());
  return found ? `${pad(found[1] ?? '')}:${found[2]}` : undefined;
}

export const timeRule = 'must be a time of day as 22:00';

export function readSchedule(draft: ScheduleDraft): ReadSchedule {
  switch (draft.kind) {
    case 'off':
      return { schedule: null };
    case 'hourly':
      return { schedule: '0 * * * *' };
    case 'hours':
      return { schedule: `0 */${draft.everyHours} * * *` };
    case 'daily':
    case 'weekly': {
      const time = readTimeOfDay(draft.time);
      if (time === undefined) return { field: 'time', rule: timeRule };
      const [hour, minute] = time.split(':').map(Number);
      return { schedule: `${minute} ${hour} * * ${draft.kind === 'daily' ? '*' : draft.weekday}` };
    }
    case 'cron': {
      const words = draft.cron.trim().split(/\s+/).filter(Boolean);
      if (words.length !== 5)
        return { field: 'cron', rule: 'must be five words: minute, hour, day of month, month, day of week' };
      return { schedule: words.join(' ') };
    }
    default:
      return draft.kind satisfies never;
  }
}

/** As it stands in a sentence: "every 6 hours", "daily at 02:00". */
export function scheduleWords(schedule: string | null): string {
  const draft = scheduleDraft(schedule);
  switch (draft.kind) {
    case 'off':
      return 'by hand only';
    case 'hourly':
      return 'every hour';
    case 'hours':
      return `every ${draft.everyHours} hours`;
    case 'daily':
      return `daily at ${draft.time}`;
    case 'weekly':
      return `${weekdays.find(({ value }) => value === draft.weekday)?.label ?? ''}s at ${draft.time}`;
    case 'cron':
      return `by the cron words ${draft.cron}`;
    default:
      return draft.kind satisfies never;
  }
}
