/** When a machine ends by itself, whatever comes first, and what is shown of it: pure. */
import type { MachineEnd } from '#contract/machines.ts';
import type { Idleness } from './idleness.ts';

/** Milliseconds before an end for want of work from which on it is shown. */
export const SHOWN_MS = 15 * 60_000;

export interface EndFacts {
  readonly end: MachineEnd;
  readonly idleness: Idleness;
  /** By the provider's clock: an expiry is about what it bills. */
  readonly providerNowMs: number;
  /** By this computer's, as windows count down. */
  readonly nowMs: number;
  /** Not before: a grace after a start, or the wait after a failed attempt. By this computer's clock; null: none. */
  readonly notBeforeMs: number | null;
}

export interface EndInSight {
  readonly why: 'expiry' | 'idle';
  readonly action: MachineEnd['atAction'];
  /** By this computer's clock. */
  readonly atMs: number;
  /** It is time. */
  readonly isDue: boolean;
  readonly isShown: boolean;
}

export function endInSight({
  end,
  idleness,
  notBeforeMs,
  nowMs,
  providerNowMs,
}: EndFacts): EndInSight | null {
  const later = (atMs: number) => Math.max(atMs, notBeforeMs ?? atMs);
  const ends: EndInSight[] = [];
  if (end.at !== null) {
    const expiresMs = Date.parse(end.at);
    const atMs = later(expiresMs);
    const isDue = providerNowMs >= expiresMs && nowMs >= (notBeforeMs ?? nowMs);
    ends.push({ why: 'expiry', action: end.atAction, atMs, isDue, isShown: true });
  }
  if (end.idleMinutes !== null && idleness.judgement === 'idle') {
    const leftMs = end.idleMinutes * 60_000 - idleness.idleMs;
    const putOffMs = end.idleNotBefore === undefined ? nowMs : Date.parse(end.idleNotBefore);
    const atMs = Math.max(putOffMs, later(nowMs + Math.max(0, leftMs)));
    const isShown = leftMs <= SHOWN_MS && putOffMs - nowMs <= SHOWN_MS;
    ends.push({ why: 'idle', action: end.idleAction, atMs, isDue: nowMs >= atMs, isShown });
  }
  const due = ends.filter(({ isDue }) => isDue);
  return first(due) ?? first(ends);
}

function first(ends: readonly EndInSight[]): EndInSight | null {
  return ends.toSorted((a, b) => a.atMs - b.atMs)[0] ?? null;
}
