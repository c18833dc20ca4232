/** When a screen and its sound try again, and when they let go. Pure. */
import type { BerthError } from '#contract/berth-error.ts';

/** A desktop that takes longer than this to listen after its container has started has something wrong with it. */
export const startingForMs = 60_000;
export const startingRetryMs = 1_500;
/** What nobody looked at for so long is let go: it would travel for nobody. */
export const restAfterMs = 60_000;
const firstRetryMs = 1_000;
const longestRetryMs = 15_000;

/** Codes of a way that is cut and comes back by itself. */
const passing: ReadonlySet<string> = new Set([
  'connection-lost',
  'host.not-connected',
  'host.unreachable',
  'workspace.not-running',
]);

export function isPassing({ code }: BerthError): boolean {
  return passing.has(code);
}

/** Milliseconds, by how often in a row it was lost before. */
export function retryAfterMs(lostTimes: number): number {
  return Math.min(longestRetryMs, firstRetryMs * 2 ** lostTimes);
}
