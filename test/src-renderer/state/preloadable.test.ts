import { describe, expect, it } from 'vitest';
import { preloadable } from '#renderer/state/preloadable.ts';

describe('a part that is fetched ahead', () => {
  it('is fetched once, and then answers at once', async () => {
    let fetched = 0;
    const part = preloadable(() => Promise.resolve(`part ${++fetched}`));
    part.preload();
    part.preload();
    expect(await part.take()).toBe('part 1');
    let answer = '';
    void part.take().then((value) => (answer = value));
    expect(answer).toBe('part 1');
    expect(fetched).toBe(1);
  });

  it('that could not be fetched is tried again when it is needed', async () => {
    let tries = 0;
    const part = preloadable(() =>
      ++tries === 1 ? Promise.reject(new Error('offline')) : Promise.resolve('there'),
    );
    part.preload();
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await part.take()).toBe('there');
  });
});
