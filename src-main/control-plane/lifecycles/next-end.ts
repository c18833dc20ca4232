/** What ends a workspace next by itself, whatever comes first, when it is time to say so, and what can end at all: pure. */
import type { EndReason, LifecyclePolicy } from '#contract/lifecycles.ts';
import { knownState, type Workspace } from '#contract/workspaces.ts';
import type { Quiet } from './quiet.ts';
import { hoursAround, isTimeZone } from './working-hours.ts';

const MINUTE_MS = 60_000;
/** Milliseconds before an end from which on it is shown, and for which one is shown whose time came while nobody looked. */
const WARNING_MS = 10 * MINUTE_MS;
/** The same where the whole time is hardly longer than that. */
const SHORT_WARNING_MS = 5 * MINUTE_MS;
const SHORT_MINUTES = 15;
/** Milliseconds for which whoever starts it outside of its hours has it. */
const OUTSIDE_HOURS_MS = 60 * MINUTE_MS;

export interface EndFacts {
  readonly policy: LifecyclePolicy;
  readonly nowMs: number;
  /** False: it was stopped. Then only a time ends it, and only by destroying it. */
  readonly isUp: boolean;
  /** When its container began to run; null: that is not known. */
  readonly startedAtMs: number | null;
  readonly quiet: Quiet;
  /** The `endAt` that has come and is over: it does not come again. */
  readonly doneEndAt: string | null;
  /** Nothing ends it before: a person's word, a grace, the wait after a failed attempt. */
  readonly notBeforeMs: readonly (number | null)[];
}

export interface NextEnd {
  readonly why: Exclude<EndReason, 'lease'>;
  readonly action: LifecyclePolicy['endAction'];
  readonly atMs: number;
  readonly isWarned: boolean;
  readonly isDue: boolean;
}

export function nextEnd(facts: EndFacts): NextEnd | null {
  const { notBeforeMs, nowMs, policy } = facts;
  const earliest = Math.max(...notBeforeMs.map((ms) => ms ?? Number.NEGATIVE_INFINITY));
  const ends = plannedEnds(facts).map(({ atMs, why }): NextEnd => {
    const lateMs = Math.max(atMs, earliest);
    return {
      why,
      action: why === 'time' || why === 'uptime' ? policy.endAction : 'stop',
      atMs: lateMs,
      isWarned: lateMs - nowMs <= warningMs(policy, why),
      isDue: lateMs <= nowMs,
    };
  });
  return ends.toSorted((a, b) => a.atMs - b.atMs)[0] ?? null;
}

/** Milliseconds for which an end of this kind is shown before it comes. */
export function warningMs(policy: LifecyclePolicy, why: NextEnd['why']): number {
  const minutes = why === 'idle' ? policy.idleMinutes : why === 'uptime' ? policy.endAfterMinutes : null;
  return minutes !== null && minutes <= SHORT_MINUTES ? SHORT_WARNING_MS : WARNING_MS;
}

function plannedEnds({
  doneEndAt,
  isUp,
  nowMs,
  policy,
  quiet,
  startedAtMs,
}: EndFacts): Pick<NextEnd, 'why' | 'atMs'>[] {
  const ends: Pick<NextEnd, 'why' | 'atMs'>[] = [];
  if (!isUp && policy.endAction === 'stop') return ends;
  if (isUp && policy.idleMinutes !== null && quiet.judgement === 'quiet')
    ends.push({ why: 'idle', atMs: nowMs + Math.max(0, policy.idleMinutes * MINUTE_MS - quiet.quietMs) });
  if (policy.endAt !== null && policy.endAt !== doneEndAt)
    ends.push({ why: 'time', atMs: Date.parse(policy.endAt) });
  if (!isUp || startedAtMs === null) return ends;
  if (policy.endAfterMinutes !== null)
    ends.push({ why: 'uptime', atMs: startedAtMs + policy.endAfterMinutes * MINUTE_MS });
  if (policy.hours !== null && isTimeZone(policy.hours.timeZone)) {
    const { lastEndMs, now } = hoursAround(policy.hours, nowMs);
    if (now === null) {
      const wasStartedOutside = lastEndMs === null || startedAtMs > lastEndMs;
      ends.push({ why: 'hours', atMs: wasStartedOutside ? startedAtMs + OUTSIDE_HOURS_MS : lastEndMs });
    } else if (now.endMs !== null) ends.push({ why: 'hours', atMs: now.endMs });
  }
  return ends;
}

/** As far as anybody knows: one whose host is away goes on. */
export function isUp(workspace: Workspace): boolean {
  const known = knownState(workspace);
  return known === 'running' || known === 'paused';
}

/** It was stopped, as far as anybody knows, and its files are there. */
export function isAtRest(workspace: Workspace): boolean {
  const known = knownState(workspace);
  return known === 'stopped' || known === 'failed';
}

/** Nothing is ended in between, nor where it cannot be seen. */
export function canEndIn(state: Workspace['state']): boolean {
  return state === 'running' || state === 'stopped' || state === 'failed';
}
