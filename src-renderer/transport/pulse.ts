/**
 * Whether the other end of a connection lives, told by round trips alone: a carrier whose way was cut says for minutes that
 * it is open. Owns the pings; closes nothing itself.
 */

export interface Pulse {
  /** Anything arrived. */
  heard(): void;
  pong(n: unknown): void;
  /** See ConnectedClient. */
  probe(timeoutMs: number): void;
  readonly roundTripMs: number | null;
  stop(): void;
}

export interface PulseOptions {
  readonly beat: { readonly pingAfterMs: number; readonly deadAfterMs: number };
  readonly sendPing: (n: number) => void;
  /** Called at most once. */
  readonly onDead: () => void;
}

/** Lateness, in milliseconds, that a tick has only when the page stood still or the computer slept. */
const lateMs = 2_000;

export function createPulse({ beat, sendPing, onDead }: PulseOptions): Pulse {
  const tickMs = beat.pingAfterMs / 5;
  let lastHeardAt = performance.now();
  let tickedAt = lastHeardAt;
  let pingSentAt: number | undefined;
  let lastPing = 0;
  let roundTripMs: number | null = null;
  /** The ping whose answer a probe waits for. */
  let probed: { readonly n: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;
  let isStopped = false;

  function ping(): void {
    pingSentAt = performance.now();
    lastPing += 1;
    sendPing(lastPing);
  }

  function stop(): void {
    isStopped = true;
    clearInterval(ticker);
    clearTimeout(probed?.timer);
  }

  function die(): void {
    stop();
    onDead();
  }

  function awaitProof(n: number, timeoutMs: number): void {
    const timer = setTimeout(() => {
      // The answer stands in line behind what still arrives.
      if (performance.now() - lastHeardAt < timeoutMs / 2) awaitProof(n, timeoutMs);
      else die();
    }, timeoutMs);
    probed = { n, timer };
  }

  const ticker = setInterval(() => {
    const nowAt = performance.now();
    const isLate = nowAt - tickedAt > tickMs + lateMs;
    tickedAt = nowAt;
    // What arrived while nothing ran here is read after this: ask anew before any verdict.
    if (isLate) return ping();
    const silentMs = nowAt - lastHeardAt;
    const unansweredMs = pingSentAt === undefined ? 0 : nowAt - pingSentAt;
    if (unansweredMs >= beat.deadAfterMs - beat.pingAfterMs && silentMs >= beat.deadAfterMs) die();
    else if (silentMs >= beat.pingAfterMs && pingSentAt === undefined) ping();
  }, tickMs);

  return {
    heard: () => {
      lastHeardAt = performance.now();
    },
    pong: (value) => {
      const n = Number(value);
      if (probed !== undefined && n >= probed.n) {
        clearTimeout(probed.timer);
        probed = undefined;
      }
      // An answer to an earlier one may have waited since before a sleep.
      if (n !== lastPing) return;
      if (pingSentAt !== undefined) roundTripMs = performance.now() - pingSentAt;
      pingSentAt = undefined;
    },
    probe: (timeoutMs) => {
      if (isStopped || probed !== undefined) return;
      ping();
      awaitProof(lastPing, timeoutMs);
    },
    get roundTripMs() {
      return roundTripMs;
    },
    stop,
  };
}
