/** What an act takes away and what it leaves, as lists with a heading. */
import { Minus, ShieldCheck, TriangleAlert } from 'lucide-react';

const looks = {
  goes: { icon: Minus, colour: 'text-failed' },
  stays: { icon: ShieldCheck, colour: 'text-running' },
  unknown: { icon: TriangleAlert, colour: 'text-attention' },
} as const;

export interface PlanLine {
  readonly key: string;
  readonly text: string;
  readonly detail?: string;
}

export function PlanLines(props: {
  readonly title: string;
  readonly kind: keyof typeof looks;
  readonly lines: readonly PlanLine[];
}) {
  if (props.lines.length === 0) return null;
  const { icon: Icon, colour } = looks[props.kind];
  return (
    <section aria-label={props.title} className="flex flex-col gap-1">
      <h3 className="text-meta font-medium text-muted">{props.title}</h3>
      <ul className="m-0 flex list-none flex-col gap-1.5 p-0">
        {props.lines.map((line) => (
          <li key={line.key} className="flex items-start gap-2">
            <Icon aria-hidden size={14} className={`mt-[3px] shrink-0 ${colour}`} />
            <span className="min-w-0 wrap-anywhere">
              {line.text}
              {line.detail !== undefined && <span className="block text-meta text-muted">{line.detail}</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
