/** A try that did not work, at its form: in plain words where a person can mend it, with the technical part elsewhere. */
import { CircleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatClock } from '../../components/format.ts';

export interface ProblemProps {
  /** What did not happen. */
  readonly title: string;
  readonly error: BerthError | null;
  /** Seconds for which Berth takes no further try; see usePause. */
  readonly pauseSeconds?: number;
  /** In place of the plane's words, for what is said of this code. */
  readonly words?: Partial<Record<BerthError['code'], ReactNode>>;
}

export function Problem({ title, error, pauseSeconds = 0, words = {} }: ProblemProps) {
  if (error === null) return null;
  if (error.code === 'too-many')
    return (
      <Plain>
        {pauseSeconds > 0 ? (
          <>
            Too many tries. The next one is taken in{' '}
            <span className="tabular whitespace-nowrap">{formatClock(pauseSeconds * 1000)}</span>.
          </>
        ) : (
          'You can try again now.'
        )}
      </Plain>
    );
  const own = words[error.code];
  return own === undefined ? <ErrorNote title={title} error={error} /> : <Plain>{own}</Plain>;
}

function Plain({ children }: { children: ReactNode }) {
  return (
    <p role="alert" className="flex gap-2 rounded-md border border-failed/40 bg-failed-soft px-3 py-2">
      <CircleAlert aria-hidden size={16} className="mt-0.5 shrink-0 text-failed" />
      <span className="min-w-0 wrap-anywhere">{children}</span>
    </p>
  );
}
