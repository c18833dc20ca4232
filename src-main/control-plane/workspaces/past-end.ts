/**
 * Whether a container that ended while nobody listened was stopped by somebody. An engine that was there all the time
 * remembers. One that came up anew remembers at most what it did itself while it did so (after a kill of the engine the
 * next one ends what is left of the containers, in the words of a person's stop), and that was nobody's wish.
 */
import type { ContainerDetail, ContainerEngine, EngineEvent } from '../interfaces/container-engine.ts';

/** An end this soon after a signal sent through the engine was meant by whoever sent it. */
export const signalWindowMs = 15_000;
/** `die` comes before `stop`: this long after an end it is clear whether somebody asked for it. */
export const stopConfirmMs = 1_500;

export async function wasStoppedUnseen(
  engine: Pick<ContainerEngine, 'pastEvents'>,
  { id, finishedAt }: Pick<ContainerDetail, 'id' | 'finishedAt'>,
  signal: AbortSignal,
): Promise<boolean> {
  const endedAtMs = Date.parse(finishedAt ?? '');
  if (Number.isNaN(endedAtMs)) return false;
  const past = await engine.pastEvents(endedAtMs + stopConfirmMs, signal);
  const wasThereBefore = past.some(({ atMs }) => atMs < endedAtMs - signalWindowMs);
  const own = past.filter((event) => event.id === id);
  // What was before its last start concerns another life.
  const lastStart = own.findLastIndex(({ action }) => action === 'start');
  const life = own.slice(lastStart + 1).filter(({ atMs }) => atMs >= endedAtMs - signalWindowMs);
  return (wasThereBefore || lastStart >= 0) && life.some(isStop);
}

/** Somebody asked for its end. */
export function isStop({ action, labels }: EngineEvent): boolean {
  return action === 'stop' || (action === 'kill' && endsIt(labels.signal));
}

/** The engine gives the number among the event's attributes (15, 9, 2); others are words to a program (HUP, USR1). */
export function endsIt(signal: string | undefined): boolean {
  return signal === undefined || ['2', '3', '9', '15'].includes(signal);
}
