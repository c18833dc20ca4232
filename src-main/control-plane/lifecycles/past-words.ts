/** What starts and ends are called in timelines, as far as an engine's own memory tells of them: pure. */
import type { Operation } from '#contract/operations.ts';
import type { EngineEvent } from '../interfaces/container-engine.ts';
import { isStop, signalWindowMs, stopConfirmMs } from '../workspaces/past-end.ts';
import type { Life } from './timeline.ts';

/** The engine tells of a start (its event) up to this long after the time that it writes down for it (`StartedAt`). */
export const TOLD_START_MS = 2_000;
/** Milliseconds after an end within which an engine starts it again, at the latest: a minute, and what a start takes. */
const MOST_RESTART_DELAY_MS = 70_000;

/** What starts it, and what that is called in its timeline. */
export const startWords: Readonly<Partial<Record<Operation['kind'], string>>> = {
  'workspace.create': 'Started',
  'workspace.start': 'Started',
  'workspace.restart': 'Restarted',
  'workspace.move': 'Started after its move',
  'snapshot.create': 'Started again after a snapshot',
  'snapshot.restore': 'Started with the files of a snapshot',
  'snapshot.undo-restore': 'Started with the files from before a restore',
};
export const startKinds = Object.keys(startWords);

/** What is noted where Berth mended an end, with that end's cause. */
export const mended = /^Berth started it again\.\s*(.*)$/s;

/**
 * It is the start that is known: by the same time, or by its event, which is never before it. One that is later, by however
 * little, is another: an engine starts again what ended within 0.1 s.
 */
export function isStart(life: Life | undefined, startedMs: number): boolean {
  if (life?.event !== 'started') return false;
  const laterMs = Date.parse(life.at) - startedMs;
  return laterMs >= 0 && laterMs < TOLD_START_MS;
}

/** What tells why an end came: what was near it, and of the same life. `stop` comes after the end (`die`). */
function around(events: readonly EngineEvent[], endMs: number): EngineEvent[] {
  const starts = events.filter(({ action }) => action === 'start').map(({ atMs }) => atMs);
  const fromMs = Math.max(endMs - signalWindowMs, ...starts.filter((atMs) => atMs < endMs));
  const untilMs = Math.min(endMs + stopConfirmMs, ...starts.filter((atMs) => atMs > endMs));
  return events.filter(({ atMs }) => atMs >= fromMs && atMs <= untilMs);
}

/** An engine starts again what ended by itself (`unless-stopped`), later each time: up to a minute (docker-run(1)). */
export function outsideStart(start: EngineEvent, events: readonly EngineEvent[], { at }: Life): string {
  const endMs = Date.parse(at);
  const isEngines = start.atMs - endMs <= MOST_RESTART_DELAY_MS && !around(events, endMs).some(isStop);
  return isEngines ? 'Started again by its engine' : 'Started outside Berth';
}

/** Of one that nobody ended by Berth. */
export function outsideEnd(end: EngineEvent, events: readonly EngineEvent[]): string {
  const near = around(events, end.atMs);
  if (near.some(({ action }) => action === 'oom')) return 'The kernel ended it: its memory was used up';
  if (near.some(isStop)) return 'Stopped outside Berth';
  const code = end.labels.exitCode;
  return `Ended by itself${code === undefined ? '' : ` with exit code ${code}`}`;
}
