/** Labels of apps: names of hosts, stable and of one app each. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import { freeLabel, slugOf } from '#main/control-plane/forwards/app-label.ts';

describe('a label', () => {
  it.each([
    ['API Server', 'api-server'],
    ['  Zürich/Café!  ', 'zurich-cafe'],
    ['xn--evil', 'xn-evil'],
    ['日本', 'workspace'],
    ['---', 'workspace'],
    [`${'a'.repeat(39)} b`, 'a'.repeat(39)],
  ])('of “%s” begins with %s', (name, slug) => {
    expect(slugOf(name)).toBe(slug);
  });

  it('is a label of DNS whatever the name is, and no internationalised one', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 80 }),
        fc.integer({ min: 1, max: 65_535 }),
        (name, port) => {
          const label = freeLabel({ workspaceName: name, port }, () => false, createSystemRandom());
          expect(label).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
          expect(label).not.toContain('--');
        },
      ),
    );
  });

  it('gives way to one that is there', () => {
    const taken = new Set(['api-3000']);
    const label = freeLabel(
      { workspaceName: 'api', port: 3000 },
      (one) => taken.has(one),
      createSystemRandom(),
    );
    expect(label).toMatch(/^api-[0-9a-f]{4}-3000$/);
  });
});
