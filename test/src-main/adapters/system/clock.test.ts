import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSystemClock } from '#main/adapters/system/clock.ts';

afterEach(() => vi.useRealTimers());

function movable(platform: NodeJS.Platform) {
  const time = { runningMs: 1000, uptimeMs: 50_000 };
  const clock = createSystemClock({
    platform,
    nowMs: () => 0,
    runningMs: () => time.runningMs,
    uptimeMs: () => time.uptimeMs,
  });
  return { time, clock };
}

describe('system clock', () => {
  it('counts the time that a Linux machine slept', () => {
    const { time, clock } = movable('linux');
    time.runningMs += 500;
    time.uptimeMs += 500;
    expect(clock.monotonicMs()).toBe(1500);
    time.runningMs += 10;
    time.uptimeMs += 3_600_010;
    expect(clock.monotonicMs()).toBe(1510 + 3_600_000);
    time.runningMs += 10;
    time.uptimeMs += 10;
    expect(clock.monotonicMs()).toBe(1520 + 3_600_000);
  });

  it('takes the coarse uptime for no sleep, and never goes back', () => {
    const { time, clock } = movable('linux');
    let before = clock.monotonicMs();
    for (const jitterMs of [9, -9, 200, -200, 0]) {
      time.runningMs += 5;
      time.uptimeMs = 50_000 + (time.runningMs - 1000) + jitterMs;
      const now = clock.monotonicMs();
      expect(now - before).toBe(5);
      before = now;
    }
  });

  it('leaves the sleep to the platforms that count it themselves', () => {
    const { time, clock } = movable('darwin');
    time.uptimeMs += 3_600_000;
    expect(clock.monotonicMs()).toBe(1000);
  });

  it('calls once after the delay, not when taken back', () => {
    vi.useFakeTimers();
    const clock = createSystemClock();
    const called = vi.fn();
    const takenBack = vi.fn();
    clock.after(1000, called);
    clock.after(1000, takenBack)();
    vi.advanceTimersByTime(999);
    expect(called).not.toHaveBeenCalled();
    vi.advanceTimersByTime(5000);
    expect(called).toHaveBeenCalledTimes(1);
    expect(takenBack).not.toHaveBeenCalled();
  });

  it('waits longer than one timer can', () => {
    vi.useFakeTimers();
    const called = vi.fn();
    const thirtyDaysMs = 30 * 86_400_000;
    createSystemClock().after(thirtyDaysMs, called);
    vi.advanceTimersByTime(thirtyDaysMs - 1);
    expect(called).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(called).toHaveBeenCalledTimes(1);
  });
});
