/**
 * What is done with machines by itself and failed: when it is tried again, and that it is shown until it is over. Each further
 * failure puts the next try off further. Only of this run: after a start everything is tried at once.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { MachineId } from '#contract/ids.ts';
import type { MachineRetry } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import type { Clock } from '../interfaces/clock.ts';
import { againAfterMs } from '../look-rounds.ts';
import type { MachineDirectory } from './machine-directory.ts';

interface Failed {
  readonly failures: number;
  readonly againMs: number;
}

export class Retries {
  readonly #deps: { readonly directory: MachineDirectory; readonly clock: Clock };
  readonly #failed = new Map<MachineId, Failed>();

  constructor(deps: { readonly directory: MachineDirectory; readonly clock: Clock }) {
    this.#deps = deps;
  }

  /** By the wall clock, in milliseconds; null: it has not failed. */
  againMs(id: MachineId): number | null {
    return this.#failed.get(id)?.againMs ?? null;
  }

  failed(id: MachineId, what: Pick<MachineRetry, 'why' | 'action'>, cause: unknown): void {
    const { clock, directory } = this.#deps;
    const failures = this.#failed.get(id)?.failures ?? 0;
    const nowMs = clock.nowMs();
    const againMs = nowMs + againAfterMs(failures);
    this.#failed.set(id, { failures: failures + 1, againMs });
    directory.showRetry(id, {
      ...what,
      error: shapeOf(cause),
      failedAt: new Date(nowMs).toISOString(),
      againAt: new Date(againMs).toISOString(),
    });
  }

  /** It is over, or a person has said something else. */
  clear(id: MachineId): void {
    if (this.#failed.delete(id)) this.#deps.directory.showRetry(id, null);
  }
}

/** Throws what an operation ended with, where it did not succeed. */
export function requireSucceeded({ error, state }: Operation): void {
  if (state === 'succeeded') return;
  throw error === null
    ? new BerthError('operation.interrupted', 'It was stopped.')
    : BerthError.fromShape(error);
}

function shapeOf(cause: unknown): MachineRetry['error'] {
  if (BerthError.is(cause)) return cause.toShape();
  return new BerthError('internal', 'Berth made a mistake; its log says more.').toShape();
}
