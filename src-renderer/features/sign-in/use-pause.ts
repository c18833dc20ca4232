/** How long Berth takes no further try after `too-many`, as it said with the refusal. */
import { useEffect, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import { useNow } from '../../components/now.ts';

/** Seconds, where a refusal did not say. */
const usualPauseSeconds = 60;

/** Whole seconds that are left; 0: it may be tried. */
export function usePause(error: BerthError | null): number {
  const [endsAtMs, setEndsAtMs] = useState(0);
  useEffect(() => {
    if (error?.code !== 'too-many') return;
    const { retryAfterSeconds } = error.details;
    const seconds = typeof retryAfterSeconds === 'number' ? retryAfterSeconds : usualPauseSeconds;
    setEndsAtMs(Date.now() + seconds * 1000);
  }, [error]);
  const nowMs = useNow(endsAtMs > Date.now());
  return Math.max(0, Math.ceil((endsAtMs - nowMs) / 1000));
}
