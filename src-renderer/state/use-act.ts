/** One act of a dialog: it runs once however often its button is pressed, and its failure stays until the next try. */
import { useCallback, useRef, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import { toBerthError } from './to-berth-error.ts';

export interface Act {
  readonly isBusy: boolean;
  readonly error: BerthError | null;
  readonly run: (act: () => Promise<void>) => Promise<void>;
  readonly forget: () => void;
}

export function useAct(): Act {
  const isRunning = useRef(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<BerthError | null>(null);
  const run = useCallback(async (act: () => Promise<void>) => {
    if (isRunning.current) return;
    isRunning.current = true;
    setBusy(true);
    setError(null);
    try {
      await act();
    } catch (cause) {
      setError(toBerthError(cause));
    } finally {
      isRunning.current = false;
      setBusy(false);
    }
  }, []);
  const forget = useCallback(() => setError(null), []);
  return { isBusy, error, run, forget };
}
