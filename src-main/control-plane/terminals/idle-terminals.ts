/**
 * Which terminals nobody uses any more: nobody watches, and neither was anything typed nor printed for so long. One whose
 * shell says that a command runs in it is in use however silent that is; a shell that says nothing of its commands (any but
 * a bash with shell integration) is judged by its silence alone. Looks now and then; how one is closed is told to it.
 */
import { durationWords } from '../duration-words.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { LiveTerminal } from './live-terminal.ts';

export interface TerminalUse {
  readonly clientCount: number;
  /** On the monotonic clock. */
  readonly usedAtMs: number;
  /** Null: never. */
  readonly typedAtMs: number | null;
  readonly printedAtMs: number | null;
  readonly isCommandRunning: boolean;
}

export function isIdle(
  use: Pick<TerminalUse, 'clientCount' | 'usedAtMs' | 'isCommandRunning'>,
  nowMs: number,
  timeoutMs: number,
): boolean {
  return use.clientCount === 0 && !use.isCommandRunning && nowMs - use.usedAtMs >= timeoutMs;
}

/** How often to look: late by at most a tenth of the time, and no more than once a second. */
export function lookEveryMs(timeoutMs: number): number {
  return Math.min(60_000, Math.max(1_000, timeoutMs / 10));
}

/** Milliseconds: the shortest time that a person can say (Settings.closeIdleTerminalsMinutes). */
const OWN_LEAST_MS = 5 * 60_000;

export interface IdleTerminalsDeps<T> {
  readonly clock: Clock;
  /** Of one whose owner says nothing else. Null: it is never closed. */
  readonly timeoutMs: number | null;
  /** What its owner says. The shorter one counts; null: they say nothing. */
  readonly ownTimeoutMs: (terminal: T) => number | null;
  readonly inUse: () => Iterable<T>;
  /** `silence`: for how long, in words. */
  readonly close: (terminal: T, silence: string) => Promise<void>;
}

export class IdleTerminals<
  T extends { readonly live: Pick<LiveTerminal, 'use' | 'isEnded' | 'isAway'> | undefined },
> {
  readonly #deps: IdleTerminalsDeps<T>;
  readonly #closing = new Set<T>();
  #stop: (() => void) | undefined;

  constructor(deps: IdleTerminalsDeps<T>) {
    this.#deps = deps;
  }

  start(): void {
    const { clock, timeoutMs } = this.#deps;
    // People's own times are minutes, and may be said at any moment.
    this.#stop = clock.after(lookEveryMs(timeoutMs ?? OWN_LEAST_MS), () => {
      this.#look();
      this.start();
    });
  }

  close(): void {
    this.#stop?.();
  }

  #look(): void {
    const { clock, inUse, close } = this.#deps;
    for (const terminal of inUse()) {
      const { live } = terminal;
      // One whose way is cut cannot be judged, nor ended, now.
      if (live === undefined || live.isEnded || live.isAway || this.#closing.has(terminal)) continue;
      const timeoutMs = this.#timeoutMs(terminal);
      if (timeoutMs === null || !isIdle(live.use, clock.monotonicMs(), timeoutMs)) continue;
      this.#closing.add(terminal);
      void close(terminal, durationWords(timeoutMs)).finally(() => this.#closing.delete(terminal));
    }
  }
  #timeoutMs(terminal: T): number | null {
    const { ownTimeoutMs, timeoutMs } = this.#deps;
    const times = [timeoutMs, ownTimeoutMs(terminal)].filter((one) => one !== null);
    return times.length === 0 ? null : Math.min(...times);
  }
}
