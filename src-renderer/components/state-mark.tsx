/** The five signals: each has its own shape and a word, so that colour is never alone. */
import { CircleAlert, CircleDashed, CircleDot, CircleStop, OctagonX } from 'lucide-react';
import { classNames } from './class-names.ts';

export type Signal = 'running' | 'busy' | 'attention' | 'failed' | 'stopped';

const shapes = {
  running: CircleDot,
  busy: CircleDashed,
  attention: CircleAlert,
  failed: OctagonX,
  stopped: CircleStop,
} as const;
const colours: Record<Signal, string> = {
  running: 'text-running',
  busy: 'text-busy',
  attention: 'text-attention',
  failed: 'text-failed',
  stopped: 'text-stopped',
};
const softs: Record<Signal, string> = {
  running: 'bg-running-soft text-running',
  busy: 'bg-busy-soft text-busy',
  attention: 'bg-attention-soft text-attention',
  failed: 'bg-failed-soft text-failed',
  stopped: 'bg-stopped-soft text-stopped',
};

export interface StateMarkProps {
  readonly signal: Signal;
  readonly word: string;
  /** Only the shape is drawn (in trees and tabs); the word is said to screen readers and shown on hover. */
  readonly isCompact?: boolean;
  readonly className?: string;
}

export function StateMark({ signal, word, isCompact = false, className }: StateMarkProps) {
  const Shape = shapes[signal];
  return (
    <span
      title={isCompact ? word : undefined}
      className={classNames('inline-flex shrink-0 items-center gap-1.5', colours[signal], className)}
    >
      <Shape
        aria-hidden
        size={14}
        strokeWidth={2}
        className={classNames('shrink-0', signal === 'busy' && 'animate-[spin_2.4s_linear_infinite]')}
      />
      <span className={isCompact ? 'sr-only' : undefined}>{word}</span>
    </span>
  );
}

/** A short fact in a pill, as "adopted" or "read-only". With a signal it also has the signal's shape. */
export function Badge({ signal, children }: { signal?: Signal; children: string }) {
  const Shape = signal && shapes[signal];
  return (
    <span
      className={classNames(
        'inline-flex h-5 shrink-0 items-center gap-1 rounded-full px-2 text-small font-medium whitespace-nowrap',
        signal ? softs[signal] : 'bg-hover text-muted',
      )}
    >
      {Shape && <Shape aria-hidden size={11} strokeWidth={2.25} />}
      {children}
    </span>
  );
}
