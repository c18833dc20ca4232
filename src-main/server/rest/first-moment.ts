/**
 * Waits a moment for what a stream begins with, so that a failure at its beginning has a status of its own; what is still
 * silent then has begun well enough.
 */

/** Milliseconds. Longer than any check of the plane's own; shorter than a person waits for nothing. */
export const firstMomentMs = 1_000;

/** Rejects as `beginning` does, if it does so in time. */
export async function firstMoment(beginning: Promise<unknown>, ms: number = firstMomentMs): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const moment = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([beginning, moment]);
  } finally {
    clearTimeout(timer);
    // Whatever it becomes is dealt with by whoever reads on.
    beginning.catch(() => undefined);
  }
}

/** Aborted when the client is gone, or by whoever holds it. */
export function abortWith(signal: AbortSignal): AbortController {
  const abort = new AbortController();
  const end = () => abort.abort(signal.reason);
  if (signal.aborted) end();
  else {
    signal.addEventListener('abort', end, { once: true });
    abort.signal.addEventListener('abort', () => signal.removeEventListener('abort', end), { once: true });
  }
  return abort;
}
