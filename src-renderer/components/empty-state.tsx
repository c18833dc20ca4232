/** Nothing here yet: what this place is for, and the one act that fills it. */
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

export interface EmptyStateProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}

export function EmptyState({ icon: Icon, title, children, actions }: EmptyStateProps) {
  return (
    <div className="mx-auto flex max-w-[380px] flex-col items-center gap-2 px-6 py-12 text-center">
      <Icon aria-hidden size={28} strokeWidth={1.25} className="mb-1 text-faint" />
      <h2 className="text-lead font-semibold">{title}</h2>
      {children && <div className="text-muted">{children}</div>}
      {actions && <div className="mt-3 flex flex-wrap justify-center gap-2">{actions}</div>}
    </div>
  );
}
