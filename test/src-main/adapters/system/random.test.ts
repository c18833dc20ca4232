import { describe, expect, it } from 'vitest';
import { HostId } from '#contract/ids.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';

const random = createSystemRandom();

describe('system random', () => {
  it('makes ids that the contract takes, all different, with every character of the alphabet', () => {
    const ids = Array.from({ length: 500 }, () => random.id('host'));
    for (const id of ids) expect(HostId.parse(id)).toBe(id);
    expect(new Set(ids).size).toBe(500);
    expect(new Set(ids.join('').replaceAll('host_', '')).size).toBe(32);
  });

  it('gives as many bytes as asked, and fractions below 1', () => {
    expect(random.bytes(32)).toHaveLength(32);
    expect(Buffer.from(random.bytes(32)).equals(random.bytes(32))).toBe(false);
    for (let i = 0; i < 1000; i++) {
      const fraction = random.fraction();
      expect(fraction).toBeGreaterThanOrEqual(0);
      expect(fraction).toBeLessThan(1);
    }
  });
});
