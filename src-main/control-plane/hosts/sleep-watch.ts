/**
 * Notices that the computer slept: a tick comes later by the wall clock than it was set for. After that no connection
 * can be trusted and no timer either. A busy event loop or a clock that was set looks the same and costs one probe.
 */
import type { Clock } from '../interfaces/clock.ts';

const TICK_MS = 5_000;
/** Lateness, in milliseconds, that no event loop of ours has. */
const GAP_MS = 3_000;

/** Calls `onWake` with the gap in milliseconds. The returned function ends the watch. */
export function watchSleep(clock: Clock, onWake: (gapMs: number) => void): () => void {
  let dueMs = clock.nowMs() + TICK_MS;
  let stop = clock.after(TICK_MS, tick);
  function tick(): void {
    const gapMs = clock.nowMs() - dueMs;
    dueMs = clock.nowMs() + TICK_MS;
    stop = clock.after(TICK_MS, tick);
    if (gapMs > GAP_MS) onWake(gapMs);
  }
  return () => stop();
}
