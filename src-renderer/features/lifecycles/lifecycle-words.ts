/** Lifecycles in words. Pure but for the time zone of the window. */
import type {
  EndReason,
  KeepAwake,
  Lifecycle,
  LifecyclePolicy,
  TimelineEntry,
} from '#contract/lifecycles.ts';
import { knownState, type Workspace } from '#contract/workspaces.ts';
import type { Signal } from '../../state/feature.ts';
import { formatClock, formatCount, formatDuration } from '../../components/format.ts';

const MINUTE_MS = 60_000;

export const actionWords = { stop: 'stops', destroy: 'is destroyed' } as const;
/** As the verb behind "is about to". */
export const actionVerbs = { stop: 'stop', destroy: 'be destroyed' } as const;

/** "30 min", "2 h", "3 d". */
export function minutesWords(minutes: number): string {
  return formatDuration(minutes * MINUTE_MS);
}

/** Behind "It stops": why. */
export function reasonWords(why: EndReason): string {
  switch (why) {
    case 'idle':
      return 'for want of work';
    case 'time':
      return 'at the time that was set';
    case 'uptime':
      return 'for it has run as long as it may';
    case 'hours':
      return 'at the end of its hours';
    case 'lease':
      return 'for its lease runs out';
    default:
      return why satisfies never;
  }
}

type Next = NonNullable<Lifecycle['next']>;

/** Title of what warns: "api stops in 9:41". */
export function warningTitle(
  name: string,
  { action, at }: Pick<Next, 'action' | 'at'>,
  nowMs: number,
): string {
  const leftMs = Date.parse(at) - nowMs;
  return leftMs <= 0
    ? `${name} is about to ${actionVerbs[action]}`
    : `${name} ${actionWords[action]} in ${formatClock(leftMs)}`;
}

/** For the status bar: "idle stop in 41 min". */
export function shortNext({ why, action, at }: Next, nowMs: number): string {
  const kind = why === 'idle' ? 'idle ' : '';
  return `${kind}${action} ${Date.parse(at) <= nowMs ? 'now' : `in ${leftWords(at, nowMs)}`}`;
}

/** "Stops in 41 min for want of work, if nothing happens until then." */
export function nextSentence({ why, action, at }: Next, nowMs: number): string {
  const isDue = Date.parse(at) <= nowMs;
  const when = isDue
    ? `Is about to ${actionVerbs[action]}`
    : `${capital(actionWords[action])} in ${leftWords(at, nowMs)}`;
  return `${when} ${reasonWords(why)}${why === 'idle' && !isDue ? ', if nothing happens until then' : ''}.`;
}

