/** Real progress: a known part of a known whole. `value` null: it moves, and how far is not known. */
import { Progress as Base } from '@base-ui/react/progress';
import { classNames } from './class-names.ts';

export interface ProgressBarProps {
  readonly label: string;
  /** 0 to 1. */
  readonly value: number | null;
  /** As "62 % — 0:14 left", said in place of the percentage. */
  readonly text?: string;
  readonly isThin?: boolean;
  readonly signal?: 'busy' | 'attention' | 'failed' | 'running';
  readonly className?: string;
}

const fills = {
  busy: 'bg-busy',
  attention: 'bg-attention',
  failed: 'bg-failed',
  running: 'bg-running',
} as const;

export function ProgressBar({
  label,
  value,
  text,
  isThin = false,
  signal = 'busy',
  className,
}: ProgressBarProps) {
  const percent = value === null ? null : Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <Base.Root
      value={percent}
      aria-label={label}
      {...(text === undefined ? {} : { getAriaValueText: () => text })}
      className={classNames('block min-w-0', className)}
    >
      <Base.Track
        className={classNames('block overflow-hidden rounded-full bg-hover', isThin ? 'h-1' : 'h-1.5')}
      >
        <Base.Indicator
          className={classNames(
            'block h-full rounded-full transition-[width]',
            fills[signal],
            percent === null && 'w-1/3 animate-pulse',
          )}
        />
      </Base.Track>
    </Base.Root>
  );
}
