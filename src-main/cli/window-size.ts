/** Columns and rows of the terminal that the output is, within what a terminal of the plane can have. */
import type { TerminalSize } from '#contract/terminals.ts';
import type { OutputStream } from './terminal.ts';

const usual: TerminalSize = { cols: 80, rows: 24 };

export function windowSize({ isTTY, columns, rows }: OutputStream): TerminalSize {
  if (isTTY !== true || columns === undefined || rows === undefined) return usual;
  const within = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));
  return { cols: within(columns, 2, 1000), rows: within(rows, 1, 500) };
}

/** Tells of each change (SIGWINCH). Returns what ends it. */
export function watchWindowSize(output: OutputStream, onSize: (size: TerminalSize) => void): () => void {
  const tell = () => onSize(windowSize(output));
  output.on('resize', tell);
  return () => {
    output.off('resize', tell);
  };
}