/** Seconds matter only at the end; before it they would only be unrest. */
function leftWords(at: string, nowMs: number): string {
  const leftMs = Math.max(0, Date.parse(at) - nowMs);
  return leftMs > 10 * MINUTE_MS
    ? formatDuration(Math.ceil(leftMs / MINUTE_MS) * MINUTE_MS)
    : formatClock(leftMs);
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** Whether it runs, as far as anybody knows. */
export function isUp(workspace: Pick<Workspace, 'state' | 'lastKnown'>): boolean {
  const known = knownState(workspace);
  return known !== undefined && upStates.has(known);
}

/** Its next end, as far as it is shown: one that is stopped has one only where it is destroyed then. */
export function shownEnd(
  state: Workspace['state'] | undefined,
  lifecycle: Pick<Lifecycle, 'next'> | undefined,
): Next | null {
  const next = lifecycle?.next ?? null;
  return state === 'running' || next?.action === 'destroy' ? next : null;
}

/** What its part of the page is called. */
export function partTitle(workspace: Pick<Workspace, 'state' | 'lastKnown'>): string {
  return isUp(workspace) ? 'Why it is running' : 'Why it is not running';
}

const upStates: ReadonlySet<Workspace['state']> = new Set(['starting', 'running', 'paused', 'stopping']);

/** What is seen of its work now, in one word and one sentence. */
export function judgementWords(lifecycle: Lifecycle): {
  readonly signal: Signal;
  readonly word: string;
  readonly text: string;
} {
  const { judgement, policy, seen } = lifecycle;
  const details = seen.map(({ detail }) => detail).join(' · ');
  switch (judgement) {
    case 'busy':
      return { signal: 'running', word: 'at work', text: details };
    case 'quiet':
      return {
        signal: 'stopped',
        word: 'quiet',
        text:
          details === '' ? 'Nothing that counts as work is seen.' : `Too little to count as work: ${details}`,
      };
    case 'unknown':
      // Where nobody wants to know, nothing is measured: that is no trouble.
      if (policy.idleMinutes === null)
        return {
          signal: 'stopped',
          word: 'not measured',
          text: 'Nothing ends it for want of work, so its work is not looked at.',
        };
      return {
        signal: 'attention',
        word: 'not seen',
        text: 'It is not measured yet, or cannot be just now: that is never taken for idle.',
      };
    case 'off':
      return { signal: 'stopped', word: 'does not run', text: '' };
    default:
      return judgement satisfies never;
  }
}

const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

/** "Mon–Fri", "Mon, Wed", "every day". Days by ISO 8601. */
export function daysWords(days: readonly number[]): string {
  const sorted = [...new Set(days)].sort((a, b) => a - b);
  if (sorted.length === 7) return 'every day';
  const runs: number[][] = [];
  for (const day of sorted) {
    const last = runs.at(-1);
    if (last?.at(-1) === day - 1) last.push(day);
    else runs.push([day]);
  }
  const name = (day: number | undefined) => dayNames[(day ?? 1) - 1] ?? '';
  return runs
    .flatMap((run) => (run.length > 2 ? [`${name(run[0])}–${name(run.at(-1))}`] : run.map(name)))
    .join(', ');
}

export function keepAwakeWords(rule: KeepAwake): string {
  switch (rule.kind) {
    case 'process':
      return `while ${rule.name} runs`;
    case 'connection':
      return rule.port === null
        ? 'while anything is connected'
        : `while something is connected to ${rule.port}`;
    case 'shown-terminal':
      return 'while a terminal of it is shown';
    default:
      return rule satisfies never;
  }
}

/** A line for each rule; empty: it never ends by itself. */
export function policyLines(policy: LifecyclePolicy, formatAt: (at: string) => string): string[] {
  const { endAction, endAfterMinutes, endAt, hours, idleMinutes, keepAwake, leaseMinutes } = policy;
  const ends = endAction === 'stop' ? 'Stops' : 'Is destroyed, after a snapshot,';
  return [
    ...(idleMinutes === null
      ? []
      : [
          `Stops after ${minutesWords(idleMinutes)} without work${keepAwake.length === 0 ? '' : `, but not ${keepAwake.map(keepAwakeWords).join(' nor ')}`}`,
        ]),
    // They also tell a machine that ends when nothing works on it.
    ...(idleMinutes !== null || keepAwake.length === 0
      ? []
      : [`Counts as at work ${keepAwake.map(keepAwakeWords).join(', and ')}`]),
    ...(endAt === null ? [] : [`${ends} at ${formatAt(endAt)}`]),
    ...(endAfterMinutes === null ? [] : [`${ends} when it has run for ${minutesWords(endAfterMinutes)}`]),
    ...(hours === null
      ? []
      : [
          `Runs ${daysWords(hours.days)} from ${hours.from} to ${hours.to} (${hours.timeZone})${hours.starts ? ', and starts by itself' : ''}`,
        ]),
    ...(leaseMinutes === null
      ? []
      : [`Its host stops it ${minutesWords(leaseMinutes)} after the last Berth was there`]),
  ];
}

/** Which mark an entry of the timeline has. */
export function eventSignal(event: TimelineEntry['event']): Signal {
  switch (event) {
    case 'started':
    case 'busy':
    case 'back':
    case 'created':
      return 'running';
    case 'warned':
    case 'away':
      return 'attention';
    case 'failed':
      return 'failed';
    case 'stopped':
    case 'destroyed':
    case 'quiet':
    case 'put-off':
    case 'policy':
    case 'snapshot':
      return 'stopped';
    default:
      return event satisfies never;
  }
}

export interface TimelineDay {
  /** As the window's own calendar has it. */
  readonly day: string;
  readonly entries: readonly TimelineEntry[];
}

/** Oldest first: what was found out later may have happened before. */
export function inOrder(entries: readonly TimelineEntry[]): TimelineEntry[] {
  return entries.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** Of what is in order, newest first, by day. */
export function byDay(entries: readonly TimelineEntry[], dayOf: (at: string) => string): TimelineDay[] {
  const days: { day: string; entries: TimelineEntry[] }[] = [];
  for (const entry of entries.toReversed()) {
    const day = dayOf(entry.at);
    const last = days.at(-1);
    if (last?.day === day) last.entries.push(entry);
    else days.push({ day, entries: [entry] });
  }
  return days;
}

/** "Show 3 earlier entries". */
export function moreWords(count: number): string {
  return `Show ${formatCount(count, 'earlier entry', 'earlier entries')}`;
}
