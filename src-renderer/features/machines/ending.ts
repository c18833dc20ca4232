/** The last quarter of an hour before a machine ends by itself: what comes, and what puts it off. Pure. */
import type { Machine, MachineEnd } from '#contract/machines.ts';
import type { EndAction } from './machine-words.ts';

/** Milliseconds before the end from which on the window warns. */
export const WARN_BEFORE_MS = 15 * 60_000;
const HOUR_MS = 60 * 60_000;

export interface Ending {
  readonly cause: 'time' | 'idle';
  readonly action: EndAction;
  readonly leftMs: number;
}

/** Null: nothing comes, or not yet. */
export function endingOf(machine: Pick<Machine, 'life' | 'end' | 'endsAt'>, nowMs: number): Ending | null {
  const { end, endsAt, life } = machine;
  if (endsAt === null || life !== 'made') return null;
  const leftMs = Date.parse(endsAt) - nowMs;
  if (leftMs > WARN_BEFORE_MS) return null;
  const cause = causeOf(end, endsAt);
  return {
    cause,
    action: cause === 'time' ? end.atAction : end.idleAction,
    leftMs: Math.max(0, leftMs),
  };
}

/** `endsAt` is the set time itself, or what idleness makes of now. */
function causeOf(end: MachineEnd, endsAt: string): Ending['cause'] {
  return end.at !== null && (end.idleMinutes === null || Date.parse(end.at) <= Date.parse(endsAt))
    ? 'time'
    : 'idle';
}

/** An hour more, once: a set time moves, a time that passed and what idleness makes of now count from now. */
export function oneMoreHour(end: MachineEnd, cause: Ending['cause'], nowMs: number): MachineEnd {
  if (cause === 'idle') return { ...end, idleNotBefore: new Date(nowMs + HOUR_MS).toISOString() };
  if (end.at === null) return end;
  return { ...end, at: new Date(Math.max(nowMs, Date.parse(end.at)) + HOUR_MS).toISOString() };
}

/** Takes back the rule that would end it now; the other one stays. */
export function keepRunning(end: MachineEnd, cause: Ending['cause']): MachineEnd {
  return cause === 'idle' ? { ...end, idleMinutes: null } : { ...end, at: null };
}
