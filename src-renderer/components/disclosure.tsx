/** Folds away what few need. The header is a button that says whether it is open. */
import { Collapsible } from '@base-ui/react/collapsible';
import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';

export interface DisclosureProps {
  readonly label: ReactNode;
  readonly children: ReactNode;
  readonly isOpenAtFirst?: boolean;
}

export function Disclosure({ label, children, isOpenAtFirst = false }: DisclosureProps) {
  return (
    <Collapsible.Root defaultOpen={isOpenAtFirst}>
      <Collapsible.Trigger className="group -ml-1 flex min-h-6 items-center gap-1 rounded-sm px-1 text-meta text-muted hover:text-text">
        <ChevronRight
          aria-hidden
          size={14}
          className="transition-transform group-data-panel-open:rotate-90"
        />
        {label}
      </Collapsible.Trigger>
      <Collapsible.Panel className="pt-2">{children}</Collapsible.Panel>
    </Collapsible.Root>
  );
}
