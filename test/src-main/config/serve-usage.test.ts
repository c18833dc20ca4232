import { describe, expect, it } from 'vitest';
import { serveUsage } from '#main/config/serve-usage.ts';
import { variables } from '#main/config/variables.ts';

describe('the help of berth serve', () => {
  it.each(variables.map((row) => [row.name, row] as const))('tells of %s', (name, row) => {
    const flag = 'flag' in row ? `, --${row.flag} ${row.argument}` : '';
    const secret = 'isSecret' in row ? `, ${name}_FILE  (secret)` : '';
    expect(serveUsage).toContain(`\n  ${name}${flag}${secret}\n`);
    expect(serveUsage.replaceAll(/\s+/g, ' ')).toContain(`${row.what} Default: ${row.without}.`);
  });

  it('fits a terminal', () => {
    expect(Math.max(...serveUsage.split('\n').map((line) => line.length))).toBeLessThanOrEqual(108);
  });
});
