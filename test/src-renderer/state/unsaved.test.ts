import { describe, expect, it, vi } from 'vitest';
import { createUnsaved, type UnsavedSource } from '#renderer/state/unsaved.ts';

function source(texts: string[], transferCount = 0, isSaved = true) {
  const own = { tell: () => {}, isFollowed: false, saves: 0 };
  const made: UnsavedSource = {
    texts: () => texts,
    transferCount: () => transferCount,
    save: async () => {
      own.saves += 1;
      return isSaved;
    },
    subscribe: (onChange) => {
      Object.assign(own, { tell: onChange, isFollowed: true });
      return () => {
        own.isFollowed = false;
      };
    },
  };
  return { own, made };
}

describe('unsaved work', () => {
  it('is what all features together would lose, no more names than can be told', () => {
    const unsaved = createUnsaved();
    unsaved.add(source(['a.txt'], 2).made);
    const take = unsaved.add(
      source(
        Array.from({ length: 60 }, (_none, n) => `${n}`),
        1,
      ).made,
    );
    expect(unsaved.read()).toMatchObject({ transferCount: 3 });
    expect(unsaved.read().texts).toHaveLength(50);
    take();
    expect(unsaved.read()).toEqual({ texts: ['a.txt'], transferCount: 2 });
  });

  it('tells at once and whenever it may have changed, and follows nobody who is gone', () => {
    const unsaved = createUnsaved();
    const listener = vi.fn();
    const stop = unsaved.subscribe(listener);
    const { own, made } = source([]);
    const take = unsaved.add(made);
    own.tell();
    expect(listener).toHaveBeenCalledTimes(3);
    take();
    expect(own.isFollowed).toBe(false);
    stop();
    unsaved.add(made);
    expect(listener).toHaveBeenCalledTimes(4);
  });

  it('is saved only when all of it is, and not beyond what could not be', async () => {
    const unsaved = createUnsaved();
    const [good, bad, after] = [source(['a']), source(['b'], 0, false), source(['c'])];
    for (const { made } of [good, bad, after]) unsaved.add(made);
    expect(await unsaved.save()).toBe(false);
    expect([good.own.saves, bad.own.saves, after.own.saves]).toEqual([1, 1, 0]);
    expect(await createUnsaved().save()).toBe(true);
  });
});
