import { describe, expect, it } from 'vitest';
import { formatBytes, formatDuration, formatMode, formatPercent } from '#main/cli/amounts.ts';

describe('amounts', () => {
  it('are written as a person reads them', () => {
    expect([0, 1023, 1024, 1024 * 1024 - 1, 1536 * 1024, 2 * 1024 ** 4, null].map(formatBytes)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '1.0 MiB',
      '1.5 MiB',
      '2.0 TiB',
      '–',
    ]);
    expect([0, 59_600, 3_600_000, 90_061_000].map(formatDuration)).toEqual([
      '0 s',
      '1 min',
      '1 h',
      '1 d 1 h',
    ]);
    expect([0, 0.999, 1, 2].map(formatPercent)).toEqual(['0 %', '99 %', '100 %', '100 %']);
  });

  it('write modes as ls does', () => {
    expect(formatMode('file', 0o644)).toBe('-rw-r--r--');
    expect(formatMode('folder', 0o1777)).toBe('drwxrwxrwt');
    expect(formatMode('file', 0o4755)).toBe('-rwsr-xr-x');
    expect(formatMode('file', 0o2640)).toBe('-rw-r-S---');
    expect(formatMode('link', 0o777)).toBe('lrwxrwxrwx');
  });
});
