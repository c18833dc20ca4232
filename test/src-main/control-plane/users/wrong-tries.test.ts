/** Counting wrong tries: what forgives, what does not, and that it fills no memory. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { freeTries, WrongTries } from '#main/control-plane/users/wrong-tries.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

const dayMs = 24 * 60 * 60_000;

function pauseOf(tries: WrongTries, key: string): number | null {
  try {
    tries.begin(key).withdraw();
    return null;
  } catch (error) {
    if (BerthError.is(error, 'too-many')) return Number(error.details.retryAfterSeconds);
    throw error;
  }
}

describe('wrong tries', () => {
  it('are held against one key alone, for a day', async () => {
    const clock = new ManualClock();
    const tries = new WrongTries(clock);
    for (let time = 0; time < freeTries; time++) tries.begin('a');
    expect([pauseOf(tries, 'a'), pauseOf(tries, 'b')]).toEqual([30, null]);
    await clock.advance(30_000);
    tries.begin('a');
    expect(pauseOf(tries, 'a')).toBe(60);
    await clock.advance(dayMs);
    tries.begin('other');
    for (let time = 1; time < freeTries; time++) tries.begin('a');
    expect(pauseOf(tries, 'a')).toBeNull();
  });

  it('that were withdrawn leave all as it was, the pause too', async () => {
    const clock = new ManualClock();
    const tries = new WrongTries(clock);
    for (let time = 0; time < 100; time++) tries.begin('a').withdraw();
    for (let time = 1; time < freeTries; time++) tries.begin('a');
    tries.begin('a').withdraw();
    expect(pauseOf(tries, 'a')).toBeNull();
    tries.begin('a');
    expect(pauseOf(tries, 'a')).toBe(30);
  });

  it('of very many keys are forgotten from the quietest on', () => {
    const tries = new WrongTries(new ManualClock());
    for (let time = 0; time < freeTries; time++) tries.begin('first');
    for (let key = 0; key < 9_999; key++) tries.begin(`key ${key}`);
    expect(pauseOf(tries, 'first')).toBe(30);
    for (let key = 0; key < 20; key++) tries.begin(`more ${key}`);
    expect(pauseOf(tries, 'first')).toBeNull();
  });
});
