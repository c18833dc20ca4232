/** Sections of one page, one at a time. (The window's tabs are features/workbench's.) */
import { Tabs as Base } from '@base-ui/react/tabs';
import type { ReactNode } from 'react';

export interface TabItem<T extends string> {
  readonly value: T;
  readonly label: ReactNode;
  readonly content: ReactNode;
}

export interface TabsProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly items: readonly TabItem<T>[];
}

export function Tabs<T extends string>({ label, value, onChange, items }: TabsProps<T>) {
  return (
    <Base.Root
      value={value}
      onValueChange={(next) => {
        const chosen = items.find((item) => item.value === next);
        if (chosen) onChange(chosen.value);
      }}
    >
      <Base.List
        aria-label={label}
        activateOnFocus
        className="relative flex gap-4 overflow-x-auto border-b border-line"
      >
        {items.map((item) => (
          <Base.Tab
            key={item.value}
            value={item.value}
            className="focus-inset -mb-px flex h-8 shrink-0 items-center gap-1.5 rounded-sm border-b-2 border-transparent px-0.5 text-muted transition-colors hover:text-text data-active:border-accent data-active:text-text"
          >
            {item.label}
          </Base.Tab>
        ))}
      </Base.List>
      {items.map((item) => (
        <Base.Panel key={item.value} value={item.value} className="pt-4">
          {item.content}
        </Base.Panel>
      ))}
    </Base.Root>
  );
}
