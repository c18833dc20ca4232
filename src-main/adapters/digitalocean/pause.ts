/** Waiting on the plane's clock. */
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';

/** Throws cancelled (or the signal's own BerthError) as soon as the signal says so. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(cancelledBy(signal));
    const stop = clock.after(delayMs, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    function abort(): void {
      stop();
      reject(cancelledBy(signal));
    }
    signal.addEventListener('abort', abort, { once: true });
  });
}

export function cancelledBy(signal: AbortSignal): BerthError {
  const { reason } = signal as { reason: unknown };
  return BerthError.is(reason) ? reason : new BerthError('cancelled', 'It was cancelled.', { cause: reason });
}
