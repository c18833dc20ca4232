/**
 * The one word that is true of a terminal now, and what a look at it tells: live, catching up, not answering, lost,
 * re-attached, ended. Pure; the line under the screen and the status bar say what this says.
 */
import type { HostState } from '#contract/hosts.ts';
import type { Terminal } from '#contract/terminals.ts';
import { formatBytes } from '../../components/format.ts';
import type { Mark } from '../../state/feature.ts';
import { lostWords, sinceText } from '../../state/lost-words.ts';
import { behindFromBytes, type Health, type WayTimes } from './terminal-health.ts';

/** Milliseconds for which a terminal that came back says so. */
export const reattachedForMs = 6_000;

export interface TruthInput {
  readonly terminal: Terminal;
  /** Of its host; undefined where that is not known. */
  readonly host: HostState | undefined;
  /** Why its host is away as it should be, in a word (“asleep”); null: it is not. */
  readonly rest: string | null;
  readonly health: Health;
  /** This window's own way to the plane is there, and the terminal's stream on it. */
  readonly isAttached: boolean;
  /** Epoch. */
  readonly nowMs: number;
}

/** `isCalm`: nothing that a person has to be told. `isBehind`: output waits that could be skipped. */
export type Truth = Mark & { readonly isCalm: boolean; readonly isBehind?: boolean };

export function truthOf({ terminal, host, rest, health, isAttached, nowMs }: TruthInput): Truth {
  const { state } = terminal;
  switch (state.phase) {
    case 'opening':
      return { signal: 'busy', word: 'Opening', isCalm: false };
    case 'lost':
      if (rest !== null) return { signal: 'stopped', word: `Its machine: ${rest}`, isCalm: false };
      return { signal: 'attention', word: lostSentence(state.at, host, nowMs), isCalm: false };
    case 'ended':
      return { ...endMark(state), isCalm: false };
    case 'live': {
      if (!isAttached) return { signal: 'attention', word: 'Detached from this window', isCalm: false };
      if (health.unansweredSinceMs !== null) {
        const since = sinceText(new Date(health.unansweredSinceMs), nowMs);
        return { signal: 'attention', word: `No answer since ${since}`, isCalm: false };
      }
      if (health.behindBytes >= behindFromBytes)
        return {
          signal: 'busy',
          word: `Catching up, ${formatBytes(health.behindBytes)} behind`,
          isCalm: false,
          isBehind: true,
        };
      const backMs =
        state.reattachedAt === null ? Number.POSITIVE_INFINITY : nowMs - Date.parse(state.reattachedAt);
      if (backMs < reattachedForMs) return { signal: 'running', word: 'Re-attached', isCalm: false };
      return { signal: 'running', word: 'Live', isCalm: true };
    }
    default:
      return state satisfies never;
  }
}

function lostSentence(at: string, host: HostState | undefined, nowMs: number): string {
  const words = host === undefined ? null : lostWords(host, nowMs);
  if (words !== null) return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
  const since = `Lost since ${sinceText(new Date(at), nowMs)}`;
  switch (host?.phase) {
    case 'ready':
      return `${since}, attaching again`;
    case 'connecting':
      return `${since}, trying now`;
    case 'needs-you':
      return `${since}; its host needs you`;
    case 'failed':
      return `${since}; its host failed`;
    case 'disconnected':
      return `${since}; its host is disconnected`;
    case 'lost':
    case undefined:
      return since;
    default:
      return host satisfies never;
  }
}

export function endMark({ exitCode, error }: Extract<Terminal['state'], { phase: 'ended' }>): Mark {
  // Somebody stopped what it ran in, or nothing went wrong.
  const isOrderly = error === null ? (exitCode ?? 0) === 0 : error.details?.reason === 'stopped';
  const signal = isOrderly ? 'stopped' : 'failed';
  if (exitCode !== null) return { signal, word: `Ended with exit code ${exitCode}` };
  // After a restart of Berth the message says so; it was no failure of the line.
  const isLost = error?.code === 'connection-lost' && error.details?.reason !== 'restarted';
  return { signal, word: isLost ? 'Connection lost' : 'Ended' };
}

/** "12.4 ms there and back: 0.6 window to Berth, 11 to the host, 0.8 the session; 2 to draw". */
export function wayText(way: WayTimes): string {
  const parts = [`${ms(way.windowMs)} between window and Berth`];
  if (way.hostMs !== null) parts.push(`${ms(way.hostMs)} to the host`);
  if (way.sessionMs !== null) parts.push(`${ms(way.sessionMs)} in its session`);
  return `${ms(way.totalMs)} there and back: ${parts.join(', ')}. Drawing takes ${ms(way.drawMs)}.`;
}

export function ms(value: number): string {
  const digits = value >= 10 ? 0 : 1;
  return `${value.toFixed(digits)}\u00a0ms`;
}
