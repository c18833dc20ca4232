/**
 * What a terminal's output has painted so far, kept so that a window that comes late gets the same screen in one go.
 * Asks and answers nothing: a program's questions are for the windows.
 */
import type { TerminalSize } from '#contract/terminals.ts';
import type { Clock } from './clock.ts';

export interface ScreenKeeper {
  /** Copies what it is given. As cheap as a copy: the parsing comes later, and of a flood only the end is parsed. */
  append(bytes: Uint8Array): void;
  /** What was appended before is of the old size, what follows is of the new one. */
  resize(size: TerminalSize): void;
  /**
   * Everything appended, as it came, for the first who asks and as long as all of it is there: it may hold a question
   * whose program waits for an answer. Undefined after that.
   */
  takeUnseen(): Uint8Array | undefined;
  /**
   * Bytes that, written into a fresh terminal of the present size, give the scrollback, screen, cursor, modes and title
   * as of this call; what is appended after it, while the promise is pending, is not among them.
   */
  snapshot(): Promise<Uint8Array>;
  /** Begins anew from bytes that paint everything: after a gap. */
  replace(paint: Uint8Array): void;
  /** Nothing follows for now: keeps the last lines as bytes and gives the screen's memory back. */
  rest(): void;
  /** Modes that are on, as sequences for a fresh terminal. */
  readonly restoringSequences: string;
  /** Forgets everything and gives the memory back. */
  clear(): void;
}

export type CreateScreenKeeper = (options: {
  readonly size: TerminalSize;
  readonly scrollbackLines: number;
  readonly clock: Clock;
  /** The UTF-8 of each title that a program sets, uncleaned. */
  readonly onTitle: (payload: Uint8Array) => void;
}) => ScreenKeeper;
