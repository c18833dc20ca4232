import { describe, expect, it } from 'vitest';
import { formatTable } from '#main/cli/table.ts';

describe('a table', () => {
  it('stands in columns, numbers at their end', () => {
    const rows = [
      ['日本', '1 B', 'x'],
      ['a', '100 MiB', ''],
    ];
    expect(formatTable({ headings: ['NAME', 'SIZE', 'NOTE'], rows, right: [1] })).toEqual([
      'NAME     SIZE  NOTE',
      '日本      1 B  x',
      'a     100 MiB',
    ]);
  });

  it('cuts the last column to the terminal, and nothing where no terminal is', () => {
    const rows = [['a', 'x'.repeat(50)]];
    const [, cut] = formatTable({ headings: ['N', 'NOTE'], rows, columns: 20 });
    expect(cut).toBe(`a  ${'x'.repeat(16)}…`);
    expect(formatTable({ headings: ['N', 'NOTE'], rows })[1]).toHaveLength(53);
  });

  it('cannot be forged from within a cell', () => {
    const [, ...lines] = formatTable({ headings: ['A', 'B'], rows: [['a\nroot  rw', '\u001b[1A']] });
    expect(lines).toEqual(['a\\x0aroot  rw  \\x1b[1A']);
  });
});
