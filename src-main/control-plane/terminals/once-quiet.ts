/** Calls `act` once, when something was printed and then nothing more for a while. Returns what to call at each output. */
import type { Clock } from '../interfaces/clock.ts';

/** Longer than the gaps in what a login prints, shorter than a person waits for. */
const quietMs = 200;

export function onceQuiet(clock: Clock, act: () => void): () => void {
  let isDone = false;
  let stop: (() => void) | undefined;
  return () => {
    if (isDone) return;
    stop?.();
    stop = clock.after(quietMs, () => {
      isDone = true;
      act();
    });
  };
}
