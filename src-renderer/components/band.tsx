/** A state that needs a word: what it is, what it costs, and what can be done about it. */
import { Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';

export interface BandProps {
  readonly title: ReactNode;
  /** `attention`: something waits for the person. */
  readonly tone?: 'info' | 'attention';
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}

export function Band({ title, tone = 'info', children, actions }: BandProps) {
  const Icon = tone === 'attention' ? TriangleAlert : Info;
  return (
    <section
      className={classNames(
        'flex gap-2.5 rounded-md border px-3 py-2.5',
        tone === 'attention' ? 'border-attention/40 bg-attention-soft' : 'border-line bg-raised',
      )}
    >
      <Icon
        aria-hidden
        size={16}
        className={classNames('mt-0.5 shrink-0', tone === 'attention' ? 'text-attention' : 'text-muted')}
      />
      <div className="flex min-w-0 flex-1 flex-col gap-1.5">
        <h2 className="font-semibold wrap-anywhere">{title}</h2>
        {children && (
          <div
            className={classNames('flex flex-col gap-1.5', tone === 'attention' ? 'text-text' : 'text-muted')}
          >
            {children}
          </div>
        )}
        {actions && <div className="flex flex-wrap items-center gap-2 pt-0.5">{actions}</div>}
      </div>
    </section>
  );
}
