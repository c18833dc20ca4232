/** What was found is said in one sentence with its price, by the provider's own words. */
import { expect, it } from 'vitest';
import type { FoundResource } from '#contract/clouds.ts';
import { adoptableName, foundTitle } from '#renderer/features/clouds/found-words.ts';
import { newFinds } from '#renderer/features/clouds/new-finds.ts';
import { MachineName } from '#contract/machines.ts';
import { cloudScenes } from '../../cloud-scenes.ts';

const [model] = cloudScenes.clouds.found ?? [];
const found = (more: Partial<FoundResource>): FoundResource => ({ ...(model as FoundResource), ...more });
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

it.each([
  [
    { kind: 'machine', hourlyUsd: 0.02, origin: 'elsewhere' },
    'A droplet that costs $0.02 an hour and that this Berth does not know',
  ],
  [
    { kind: 'machine', hourlyUsd: 0.02083, origin: 'here' },
    'A droplet that costs $0.02083 an hour and that this Berth made and lost sight of',
  ],
  [
    { kind: 'volume', hourlyUsd: null, monthlyUsd: 10, origin: 'left' },
    'A volume that costs $10.00 a month and that was left behind',
  ],
  [
    { kind: 'address', hourlyUsd: null, monthlyUsd: null, origin: 'left' },
    'A reserved address whose price is not known and that was left behind',
  ],
] as const)('%j is “%s”', (more, title) => {
  expect(plain(foundTitle(found(more), 'droplet'))).toBe(title);
});

it('speaks of an instance as of a droplet', () => {
  expect(foundTitle(found({}), 'instance')).toMatch(/^An instance/);
});

it.each([
  ['grace-lab', 'grace-lab'],
  ['web 1 (old)', 'web-1-old'],
  ['--x--', 'x'],
  ['caf\u00e9.prod', 'cafe-prod'],
  ['a'.repeat(80), 'a'.repeat(63)],
])('%j becomes the name %j', (name, becomes) => {
  const made = adoptableName(name);
  expect(made).toBe(becomes);
  expect(MachineName.safeParse(made).success).toBe(true);
});

it('tells of each find once, and never of one that was left', () => {
  const a = found({ id: 'found_0000000000000000000a' });
  const b = found({ id: 'found_0000000000000000000b' });
  const left = found({ id: 'found_0000000000000000000c', isDismissed: true });
  const all = new Map([a, b, left].map((one) => [one.id as string, one]));
  expect(newFinds(new Map(), all)).toEqual([a, b]);
  expect(newFinds(new Map([[a.id, a]]), all)).toEqual([b]);
  expect(newFinds(all, all)).toEqual([]);
});
