import { describe, expect, it, vi } from 'vitest';
import { createInterrupts } from '#main/cli/interrupts.ts';

describe('interrupts', () => {
  it('leave in good order at the first, at once at the second', async () => {
    const leaveAtOnce = vi.fn();
    const interrupts = createInterrupts(leaveAtOnce);
    interrupts.raise();
    await expect(interrupts.left).rejects.toThrow('Cancelled.');
    expect(leaveAtOnce).not.toHaveBeenCalled();
    interrupts.raise();
    expect(leaveAtOnce).toHaveBeenCalledTimes(1);
  });

  it('are taken by what runs, the innermost of it, and only while it does', async () => {
    const leaveAtOnce = vi.fn();
    const interrupts = createInterrupts(leaveAtOnce);
    const [outer, inner] = [vi.fn(), vi.fn()];
    await interrupts.during(outer, async () => {
      await interrupts.during(inner, async () => interrupts.raise());
    });
    expect([outer.mock.calls.length, inner.mock.calls.length]).toEqual([0, 1]);
    const isLeft = await Promise.race([interrupts.left.catch(() => true), Promise.resolve(false)]);
    expect(isLeft).toBe(false);
    interrupts.raise();
    expect(leaveAtOnce).toHaveBeenCalledTimes(1);
  });
});
