/** A sentence across a page about something that waits for a decision, and the buttons that decide. */
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

export interface BandProps {
  readonly icon: LucideIcon;
  readonly title: ReactNode;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}

export function Band({ icon: Icon, title, children, actions }: BandProps) {
  return (
    <section className="flex gap-2.5 rounded-md border border-line bg-raised px-3 py-2.5">
      <Icon aria-hidden size={16} className="mt-0.5 shrink-0 text-attention" />
      <div className="flex min-w-0 flex-1 flex-col gap-1.5">
        <h2 className="font-semibold wrap-anywhere">{title}</h2>
        {children && <div className="text-muted wrap-anywhere">{children}</div>}
        {actions && <div className="flex flex-wrap gap-2 pt-0.5">{actions}</div>}
      </div>
    </section>
  );
}
