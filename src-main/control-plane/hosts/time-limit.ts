/** A limit for calls whose own time-outs are not ours to trust: the wait ends, and late results are put away. */
import { BerthError } from '#contract/berth-error.ts';
import { afterAwake, type Clock } from '../interfaces/clock.ts';

export interface Limit {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** For the message: "the engine's answer". */
  readonly what: string;
  readonly signal: AbortSignal;
}

/**
 * Runs `work` with a signal that aborts after `timeoutMs` or with the outer signal, and does not wait longer than that
 * even if `work` ignores it; `discard` then closes what `work` may still bring. Time that the computer slept counts not.
 */
export function withinLimit<T>(
  limit: Limit,
  work: (signal: AbortSignal) => Promise<T>,
  discard?: (late: T) => void,
): Promise<T> {
  const { clock, timeoutMs, what, signal } = limit;
  signal.throwIfAborted();
  const controller = new AbortController();
  return new Promise<T>((resolve, reject) => {
    let isOver = false;
    const end = () => {
      isOver = true;
      stopTimer();
      signal.removeEventListener('abort', onAbort);
    };
    const giveUp = (reason: unknown) => {
      if (isOver) return;
      end();
      controller.abort(reason);
      reject(reason);
    };
    const onAbort = () => giveUp(signal.reason);
    const stopTimer = afterAwake(clock, timeoutMs, () =>
      giveUp(
        new BerthError('timed-out', `No answer within ${Number((timeoutMs / 1000).toFixed(1))} s: ${what}.`),
      ),
    );
    signal.addEventListener('abort', onAbort, { once: true });
    work(controller.signal).then(
      (value) => {
        if (isOver) {
          discard?.(value);
          return;
        }
        end();
        resolve(value);
      },
      (error: unknown) => {
        if (isOver) return;
        end();
        reject(error);
      },
    );
  });
}
