/** What ends of workspaces are called in sentences: pure. */
import type { EndReason, KeepAwake, LifecyclePolicy } from '#contract/lifecycles.ts';
import { durationWords } from '../duration-words.ts';

const MINUTE_MS = 60_000;

/** As in "Stopped: no work for 30 minutes". */
export function whyWords(why: EndReason, policy: LifecyclePolicy): string {
  switch (why) {
    case 'idle':
      return `no work for ${minutesWords(policy.idleMinutes)}`;
    case 'time':
      return 'the time that was set for it has come';
    case 'uptime':
      return `it ran for ${minutesWords(policy.endAfterMinutes)}`;
    case 'hours':
      return 'its working hours ended';
    case 'lease':
      return `no Berth for ${minutesWords(policy.leaseMinutes)}`;
    default:
      return why satisfies never;
  }
}

/** A sentence of what a policy says. */
export function policyWords(policy: LifecyclePolicy): string {
  const { endAction, endAfterMinutes, endAt, hours, idleMinutes, keepAwake, leaseMinutes } = policy;
  const ends = endAction === 'stop' ? 'stops' : 'is destroyed';
  const parts = [
    ...(idleMinutes === null ? [] : [`stops after ${minutesWords(idleMinutes)} without work`]),
    ...(keepAwake.length === 0 ? [] : [`is kept awake by ${keepAwake.map(awakeWords).join(', ')}`]),
    ...(endAt === null ? [] : [`${ends} at ${utcWords(endAt)}`]),
    ...(endAfterMinutes === null ? [] : [`${ends} after running for ${minutesWords(endAfterMinutes)}`]),
    ...(hours === null ? [] : [`runs from ${hours.from} to ${hours.to} (${hours.timeZone})`]),
    ...(leaseMinutes === null ? [] : [`stops ${minutesWords(leaseMinutes)} after the last Berth was there`]),
  ];
  const text = parts.join('; ');
  return text === '' ? 'Never ends by itself' : `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function awakeWords(rule: KeepAwake): string {
  switch (rule.kind) {
    case 'process':
      return rule.name;
    case 'connection':
      return rule.port === null ? 'any connection' : `connections on ${rule.port}`;
    case 'shown-terminal':
      return 'a terminal that is shown';
    default:
      return rule satisfies never;
  }
}

/** Whoever reads it may be in any time zone. */
function utcWords(at: string): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** What was seen, as in "Kept awake by cargo runs": its heaviest parts. */
export function seenWords(seen: readonly { readonly detail: string }[]): string {
  return seen
    .slice(0, 2)
    .map(({ detail }) => detail)
    .join(', ');
}

function minutesWords(minutes: number | null): string {
  return durationWords((minutes ?? 0) * MINUTE_MS);
}
