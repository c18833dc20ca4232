/** When a terminal was last used, and by what. */
import type { Clock } from '../interfaces/clock.ts';
import { CommandMarks } from './command-marks.ts';
import type { TerminalUse } from './idle-terminals.ts';

export class TerminalActivity {
  readonly #clock: Clock;
  readonly #marks = new CommandMarks();
  #usedAtMs: number;
  #typedAtMs: number | null = null;
  #printedAtMs: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#usedAtMs = clock.monotonicMs();
  }

  /** It is looked after again. */
  touch(): void {
    this.#usedAtMs = this.#clock.monotonicMs();
  }

  type(): void {
    this.touch();
    this.#typedAtMs = this.#usedAtMs;
  }

  print(bytes: Uint8Array): void {
    this.touch();
    this.#printedAtMs = this.#usedAtMs;
    this.#marks.append(bytes);
  }

  use(clientCount: number): TerminalUse {
    return {
      clientCount,
      usedAtMs: this.#usedAtMs,
      typedAtMs: this.#typedAtMs,
      printedAtMs: this.#printedAtMs,
      isCommandRunning: this.#marks.isRunning,
    };
  }
}
