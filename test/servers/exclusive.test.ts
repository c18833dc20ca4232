import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { tryClaim, withExclusive } from './exclusive.ts';

test('a name has one holder until it is released', async () => {
  const name = randomUUID();
  const claim = await tryClaim(name);
  expect(claim).toBeDefined();
  expect(await tryClaim(name)).toBeUndefined();
  expect(await tryClaim(`${name}-other`)).toBeDefined();
  await claim?.release();
  expect(await tryClaim(name)).toBeDefined();
});

test('work under one name never overlaps, and a failure lets the next one in', async () => {
  const name = randomUUID();
  let inside = 0;
  let most = 0;
  const work = async (index: number) => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
    if (index === 1) throw new Error('on purpose');
    return index;
  };
  const results = await Promise.allSettled([0, 1, 2].map((index) => withExclusive(name, () => work(index))));
  expect(most).toBe(1);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});
