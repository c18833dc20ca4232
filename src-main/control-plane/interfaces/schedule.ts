/** Cron words: minute, hour, day of month, month, day of week (crontab(5)), read in a time zone. */
export interface Schedules {
  /**
   * The moments after `afterMs`, at most `count`, as milliseconds since 1970. Empty: it never comes. Throws invalid-input
   * that says what is wrong with the words or the zone.
   */
  next(words: string, timeZone: string, afterMs: number, count: number): number[];
}
