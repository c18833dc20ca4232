/** What is under way on something: title, state, how long, how far, its steps, and below them what can be done about it. */
import type { ReactNode } from 'react';
import { formatClock, formatPercent } from './format.ts';
import { Card } from './page.tsx';
import { ProgressBar } from './progress-bar.tsx';
import { type Signal, StateMark } from './state-mark.tsx';
import { StepList, type StepRow } from './step-list.tsx';

export interface OperationCardProps {
  readonly title: string;
  readonly mark: { readonly signal: Signal; readonly word: string };
  /** An instant, as ISO text. */
  readonly startedAt: string;
  readonly nowMs: number;
  /** 0 to 1; null: not known. */
  readonly part: number | null;
  readonly steps: readonly StepRow[];
  /** Buttons. */
  readonly children: ReactNode;
}

export function OperationCard({ title, mark, startedAt, nowMs, part, steps, children }: OperationCardProps) {
  return (
    <Card className="flex flex-col gap-2.5 px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h2 className="min-w-0 font-semibold wrap-anywhere">{title}</h2>
        <StateMark signal={mark.signal} word={mark.word} className="text-meta" />
        <span className="tabular ml-auto text-meta text-muted">
          {formatClock(nowMs - Date.parse(startedAt))}
          {part !== null && ` · ${formatPercent(part)}`}
        </span>
      </div>
      <ProgressBar label={title} value={part} />
      <StepList label="Steps" nowMs={nowMs} steps={steps} />
      <div className="flex flex-wrap gap-2">{children}</div>
    </Card>
  );
}
