/** Waiting on the plane's clock, so that tests move it by hand. */
import type { Clock } from './interfaces/clock.ts';

/** Resolves after `delayMs`, or as soon as `signal` aborts (then the caller looks at the signal). Never rejects. */
export function delay(clock: Pick<Clock, 'after'>, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = clock.after(delayMs, end);
    function end(): void {
      stop();
      signal?.removeEventListener('abort', end);
      resolve();
    }
    signal?.addEventListener('abort', end, { once: true });
  });
}
