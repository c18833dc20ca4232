/** The frame of a page in a tab: one title, its acts to the right, a readable column. */
import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';

export interface PageProps {
  readonly title: ReactNode;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly width?: 'text' | 'normal' | 'wide';
  readonly children: ReactNode;
}

const widths = { text: 'max-w-[680px]', normal: 'max-w-[920px]', wide: 'max-w-[1240px]' } as const;

export function Page({ title, lead, actions, width = 'normal', children }: PageProps) {
  return (
    <div
      className={classNames('mx-auto flex w-full flex-col gap-6 px-6 pt-6 pb-12 max-sm:px-4', widths[width])}
    >
      <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        {/* A sentence wraps beside the acts while it has room; a title alone takes what it needs. */}
        <div className={classNames('min-w-0 max-w-full flex-1', lead ? 'basis-64' : 'basis-auto')}>
          <h1 className="text-title font-semibold wrap-anywhere" dir="auto">
            {title}
          </h1>
          {lead && <div className="mt-1 text-pretty text-muted">{lead}</div>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A part of a page with a heading; `id` is where links go. */
export function Section({
  title,
  actions,
  children,
  id,
}: {
  title: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  id?: string;
}) {
  return (
    <section id={id} className="flex flex-col gap-2.5">
      <div className="flex min-h-control flex-wrap items-center justify-between gap-2">
        <h2 className="text-lead font-semibold">{title}</h2>
        {actions && <div className="flex items-center gap-1">{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** A plain surface with a line around it, for rows and groups. */
export function Card({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <div className={classNames('min-w-0 rounded-md border border-line bg-panel', className)}>{children}</div>
  );
}
