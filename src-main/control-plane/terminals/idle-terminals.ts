/**
 * Which terminals nobody uses any more: nobody watches, and neither was anything typed nor printed for so long. One whose
 * shell says that a command runs in it is in use however silent that is; a shell that says nothing of its commands (any but
 * a bash with shell integration) is judged by its silence alone. Pure.
 */

export interface TerminalUse {
  readonly clientCount: number;
  /** On the monotonic clock. */
  readonly usedAtMs: number;
  readonly isCommandRunning: boolean;
}

export function isIdle(use: TerminalUse, nowMs: number, timeoutMs: number): boolean {
  return use.clientCount === 0 && !use.isCommandRunning && nowMs - use.usedAtMs >= timeoutMs;
}

/** How often to look: late by at most a tenth of the time, and no more than once a second. */
export function lookEveryMs(timeoutMs: number): number {
  return Math.min(60_000, Math.max(1_000, timeoutMs / 10));
}

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
