/** When a terminal was last used, and by what. */
import type { Clock } from '../interfaces/clock.ts';
import { CommandMarks } from './command-marks.ts';
import type { TerminalUse } from './idle-terminals.ts';

/** `isFollowed`: also by commands, which costs a look at every byte; only where it is wanted. */
export class TerminalActivity {
  readonly #clock: Clock;
  readonly #marks: CommandMarks | undefined;
  #usedAtMs: number;

  constructor(clock: Clock, isFollowed: boolean) {
    this.#clock = clock;
    this.#marks = isFollowed ? new CommandMarks() : undefined;
    this.#usedAtMs = clock.monotonicMs();
  }

  touch(): void {
    this.#usedAtMs = this.#clock.monotonicMs();
  }

  print(bytes: Uint8Array): void {
    this.touch();
    this.#marks?.append(bytes);
  }

  use(clientCount: number): TerminalUse {
    const isCommandRunning = this.#marks?.isRunning === true;
    return { clientCount, usedAtMs: this.#usedAtMs, isCommandRunning };
  }
}
