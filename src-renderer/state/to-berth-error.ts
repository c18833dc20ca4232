/** Whatever was thrown, as an error that can be shown. */
import { BerthError } from '#contract/berth-error.ts';

export function toBerthError(cause: unknown): BerthError {
  if (BerthError.is(cause)) return cause;
  return new BerthError('internal', 'Berth did not expect this. What it was trying to do did not finish.', {
    details: { reason: cause instanceof Error ? cause.message : String(cause) },
    cause,
  });
}
