/** What a person chooses of the end of a machine, and what is sent of it. Pure but for the time zone of the window. */
import type { MachineEnd } from '#contract/machines.ts';
import { localTime } from '../../components/local-time.ts';
import { type EndAction, idleWords } from './machine-words.ts';

export interface EndDraft {
  readonly hasTime: boolean;
  /** As an input of the kind `datetime-local` holds it, in the window's own time zone. */
  readonly time: string;
  readonly atAction: EndAction;
  readonly hasIdle: boolean;
  readonly idleMinutes: number;
  readonly idleAction: EndAction;
}

const usualIdleMinutes = [30, 60, 120, 240, 480, 1440, 4320, 10_080] as const;
const DEFAULT_IDLE_MINUTES = 120;
/** Eight hours: a working day. */
const DEFAULT_TIME_MS = 8 * 60 * 60_000;

export function endDraft(end: MachineEnd, now: Date): EndDraft {
  return {
    hasTime: end.at !== null,
    time: localTime(end.at === null ? new Date(now.getTime() + DEFAULT_TIME_MS) : new Date(end.at)),
    atAction: end.atAction,
    hasIdle: end.idleMinutes !== null,
    idleMinutes: end.idleMinutes ?? DEFAULT_IDLE_MINUTES,
    idleAction: end.idleAction,
  };
}

/** What is wrong with the time; null: nothing. */
export function timeProblem(draft: EndDraft, now: Date): string | null {
  if (!draft.hasTime) return null;
  const at = new Date(draft.time);
  if (draft.time === '' || Number.isNaN(at.getTime())) return 'must be a day and a time';
  return at.getTime() <= now.getTime() ? 'must be in the future' : null;
}

export function readEnd(draft: EndDraft): MachineEnd {
  return {
    at: draft.hasTime ? new Date(draft.time).toISOString() : null,
    atAction: draft.atAction,
    idleMinutes: draft.hasIdle ? draft.idleMinutes : null,
    idleAction: draft.idleAction,
  };
}

/** The usual lengths, and the one that is set. */
export function idleChoices(current: number): { readonly value: string; readonly label: string }[] {
  return [...new Set<number>([...usualIdleMinutes, current])]
    .sort((a, b) => a - b)
    .map((minutes) => ({ value: String(minutes), label: idleWords(minutes) }));
}
