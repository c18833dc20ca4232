/** Something that is asked of the plane while a dialog is open, and asked anew when the question changes. */
import { useEffect, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import { toBerthError } from './to-berth-error.ts';

export interface Asked<T> {
  /** The last answer; stays while the next one is on its way. */
  readonly answer: T | null;
  readonly error: BerthError | null;
  readonly isAsking: boolean;
  readonly askAgain: () => void;
}

/**
 * `key` names the question: another key asks again, after `delayMs`, so that typing asks once. Null: there is nothing to
 * ask now.
 */
export function useAsked<T>(
  key: string | null,
  ask: (signal: AbortSignal) => Promise<T>,
  delayMs = 0,
): Asked<T> {
  const [attempt, setAttempt] = useState(0);
  const [state, setState] = useState<{ answer: T | null; error: BerthError | null; answered: string | null }>(
    {
      answer: null,
      error: null,
      answered: null,
    },
  );
  const question = key === null ? null : `${attempt} ${key}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for what `ask` asks
  useEffect(() => {
    if (question === null) return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      ask(stop.signal).then(
        (answer) => {
          if (!stop.signal.aborted) setState({ answer, error: null, answered: question });
        },
        (cause: unknown) => {
          if (!stop.signal.aborted)
            setState({ answer: null, error: toBerthError(cause), answered: question });
        },
      );
    }, delayMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [question, delayMs]);
  return {
    answer: key === null ? null : state.answer,
    error: key === null || state.answered !== question ? null : state.error,
    isAsking: key !== null && state.answered !== question,
    askAgain: () => setAttempt((before) => before + 1),
  };
}
