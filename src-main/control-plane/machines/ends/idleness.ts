/**
 * Whether a machine has nothing to do: pure. Small loads do not count (a shell that waits, a health check now and then), and
 * who counts as busy has to come well below them to count as idle again. What cannot be seen is never taken for idle.
 */
import type { WorkspaceState } from '#contract/workspaces.ts';
import type { Load } from '../../workspaces/load-meter.ts';

/** Processors in use, on average between two looks, from which on a workspace is busy, and below which it is not any more. */
const BUSY_CPUS = 0.05;
const QUIET_CPUS = 0.02;
/** Bytes a second in and out, likewise. ARP, DNS and keep-alives stay below. */
const BUSY_BYTES_PER_SECOND = 1_024;
const QUIET_BYTES_PER_SECOND = 256;

export interface WorkspaceLoad {
  readonly state: WorkspaceState;
  /** By what it says of its own end: something works in it, or a rule keeps it awake. */
  readonly isAtWork?: boolean;
  /** Averages since the last look; null: nothing was measured. */
  readonly load: Pick<Load, 'cpus' | 'networkBytesPerSecond'> | null;
}

export interface IdleFacts {
  readonly isOff: boolean;
  /** Its host answers, with its engine. */
  readonly isConnected: boolean;
  readonly isOperationUnderWay: boolean;
  /** Milliseconds since a terminal there was typed or printed to; null: there is none. */
  readonly terminalQuietMs: number | null;
  readonly workspaces: readonly WorkspaceLoad[];
  /** Milliseconds since the last look. */
  readonly sinceMs: number;
}

export type Judgement = 'busy' | 'idle' | 'unknown';

/** `was`: the last judgement. */
export function judge(facts: IdleFacts, was: Judgement): Judgement {
  const { isConnected, isOff, isOperationUnderWay, sinceMs, terminalQuietMs, workspaces } = facts;
  if (isOperationUnderWay) return 'busy';
  if (isOff) return 'idle';
  if (terminalQuietMs !== null && terminalQuietMs <= sinceMs) return 'busy';
  if (!isConnected) return 'unknown';
  const loads = workspaces.map((load) => judgeLoad(load, was === 'busy'));
  if (loads.includes('busy')) return 'busy';
  return loads.includes('unknown') ? 'unknown' : 'idle';
}

function judgeLoad({ isAtWork, load, state }: WorkspaceLoad, wasBusy: boolean): Judgement {
  switch (state) {
    case 'creating':
    case 'starting':
    case 'stopping':
    case 'destroying':
      return 'busy';
    case 'stopped':
    case 'paused':
    case 'failed':
    case 'missing':
      return 'idle';
    case 'unknown':
      return 'unknown';
    case 'running': {
      if (isAtWork === true) return 'busy';
      if (load === null) return 'unknown';
      const isBusy =
        load.cpus >= (wasBusy ? QUIET_CPUS : BUSY_CPUS) ||
        load.networkBytesPerSecond >= (wasBusy ? QUIET_BYTES_PER_SECOND : BUSY_BYTES_PER_SECOND);
      return isBusy ? 'busy' : 'idle';
    }
    default:
      return state satisfies never;
  }
}

export interface Idleness {
  readonly judgement: Judgement;
  /** Milliseconds of idleness that were seen in a row. */
  readonly idleMs: number;
}
export const notIdle: Idleness = { judgement: 'unknown', idleMs: 0 };

/**
 * Work begins the count anew; what was not seen neither counts nor ends it. `mostMs`: no more than this of the time since the
 * last look was looked at (the computer slept).
 */
export function advance(before: Idleness, facts: IdleFacts, mostMs: number): Idleness {
  const judgement = judge(facts, before.judgement);
  if (judgement === 'busy') return { judgement, idleMs: 0 };
  if (judgement === 'unknown') return { judgement, idleMs: before.idleMs };
  return { judgement, idleMs: before.idleMs + Math.min(facts.sinceMs, mostMs) };
}
