/** Rows in columns. Every cell is made plain here, so that no column can be forged and nothing raw is printed. */
import { clip, displayWidth, plain } from './plain-text.ts';

export interface TableOptions {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns with numbers, by index: they end at the same place. */
  readonly right?: readonly number[];
  /** Width of the terminal: the last column is cut to it. Undefined: nothing is cut. */
  readonly columns?: number | undefined;
}

const gap = '  ';
/** Cells that the last column keeps however narrow the terminal is. */
const leastCells = 8;

export function formatTable({ headings, rows, right = [], columns }: TableOptions): string[] {
  const cells = [headings, ...rows].map((row) => row.map(plain));
  const widths = headings.map((_, index) => Math.max(...cells.map((row) => displayWidth(row[index] ?? ''))));
  const last = headings.length - 1;
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + gap.length, 0);
  return cells.map((row) =>
    row
      .map((cell, index) => {
        if (index === last && !right.includes(index))
          return columns === undefined ? cell : clip(cell, Math.max(leastCells, columns - before));
        const pad = ' '.repeat(Math.max(0, (widths[index] ?? 0) - displayWidth(cell)));
        return right.includes(index) ? pad + cell : cell + pad;
      })
      .join(gap)
      .trimEnd(),
  );
}
