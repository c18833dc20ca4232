/**
 * Waiting for a provider: its outages pass, and an operation outlives them. Only for what may be asked twice.
 */
import { BerthError } from '#contract/berth-error.ts';
import { delay } from '../delay.ts';
import type { CloudAction } from '../interfaces/cloud-provider.ts';
import type { Clock } from '../interfaces/clock.ts';

/** Milliseconds before the next try; the last one goes on. An outage of minutes costs some dozen requests. */
const AGAIN_AFTER_MS = [1_000, 2_000, 5_000, 10_000, 20_000, 30_000] as const;
/** Milliseconds between two looks at an action: most take seconds, some take an hour. */
const LOOK_AFTER_MS = [1_000, 2_000, 2_000, 2_000, 5_000, 5_000, 5_000, 10_000] as const;
/** Milliseconds of an outage after which an operation does not wait any longer. */
export const OUTAGE_MS = 15 * 60_000;

export interface Waiting {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** One line for the person who watches. */
  note(text: string): void;
}

/**
 * Repeats `ask` while the provider cannot be reached, fails, or asks to wait. Throws what it threw last after
 * `OUTAGE_MS`, every other failure at once, and the signal's reason.
 */
export async function patiently<T>(waiting: Waiting, ask: () => Promise<T>): Promise<T> {
  const { clock, signal } = waiting;
  const beganMs = clock.monotonicMs();
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error) || clock.monotonicMs() - beganMs > OUTAGE_MS) throw error;
      const told = error.details?.retryAfterMs;
      const waitMs = Math.max(typeof told === 'number' ? told : 0, at(AGAIN_AFTER_MS, tries));
      waiting.note(`${error.message} Trying again.`);
      await delay(clock, waitMs, signal);
      signal.throwIfAborted();
    }
  }
}

export function isPassing(error: unknown): error is BerthError {
  return BerthError.is(error, 'cloud.unreachable', 'cloud.rate-limited', 'cloud.failed');
}

/**
 * Looks until the action is done. Throws machine.action-failed where the provider gave it up, machine.overdue after
 * `limitMs`. `look` undefined: the provider has forgotten it, which it does only with what has ended.
 */
export async function followAction(
  waiting: Waiting,
  what: string,
  limitMs: number,
  look: () => Promise<CloudAction | undefined>,
): Promise<void> {
  const { clock, signal } = waiting;
  const beganMs = clock.monotonicMs();
  for (let looks = 0; ; looks += 1) {
    const action = await patiently(waiting, look);
    if (action === undefined || action.state === 'done') return;
    if (action.state === 'failed')
      throw new BerthError('machine.action-failed', `The provider could not do it: ${what}.`);
    if (clock.monotonicMs() - beganMs > limitMs)
      throw new BerthError(
        'machine.overdue',
        `The provider still works on it after ${Math.round(limitMs / 60_000)} minutes: ${what}.`,
      );
    await delay(clock, at(LOOK_AFTER_MS, looks), signal);
    signal.throwIfAborted();
  }
}

function at(row: readonly number[], index: number): number {
  return row[Math.min(index, row.length - 1)] ?? 0;
}
