/** Windows of counting: what is said of them, and that one name's does not touch another's. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRateLimits, limitRules } from '#main/server/rate-limits.ts';

const rules = { ...limitRules, signIn: { name: 'sign-in', points: 2, seconds: 60 } };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function spend(limits: ReturnType<typeof createRateLimits>, who: string) {
  const headers: Record<string, string> = {};
  const failure = await limits
    .spend('signIn', who, (name, value) => (headers[name] = value))
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  return { headers, failure };
}

describe('a limit', () => {
  it('says what is left in the words of the draft, then refuses, and begins anew with its window', async () => {
    const limits = createRateLimits(rules);
    const policy = '"sign-in";q=2;w=60';
    expect((await spend(limits, 'a')).headers).toEqual({
      'RateLimit-Policy': policy,
      RateLimit: '"sign-in";r=1;t=60',
    });
    await vi.advanceTimersByTimeAsync(15_000);
    expect((await spend(limits, 'a')).headers.RateLimit).toBe('"sign-in";r=0;t=45');
    const { headers, failure } = await spend(limits, 'a');
    expect(headers).toEqual({
      'RateLimit-Policy': policy,
      RateLimit: '"sign-in";r=0;t=45',
      'Retry-After': '45',
    });
    expect(failure).toMatchObject({ code: 'too-many', details: { retryAfterSeconds: 45 } });
    await vi.advanceTimersByTimeAsync(44_999);
    expect((await spend(limits, 'a')).failure).toBeDefined();
    await vi.advanceTimersByTimeAsync(1);
    expect((await spend(limits, 'a')).failure).toBeUndefined();
  });

  it('counts each name and each person by themselves', async () => {
    const limits = createRateLimits(rules);
    for (let n = 0; n < 3; n += 1) await spend(limits, 'a');
    expect((await spend(limits, 'b')).failure).toBeUndefined();
    await expect(limits.spend('refresh', 'a', () => undefined)).resolves.toBeUndefined();
  });

  it('keeps nobody in memory whose window is over', async () => {
    const limits = createRateLimits(rules);
    for (let n = 0; n < 100; n += 1) await spend(limits, `client-${n}`);
    expect(vi.getTimerCount()).toBe(100);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});
