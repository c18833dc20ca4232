/** Time, so that tests can move it by hand. */
export interface Clock {
  /** Wall-clock milliseconds since 1970. */
  nowMs(): number;
  /** Milliseconds that never go back; for durations and back-off, also across a laptop's sleep. */
  monotonicMs(): number;
  /** Calls once after `delayMs`; the returned function takes it back. Never keeps the process alive. */
  after(delayMs: number, run: () => void): () => void;
}

export function instantOf(clock: Clock): string {
  return new Date(clock.nowMs()).toISOString();
}
