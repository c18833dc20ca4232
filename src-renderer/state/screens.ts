/**
 * What terminals show now, as text, for whoever draws a small picture of it. The terminals' feature gives the reader;
 * nothing is copied or kept here, and nothing is read unless somebody looks.
 */
import type { TerminalId } from '#contract/ids.ts';

export interface Screens {
  /** The last lines on the screen; null: this window does not show that terminal. */
  lastLines(id: TerminalId, count: number): readonly string[] | null;
  setReader(read: (id: TerminalId, count: number) => readonly string[] | null): void;
}

export function createScreens(): Screens {
  let reader: (id: TerminalId, count: number) => readonly string[] | null = () => null;
  return {
    lastLines: (id, count) => reader(id, count),
    setReader: (read) => {
      reader = read;
    },
  };
}
