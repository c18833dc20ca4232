/** Time, so that tests can move it by hand. */
export interface Clock {
  /** Wall-clock milliseconds since 1970. */
  nowMs(): number;
  /** Milliseconds that never go back; for durations and back-off, also across a laptop's sleep. */
  monotonicMs(): number;
  /** Calls once after `delayMs`; the returned function takes it back. Never keeps the process alive. */
  after(delayMs: number, run: () => void): () => void;
}

/** Lateness, in milliseconds, that no event loop of ours has. */
const LATE_MS = 1_000;

/**
 * As `clock.after`, for limits: a timer that comes late says that the computer slept, not that nobody answered. It waits
 * once more, since what arrived meanwhile is read after it fired.
 */
export function afterAwake(clock: Clock, delayMs: number, run: () => void): () => void {
  const dueMs = clock.monotonicMs() + delayMs;
  let stop = clock.after(delayMs, () => {
    if (clock.monotonicMs() - dueMs > LATE_MS) stop = clock.after(delayMs, run);
    else run();
  });
  return () => stop();
}

export function instantOf(clock: Clock): string {
  return new Date(clock.nowMs()).toISOString();
}
