/** Flags that say when a workspace ends by itself, checked before any plane is asked. */
import { type KeepAwake, LifecyclePolicy } from '#contract/lifecycles.ts';
import type { Flag, Typed } from './command.ts';
import { TypedWrong } from './failure.ts';
import { parseInstant, parseTime } from './machine-flags.ts';

const none = 'none';
const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

export const policyFlags: Readonly<Record<string, Flag>> = {
  idle: { value: 'TIME|none', help: 'Stops after so long without work, as 45m or 2h.' },
  awake: {
    value: 'RULE|none',
    isMany: true,
    help: 'Is work whatever else is seen: a program as cargo, connected, connected:3000, shown.',
  },
  expires: { value: 'TIME|none', help: 'Ends after 90m, 8h or 3d from now, or at 2026-12-31T18:00Z.' },
  uptime: { value: 'TIME|none', help: 'Ends when it has run so long, as 12h.' },
  'end-action': {
    value: 'stop|destroy',
    help: 'What happens at an end by time; destroy: also to one that is stopped. Else stop.',
  },
  hours: {
    value: 'HOURS|none',
    help: 'Runs in these hours alone, as mon-fri,08:00-19:00 or mon,wed,22:00-06:00.',
  },
  'time-zone': { value: 'ZONE', help: 'Of the hours, as Europe/Berlin. Else this computer’s.' },
  'start-hours': { value: 'yes|no', help: 'Whether it starts by itself at the beginning of its hours.' },
  lease: { value: 'TIME|none', help: 'Its host stops it so long after the last Berth was there.' },
};

function minutes(typed: Typed, flag: string): number | null | undefined {
  const text = typed.text(flag);
  if (text === undefined) return undefined;
  return text === none ? null : Math.round(parseTime(flag, text) / 60_000);
}

function keepAwake(text: string): KeepAwake {
  const [, port] = /^connected(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (port !== undefined) return { kind: 'connection', port: Number(port) };
  if (text === 'connected') return { kind: 'connection', port: null };
  return text === 'shown' ? { kind: 'shown-terminal' } : { kind: 'process', name: text };
}

function day(text: string): number {
  const index = dayNames.findIndex((name) => text.toLowerCase().startsWith(name));
  if (index !== -1 && text.length >= 3) return index + 1;
  throw new TypedWrong(`--hours: "${text}" is no day as mon or tue.`);
}

function daysOf(text: string): number[] {
  const [first = '', last] = text.split('-');
  if (last === undefined) return [day(first)];
  const [from, to] = [day(first), day(last)];
  const count = ((to - from + 7) % 7) + 1;
  return Array.from({ length: count }, (_, index) => ((from - 1 + index) % 7) + 1);
}

/** `mon-fri,08:00-19:00`. @throws TypedWrong */
export function parseHours(
  text: string,
  timeZone: string,
  starts: boolean,
): NonNullable<LifecyclePolicy['hours']> {
  const parts = text.split(',');
  const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(parts.at(-1) ?? '') ?? [];
  if (from === undefined || to === undefined)
    throw new TypedWrong(`--hours: "${text}" has no hours as 08:00-19:00 at its end.`);
  const named = [...new Set(parts.slice(0, -1).flatMap(daysOf))].sort((a, b) => a - b);
  return { timeZone, days: named.length === 0 ? [1, 2, 3, 4, 5, 6, 7] : named, from, to, starts };
}

/** What was said of it; what was not stays as it is. @throws TypedWrong */
export function readPolicyFlags(typed: Typed, before: LifecyclePolicy, nowMs: number): LifecyclePolicy {
  const rules = typed.texts('awake');
  const expires = typed.text('expires');
  const hours = typed.text('hours');
  const zone = typed.text('time-zone');
  const starts = typed.text('start-hours');
  const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const willStart = starts === undefined ? (before.hours?.starts ?? false) : starts === 'yes';
  const [idleMinutes, endAfterMinutes, leaseMinutes] = ['idle', 'uptime', 'lease'].map((flag) =>
    minutes(typed, flag),
  );
  const changedHours =
    hours === undefined
      ? before.hours && { ...before.hours, timeZone: zone ?? before.hours.timeZone, starts: willStart }
      : hours === none
        ? null
        : parseHours(hours, zone ?? before.hours?.timeZone ?? ownZone, willStart);
  const policy = {
    idleMinutes: idleMinutes === undefined ? before.idleMinutes : idleMinutes,
    keepAwake:
      rules.length === 0
        ? before.keepAwake
        : rules.filter((rule) => rule !== none).map((rule) => keepAwake(rule)),
    endAt:
      expires === undefined
        ? before.endAt
        : expires === none
          ? null
          : parseInstant('expires', expires, nowMs),
    endAfterMinutes: endAfterMinutes === undefined ? before.endAfterMinutes : endAfterMinutes,
    endAction: typed.text('end-action') ?? before.endAction,
    hours: changedHours,
    leaseMinutes: leaseMinutes === undefined ? before.leaseMinutes : leaseMinutes,
  };
  const parsed = LifecyclePolicy.safeParse(policy);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new TypedWrong(`That is no policy: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
}
