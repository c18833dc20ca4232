/** The steps of long work: what is done, what runs and how far it is, what waits. Says only what is known. */
import { Check, Circle, CircleAlert, CircleDashed, Minus, OctagonX, Undo2 } from 'lucide-react';
import { classNames } from './class-names.ts';
import { formatBytes, formatClock, formatDuration, formatPercent } from './format.ts';
import { ProgressBar } from './progress-bar.tsx';

export interface StepPart {
  readonly id: string;
  readonly label: string;
  readonly done: number;
  /** Null: not known. */
  readonly total: number | null;
}

export interface StepRow {
  readonly id: string;
  readonly title: string;
  /** `stuck`: it waits for the person. */
  readonly state: 'waiting' | 'running' | 'stuck' | 'done' | 'skipped' | 'failed' | 'undone';
  /** ISO instants. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly note: string;
  readonly progress: {
    readonly done: number;
    readonly total: number | null;
    readonly unit: 'bytes' | 'items';
    readonly parts: readonly StepPart[];
  } | null;
  /** ISO instant until which it may take; said beside the time that it took so far. */
  readonly limitAt?: string | null;
  /** Milliseconds that it still needs, if that can be said. */
  readonly leftMs?: number | null;
}

const looks = {
  waiting: { icon: Circle, colour: 'text-faint', word: 'waiting' },
  running: { icon: CircleDashed, colour: 'text-busy', word: 'running' },
  stuck: { icon: CircleAlert, colour: 'text-attention', word: 'needs you' },
  done: { icon: Check, colour: 'text-running', word: 'done' },
  skipped: { icon: Minus, colour: 'text-stopped', word: 'not needed' },
  failed: { icon: OctagonX, colour: 'text-failed', word: 'failed' },
  undone: { icon: Undo2, colour: 'text-stopped', word: 'taken back' },
} as const;

export function StepList({
  label,
  steps,
  nowMs,
}: {
  readonly label: string;
  readonly steps: readonly StepRow[];
  readonly nowMs: number;
}) {
  return (
    <ol aria-label={label} className="m-0 flex list-none flex-col p-0">
      {steps.map((step) => (
        <Step key={step.id} step={step} nowMs={nowMs} />
      ))}
    </ol>
  );
}

function Step({ step, nowMs }: { step: StepRow; nowMs: number }) {
  const { icon: Icon, colour, word } = looks[step.state];
  const time = stepTime(step, nowMs);
  return (
    <li
      className="flex gap-2.5 py-1"
      aria-current={step.state === 'running' || step.state === 'stuck' ? 'step' : undefined}
    >
      <Icon
        role="img"
        aria-label={word}
        size={15}
        strokeWidth={2}
        className={classNames(
          'mt-[3px] shrink-0',
          colour,
          step.state === 'running' && 'animate-[spin_2.4s_linear_infinite]',
        )}
      />
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        <div className="flex items-baseline gap-x-3">
          <span className={classNames('min-w-0 wrap-anywhere', step.state === 'waiting' && 'text-muted')}>
            {step.title}
          </span>
          {step.note !== '' && (
            <span className="min-w-0 flex-1 truncate text-meta text-muted" title={step.note}>
              {step.note}
            </span>
          )}
          {time !== null && (
            <span className="tabular ml-auto shrink-0 text-meta text-muted" title={stepHint(step)}>
              {time}
            </span>
          )}
        </div>
        {step.state === 'running' && step.progress !== null && (
          <StepProgress title={step.title} progress={step.progress} leftMs={step.leftMs ?? null} />
        )}
      </div>
    </li>
  );
}

function StepProgress({
  title,
  progress,
  leftMs,
}: {
  title: string;
  progress: NonNullable<StepRow['progress']>;
  leftMs: number | null;
}) {
  const text = progressText(progress, leftMs);
  const value = partOf(progress);
  return (
    <div className="flex flex-col gap-1.5 pb-1">
      <ProgressBar label={`${title}: progress`} value={value} text={text} />
      <span className="tabular text-meta text-muted">{text}</span>
      {progress.parts.length > 0 && (
        <ul
          aria-label="Parts"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
          tabIndex={0}
          className="m-0 grid max-h-44 list-none grid-cols-[repeat(auto-fill,minmax(220px,1fr))] gap-x-6 gap-y-1 overflow-y-auto p-0 pr-1"
        >
          {progress.parts.map((part) => (
            <Part key={part.id} part={part} unit={progress.unit} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Part({ part, unit }: { part: StepPart; unit: 'bytes' | 'items' }) {
  // What has not begun stands at nothing, so that it does not look as if it moved.
  const value = partOf(part) ?? (part.done === 0 ? 0 : null);
  const isDone = value === 1;
  return (
    <li className="flex items-center gap-2 text-meta">
      <span
        className="w-24 shrink-0 truncate font-code text-small text-muted"
        title={part.label === '' ? part.id : `${part.id} ${part.label}`}
      >
        {part.id}
      </span>
      <ProgressBar
        label={`${part.id} ${part.label}`}
        value={value}
        isThin
        signal={isDone ? 'running' : 'busy'}
        className="flex-1"
      />
      <span className="tabular w-16 shrink-0 truncate text-right text-small text-muted">
        {partText(part, unit)}
      </span>
    </li>
  );
}

function partText(part: StepPart, unit: 'bytes' | 'items'): string {
  const value = partOf(part);
  if (value === 1) return amount(part.done, unit);
  if (value !== null) return formatPercent(value);
  return part.done === 0 ? part.label : amount(part.done, unit);
}

/** 0 to 1, or null where the whole is not known. */
export function partOf({ done, total }: { done: number; total: number | null }): number | null {
  if (total === null || total <= 0) return null;
  return Math.min(1, done / total);
}

function amount(value: number, unit: 'bytes' | 'items'): string {
  return unit === 'bytes' ? formatBytes(value) : String(value);
}

/** As "59.1 MiB of 95.4 MiB, 0:14 left". */
export function progressText(
  { done, total, unit }: { done: number; total: number | null; unit: 'bytes' | 'items' },
  leftMs: number | null,
): string {
  const left = leftMs === null ? '' : `, ${formatClock(leftMs)} left`;
  return total === null ? amount(done, unit) : `${amount(done, unit)} of ${amount(total, unit)}${left}`;
}

function stepTime(step: StepRow, nowMs: number): string | null {
  if (step.startedAt === null || step.state === 'waiting' || step.state === 'skipped') return null;
  const start = Date.parse(step.startedAt);
  if (step.endedAt === null) {
    if (step.state !== 'running' && step.state !== 'stuck') return null;
    const limit = step.limitAt ? ` of ${formatClock(Date.parse(step.limitAt) - start)}` : '';
    return `${formatClock(nowMs - start)}${limit}`;
  }
  const tookMs = Date.parse(step.endedAt) - start;
  return tookMs < 1000 ? '< 1 s' : formatDuration(tookMs);
}

function stepHint(step: StepRow): string | undefined {
  if (step.startedAt === null) return undefined;
  const from = new Date(step.startedAt).toLocaleTimeString();
  return step.endedAt === null
    ? `since ${from}`
    : `${from} to ${new Date(step.endedAt).toLocaleTimeString()}`;
}
