/** What a person types of a policy, and what is sent of it. Pure but for the time zone of the window. */
import type { KeepAwake, LifecyclePolicy } from '#contract/lifecycles.ts';
import { localTime } from '../../components/local-time.ts';

export interface PolicyDraft {
  readonly hasIdle: boolean;
  readonly idleMinutes: number;
  /** Names of programs, as a person lists them. */
  readonly programs: string;
  readonly whileConnected: boolean;
  readonly whileShown: boolean;
  /** Rules that the form has no field for, as one connection by its port; kept as they are. */
  readonly otherRules: readonly KeepAwake[];
  readonly hasTime: boolean;
  /** As an input of the kind `datetime-local` holds it, in the window's own time zone. */
  readonly time: string;
  readonly hasUptime: boolean;
  readonly uptimeMinutes: number;
  readonly endAction: LifecyclePolicy['endAction'];
  readonly hasHours: boolean;
  readonly timeZone: string;
  readonly days: readonly number[];
  readonly from: string;
  readonly to: string;
  readonly starts: boolean;
  readonly hasLease: boolean;
  readonly leaseMinutes: number;
}

const HOUR_MS = 60 * 60_000;

export function policyDraft(policy: LifecyclePolicy, now: Date, timeZone: string): PolicyDraft {
  const { keepAwake, hours } = policy;
  return {
    hasIdle: policy.idleMinutes !== null,
    idleMinutes: policy.idleMinutes ?? 60,
    programs: keepAwake.flatMap((rule) => (rule.kind === 'process' ? [rule.name] : [])).join(', '),
    whileConnected: keepAwake.some((rule) => rule.kind === 'connection' && rule.port === null),
    whileShown: keepAwake.some(({ kind }) => kind === 'shown-terminal'),
    otherRules: keepAwake.filter((rule) => rule.kind === 'connection' && rule.port !== null),
    hasTime: policy.endAt !== null,
    time: localTime(policy.endAt === null ? new Date(now.getTime() + 8 * HOUR_MS) : new Date(policy.endAt)),
    hasUptime: policy.endAfterMinutes !== null,
    uptimeMinutes: policy.endAfterMinutes ?? 480,
    endAction: policy.endAction,
    hasHours: hours !== null,
    timeZone: hours?.timeZone ?? timeZone,
    days: hours?.days ?? [1, 2, 3, 4, 5],
    from: hours?.from ?? '08:00',
    to: hours?.to ?? '19:00',
    starts: hours?.starts ?? false,
    hasLease: policy.leaseMinutes !== null,
    leaseMinutes: policy.leaseMinutes ?? 120,
  };
}

export function programNames(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((name) => name !== ''))];
}

function isProgramName(name: string): boolean {
  return !name.includes('/') && name.length <= 64;
}

export type PolicyProblems = Partial<Record<'programs' | 'time' | 'days' | 'from' | 'to', string>>;

/** What is wrong, by field. */
export function policyProblems(draft: PolicyDraft, now: Date): PolicyProblems {
  const names = programNames(draft.programs);
  const at = new Date(draft.time);
  const isTime = (text: string) => /^([01][0-9]|2[0-3]):[0-5][0-9]$/.test(text);
  const problems: PolicyProblems = {};
  if (draft.hasIdle && !names.every(isProgramName))
    problems.programs = 'must be names of programs, without a folder';
  else if (draft.hasIdle && names.length > 28) problems.programs = 'must be at most 28 names';
  if (draft.hasTime && Number.isNaN(at.getTime())) problems.time = 'must be a day and a time';
  else if (draft.hasTime && at.getTime() <= now.getTime()) problems.time = 'must be in the future';
  if (draft.hasHours && draft.days.length === 0) problems.days = 'must be at least one day';
  if (draft.hasHours && !isTime(draft.from)) problems.from = 'must be a time as 08:30';
  if (draft.hasHours && !isTime(draft.to)) problems.to = 'must be a time as 19:00';
  return problems;
}

export function readPolicy(draft: PolicyDraft): LifecyclePolicy {
  return {
    idleMinutes: draft.hasIdle ? draft.idleMinutes : null,
    keepAwake: [
      // Where its field is not shown, nobody could mend what is wrong in it.
      ...programNames(draft.programs)
        .filter((name) => draft.hasIdle || isProgramName(name))
        .map((name) => ({ kind: 'process' as const, name })),
      ...(draft.whileConnected ? [{ kind: 'connection' as const, port: null }] : []),
      ...(draft.whileShown ? [{ kind: 'shown-terminal' as const }] : []),
      ...draft.otherRules,
    ],
    endAt: draft.hasTime ? new Date(draft.time).toISOString() : null,
    endAfterMinutes: draft.hasUptime ? draft.uptimeMinutes : null,
    endAction: draft.endAction,
    hours: draft.hasHours
      ? {
          timeZone: draft.timeZone,
          days: [...draft.days],
          from: draft.from,
          to: draft.to,
          starts: draft.starts,
        }
      : null,
    leaseMinutes: draft.hasLease ? draft.leaseMinutes : null,
  };
}

const usualMinutes = [15, 30, 60, 120, 240, 480, 720, 1440, 4320, 10_080] as const;

/** The usual lengths, and the one that is set. */
export function minuteChoices(
  current: number,
  words: (minutes: number) => string,
): { readonly value: string; readonly label: string }[] {
  return [...new Set<number>([...usualMinutes, current])]
    .sort((a, b) => a - b)
    .map((minutes) => ({ value: String(minutes), label: words(minutes) }));
}
