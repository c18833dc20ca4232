/**
 * Whether a workspace works or has been quiet, and for how long: pure. What was busy has to come well below what makes it so,
 * and for more than one look; what was quiet is not woken by one look with a little load. What cannot be seen is never taken
 * for idle: it neither counts nor ends the count.
 */
import type { Lifecycle } from '#contract/lifecycles.ts';
import type { Weighed } from './work-signals.ts';

/** Signals together from which on there is work. */
const WORK = 1;
/** Below this there is none any more. */
const QUIET = 0.4;
/** Looks in a row that it takes. */
const LOOKS = 2;
/** Milliseconds in a row that work takes that is not certain: looks are nearer to each other before an end. */
const WORK_MS = 30_000;
/** Looks in a row (ten minutes) after which what stays between the two is how it is when nothing is done, too. */
const LOOKS_BETWEEN = 20;

export interface Quiet {
  readonly judgement: Exclude<Lifecycle['judgement'], 'off'>;
  /** Milliseconds of quiet that were seen in a row. */
  readonly quietMs: number;
  /** The last that was seen: work. */
  readonly wasBusy: boolean;
  /** Milliseconds that count as quiet once there were enough looks. */
  readonly pendingMs: number;
  readonly looksBelow: number;
  readonly looksBetween: number;
  readonly looksAbove: number;
  readonly aboveMs: number;
}

export const notSeen: Quiet = {
  judgement: 'unknown',
  quietMs: 0,
  wasBusy: false,
  pendingMs: 0,
  looksBelow: 0,
  looksBetween: 0,
  looksAbove: 0,
  aboveMs: 0,
};

const noLooks = { pendingMs: 0, looksBelow: 0, looksBetween: 0, looksAbove: 0, aboveMs: 0 };

/** `seen` null: not all could be seen. `sinceMs`: since the look before, no more than was looked at. */
export function advance(before: Quiet, seen: Weighed | null, sinceMs: number): Quiet {
  if (seen === null) return { ...before, ...noLooks, judgement: 'unknown' };
  const { isCertain, sum } = seen;
  const [looksAbove, aboveMs] = [before.looksAbove + 1, before.aboveMs + sinceMs];
  const hasLasted = before.wasBusy || (looksAbove >= LOOKS && aboveMs > WORK_MS);
  if (isCertain || (sum >= WORK && hasLasted))
    return { ...noLooks, judgement: 'busy', quietMs: 0, wasBusy: true };
  if (!before.wasBusy) {
    // Neither work yet, nor time that counts as quiet.
    if (sum >= WORK) return { ...before, judgement: 'quiet', looksAbove, aboveMs };
    return { ...before, ...noLooks, judgement: 'quiet', quietMs: before.quietMs + sinceMs };
  }
  if (sum >= QUIET) {
    const looksBetween = before.looksBetween + 1;
    if (looksBetween < LOOKS_BETWEEN) return { ...before, ...noLooks, judgement: 'busy', looksBetween };
    return { ...noLooks, judgement: 'quiet', quietMs: sinceMs, wasBusy: false };
  }
  const pendingMs = before.pendingMs + sinceMs;
  const looksBelow = before.looksBelow + 1;
  if (looksBelow < LOOKS) return { ...before, ...noLooks, judgement: 'busy', pendingMs, looksBelow };
  return { ...noLooks, judgement: 'quiet', quietMs: pendingMs, wasBusy: false };
}
