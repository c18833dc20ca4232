/** How long something took or lasts, in words of a sentence. Pure. */

/** As a person reads it: whole hours, minutes or seconds, whichever is exact enough. */
export function durationWords(timeMs: number): string {
  const [value, unit] =
    timeMs >= 2 * 3_600_000
      ? [timeMs / 3_600_000, 'hours']
      : timeMs >= 2 * 60_000
        ? [timeMs / 60_000, 'minutes']
        : [timeMs / 1_000, 'seconds'];
  return `${Math.round(value * 10) / 10} ${unit}`;
}
