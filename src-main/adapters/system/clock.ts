/**
 * The computer's clock. On Linux the kernel's monotonic clock stands still while the machine sleeps (clock_gettime(2),
 * CLOCK_MONOTONIC), so the slept time is added from the uptime, which goes on counting (CLOCK_BOOTTIME). macOS and
 * Windows count it themselves. Timers pause with the machine everywhere: whoever waits compares `monotonicMs` after.
 */
import { uptime } from 'node:os';
import type { Clock } from '../../control-plane/interfaces/clock.ts';

/** setTimeout's own bound: beyond 2^31-1 ms it fires at once. */
const MAX_TIMER_MS = 2_147_483_647;
/** The uptime is read with 10 ms of resolution; a smaller difference is noise, a larger one was a sleep. */
const SLEEP_THRESHOLD_MS = 250;

export interface ClockSources {
  readonly platform: NodeJS.Platform;
  readonly nowMs: () => number;
  /** Milliseconds that may stand still in sleep. */
  readonly runningMs: () => number;
  /** Milliseconds since boot, sleep included. */
  readonly uptimeMs: () => number;
}

const computer: ClockSources = {
  platform: process.platform,
  nowMs: Date.now,
  runningMs: () => performance.now(),
  uptimeMs: () => uptime() * 1000,
};

export function createSystemClock(sources: ClockSources = computer): Clock {
  const addsSleep = sources.platform === 'linux';
  const offsetMs = addsSleep ? sources.uptimeMs() - sources.runningMs() : 0;
  let sleptMs = 0;
  return {
    nowMs: sources.nowMs,
    monotonicMs() {
      const running = sources.runningMs();
      if (addsSleep) {
        const drift = sources.uptimeMs() - running - offsetMs;
        if (drift - sleptMs > SLEEP_THRESHOLD_MS) sleptMs = drift;
      }
      return running + sleptMs;
    },
    after(delayMs, run) {
      let timer: NodeJS.Timeout;
      const arm = (leftMs: number) => {
        const stepMs = Math.min(Math.max(leftMs, 0), MAX_TIMER_MS);
        timer = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : run()), stepMs);
        timer.unref();
      };
      arm(delayMs);
      return () => clearTimeout(timer);
    },
  };
}
