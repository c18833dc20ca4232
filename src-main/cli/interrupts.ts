/**
 * Ctrl+C. The first one stops what runs in good order: the operation is cancelled, or the command leaves. The second one
 * leaves at once, as people expect of it.
 */
import { cancelled } from './failure.ts';

export type InterruptSignal = 'INT' | 'TERM' | 'HUP';

export interface Interrupts {
  /** The first interrupt while `work` runs calls `onInterrupt` in place of leaving. */
  during<T>(onInterrupt: (signal: InterruptSignal) => void, work: () => Promise<T>): Promise<T>;
  /** Rejects at an interrupt that nothing took. */
  readonly left: Promise<never>;
  /** A signal, or nobody reads the output any more (as SIGHUP). */
  raise(signal?: InterruptSignal): void;
}

export function createInterrupts(leaveAtOnce: () => void): Interrupts {
  const leaving = Promise.withResolvers<never>();
  // Whoever runs a command races with it; before and after that nobody has to.
  leaving.promise.catch(() => undefined);
  let isRaised = false;
  let taker: ((signal: InterruptSignal) => void) | undefined;
  const leave = () => leaving.reject(cancelled('Cancelled.'));
  return {
    async during(onInterrupt, work) {
      const before = taker;
      taker = onInterrupt;
      try {
        return await work();
      } finally {
        taker = before;
      }
    },
    left: leaving.promise,
    raise(signal = 'HUP') {
      if (isRaised) return leaveAtOnce();
      isRaised = true;
      if (taker === undefined) leave();
      else taker(signal);
    },
  };
}
