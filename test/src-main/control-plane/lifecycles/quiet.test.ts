/** Hysteresis: quiet needs to come well below work, for several looks; what is not seen is never taken for idle. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance, notSeen, type Quiet } from '#main/control-plane/lifecycles/quiet.ts';
import type { Weighed } from '#main/control-plane/lifecycles/work-signals.ts';

const seen = (sum: number, isCertain = false): Weighed => ({ seen: [], sum, isCertain });
const quietAfter = (...sums: (number | null | Weighed)[]): Quiet =>
  sums.reduce<Quiet>(
    (quiet, one) => advance(quiet, typeof one === 'number' ? seen(one) : one, 30_000),
    notSeen,
  );
const key = seen(1, true);

describe('a workspace', () => {
  it('is quiet from the first look that sees nothing', () => {
    expect(quietAfter(0)).toMatchObject({ judgement: 'quiet', quietMs: 30_000 });
    expect(quietAfter(0, 0, 0.3)).toMatchObject({ judgement: 'quiet', quietMs: 90_000 });
  });
  it('works after one look with what is certainly work', () => {
    expect(quietAfter(0, 0, key)).toMatchObject({ judgement: 'busy', quietMs: 0 });
  });
  it('is not woken by one look with load: a health check, a nightly job', () => {
    expect(quietAfter(0, 0, 2)).toMatchObject({ judgement: 'quiet', quietMs: 60_000 });
    expect(quietAfter(0, 0, 2, 0)).toMatchObject({ judgement: 'quiet', quietMs: 90_000 });
    expect(quietAfter(0, 0, 2, 2)).toMatchObject({ judgement: 'busy', quietMs: 0 });
  });
  it('is not woken by a burst over two looks that are near to each other, and neither is that burst quiet', () => {
    const near = (quiet: Quiet, sum: number) => advance(quiet, seen(sum), 10_000);
    const burst = [2, 2, 2].reduce(near, quietAfter(0, 0));
    expect(burst).toMatchObject({ judgement: 'quiet', quietMs: 60_000 });
    expect(near(burst, 2)).toMatchObject({ judgement: 'busy', quietMs: 0 });
    expect(near(burst, 0)).toMatchObject({ judgement: 'quiet', quietMs: 70_000 });
  });
  it('that worked has to come well below, twice', () => {
    expect(quietAfter(key, 0.7, 0.7, 0.7)).toMatchObject({ judgement: 'busy' });
    expect(quietAfter(key, 0)).toMatchObject({ judgement: 'busy' });
    expect(quietAfter(key, 0, 0.7, 0)).toMatchObject({ judgement: 'busy' });
    expect(quietAfter(key, 0, 0)).toMatchObject({ judgement: 'quiet', quietMs: 60_000 });
  });
  it('whose load stays between the two is quiet after ten minutes: that is how it is', () => {
    const between = Array.from({ length: 19 }, () => 0.7);
    expect(quietAfter(key, ...between)).toMatchObject({ judgement: 'busy' });
    expect(quietAfter(key, ...between, 0.7)).toMatchObject({ judgement: 'quiet', quietMs: 30_000 });
  });
  it('that cannot be seen keeps its count, and does not add to it', () => {
    expect(quietAfter(0, 0, null)).toMatchObject({ judgement: 'unknown', quietMs: 60_000 });
    expect(quietAfter(0, 0, null, null, 0)).toMatchObject({ judgement: 'quiet', quietMs: 90_000 });
    expect(quietAfter(null)).toMatchObject({ judgement: 'unknown', quietMs: 0 });
  });
});

const anyLook = fc.oneof(
  fc.constant(null),
  fc.double({ min: 0, max: 3, noNaN: true }).map((sum) => seen(sum)),
  fc.constant(key),
);

it('is never quiet for longer than it was seen so, and never after a key', () => {
  fc.assert(
    fc.property(fc.array(anyLook, { minLength: 1, maxLength: 60 }), (looks) => {
      const quiet = quietAfter(...looks);
      const lastKey = looks.lastIndexOf(key);
      const since = looks.slice(lastKey + 1).filter((one) => one !== null && one.sum < 1);
      expect(quiet.quietMs).toBeLessThanOrEqual(since.length * 30_000);
      if (looks.at(-1) === null) expect(quiet.judgement).toBe('unknown');
      if (looks.at(-1) === key) expect(quiet.judgement).toBe('busy');
    }),
  );
});
