/** What an act changes, ends, drops or keeps: one heading and its lines, each with a mark of its kind. */
import { CircleStop, Minus, PencilLine, ShieldCheck } from 'lucide-react';
import type { ReactNode } from 'react';

export interface PlanLine {
  readonly what: ReactNode;
  readonly detail?: ReactNode;
}

const shapes = {
  changes: { icon: PencilLine, colour: 'text-busy' },
  ends: { icon: CircleStop, colour: 'text-attention' },
  goes: { icon: Minus, colour: 'text-failed' },
  stays: { icon: ShieldCheck, colour: 'text-running' },
} as const;

export interface PlanListProps {
  readonly kind: keyof typeof shapes;
  readonly title: string;
  readonly lines: readonly PlanLine[];
  readonly children?: ReactNode;
}

export function PlanList({ kind, title, lines, children }: PlanListProps) {
  if (lines.length === 0) return null;
  const { icon: Icon, colour } = shapes[kind];
  return (
    <section aria-label={title} className="flex flex-col gap-1">
      <h3 className="text-meta font-medium text-muted">{title}</h3>
      <ul className="m-0 flex list-none flex-col gap-1.5 p-0">
        {lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a plan stand as they are
          <li key={index} className="flex items-start gap-2">
            <Icon aria-hidden size={14} className={`mt-[3px] shrink-0 ${colour}`} />
            <span className="min-w-0 wrap-anywhere">
              {line.what}
              {line.detail && <span className="block text-meta text-muted">{line.detail}</span>}
            </span>
          </li>
        ))}
      </ul>
      {children}
    </section>
  );
}
