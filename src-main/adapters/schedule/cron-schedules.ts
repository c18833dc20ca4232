/** Cron words by croner, which knows zones and their changes of time. */
import { Cron } from 'croner';
import { BerthError } from '#contract/berth-error.ts';
import type { Schedules } from '../../control-plane/interfaces/schedule.ts';

export function createSchedules(): Schedules {
  return {
    next(words, timeZone, afterMs, count) {
      try {
        // Five words: seconds would let a person make a snapshot each second.
        const cron = new Cron(words, { timezone: timeZone, mode: '5-part', paused: true });
        return cron.nextRuns(count, new Date(afterMs)).map((date) => date.getTime());
      } catch (cause) {
        throw scheduleError(timeZone, cause);
      }
    },
  };
}

function scheduleError(timeZone: string, cause: unknown): BerthError {
  const field = isZone(timeZone) ? 'schedule' : 'timeZone';
  const rule =
    field === 'timeZone'
      ? 'must be the name of a time zone, as Europe/Berlin'
      : `must be five cron words (minute, hour, day, month, day of week)${reasonOf(cause)}`;
  return new BerthError('invalid-input', `Not valid: ${field}: ${rule}.`, {
    cause,
    details: { fields: [`${field}: ${rule}`] },
  });
}

function isZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** croner's own words, without its prefix; they name the part that is wrong. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return '';
  const text = cause.message.replace(/^CronPattern: /, '').slice(0, 200);
  return text === '' ? '' : `: ${text}`;
}
