import { describe, expect, it, vi } from 'vitest';
import { createKeyring, type KeychainCalls } from '#main/adapters/keychain/keyring.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

/** A keychain whose `getPassword` waits until it is let go, as behind a prompt. */
function prompting() {
  const waiting: ((value: string) => void)[] = [];
  const calls = vi.fn<KeychainCalls['getPassword']>(() => new Promise((resolve) => waiting.push(resolve)));
  const keychain: KeychainCalls = {
    getPassword: calls,
    setPassword: () => Promise.resolve(),
    deletePassword: () => Promise.resolve(true),
  };
  return { keychain, calls, answer: (value: string) => waiting.shift()?.(value) };
}

describe('keyring', () => {
  it('gives up a call behind a prompt, holds back the others, and works on when the prompt is answered', async () => {
    const clock = new ManualClock();
    const { keychain, calls, answer } = prompting();
    const onLateEnd = vi.fn();
    const keyring = createKeyring({
      load: () => Promise.resolve(keychain),
      clock,
      timeoutMs: 1000,
      onLateEnd,
    });
    const unavailable = { code: 'credential.keychain-unavailable' };
    const first = expect(keyring.get('a')).rejects.toMatchObject(unavailable);
    const queued = expect(keyring.get('b')).rejects.toMatchObject(unavailable);
    await clock.advance(1000);
    await first;
    await queued;
    await expect(keyring.set('c', 'x')).rejects.toMatchObject(unavailable);
    // Only one call ever hung: the worker threads are not used up.
    expect(calls).toHaveBeenCalledTimes(1);
    expect(onLateEnd).not.toHaveBeenCalled();

    answer('late');
    await expect.poll(() => onLateEnd).toHaveBeenCalledTimes(1);
    const again = keyring.get('a');
    await expect.poll(() => calls).toHaveBeenCalledTimes(2);
    answer('value');
    expect(await again).toBe('value');
    expect(clock.pendingTimers).toBe(0);
  });

  it('loads again after a load that failed', async () => {
    const { keychain } = prompting();
    const load = vi
      .fn<() => Promise<KeychainCalls>>()
      .mockRejectedValueOnce(new Error('libsecret-1.so.0: cannot open shared object file'))
      .mockResolvedValue(keychain);
    const keyring = createKeyring({ load, clock: new ManualClock() });
    await expect(keyring.set('a', 'x')).rejects.toMatchObject({
      code: 'credential.keychain-unavailable',
      message: expect.stringContaining('libsecret'),
    });
    await keyring.set('a', 'x');
    expect(load).toHaveBeenCalledTimes(2);
  });
});
