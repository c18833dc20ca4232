/** Menus and context menus: rows with an icon, a label, keys. Both draw the same `MenuEntry` list. */
import { ContextMenu as BaseContextMenu } from '@base-ui/react/context-menu';
import { Menu as Base } from '@base-ui/react/menu';
import { Check, type LucideIcon } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { classNames } from './class-names.ts';
import { KeyHint } from './key-hint.tsx';

export type MenuEntry =
  | {
      readonly kind: 'item';
      readonly id: string;
      readonly label: string;
      readonly icon?: LucideIcon;
      readonly keys?: readonly string[];
      readonly ariaKeys?: string;
      readonly isDisabled?: boolean;
      readonly isDangerous?: boolean;
      readonly isChecked?: boolean;
      readonly run: () => void;
    }
  | { readonly kind: 'line'; readonly id: string }
  | { readonly kind: 'heading'; readonly id: string; readonly label: string };

const popupClass =
  'floating appear max-h-[var(--available-height)] min-w-48 max-w-96 overflow-y-auto p-1 text-text';
const itemClass =
  'flex min-h-control items-center gap-2 rounded-sm px-2 outline-none data-disabled:text-muted data-highlighted:bg-hover';

/** The rows, for whoever draws the popup by itself (the menu bar). */
export function MenuEntries({ entries }: { entries: readonly MenuEntry[] }) {
  const hasIcons = entries.some(
    (entry) => entry.kind === 'item' && (entry.icon !== undefined || entry.isChecked !== undefined),
  );
  return entries.map((entry) => {
    switch (entry.kind) {
      case 'line':
        return <Base.Separator key={entry.id} className="mx-1 my-1 h-px bg-line" />;
      case 'heading':
        return (
          <div key={entry.id} className="truncate px-2 pt-1.5 pb-0.5 text-small text-muted">
            {entry.label}
          </div>
        );
      case 'item': {
        const Icon = entry.isChecked === true ? Check : entry.icon;
        return (
          <Base.Item
            key={entry.id}
            disabled={entry.isDisabled ?? false}
            aria-keyshortcuts={entry.ariaKeys}
            {...(entry.isChecked === undefined
              ? {}
              : { role: 'menuitemcheckbox', 'aria-checked': entry.isChecked })}
            onClick={entry.run}
            className={classNames(itemClass, entry.isDangerous && !entry.isDisabled && 'text-failed')}
          >
            {hasIcons && (
              <span className="flex w-4 shrink-0 justify-center">
                {Icon && <Icon aria-hidden size={15} strokeWidth={1.75} />}
              </span>
            )}
            <span className="min-w-0 flex-1 truncate">{entry.label}</span>
            {entry.keys && <KeyHint keys={entry.keys} className="ml-4" />}
          </Base.Item>
        );
      }
      default:
        return entry satisfies never;
    }
  });
}

export function MenuPopup({
  entries,
  side = 'bottom',
  align = 'start',
}: {
  entries: readonly MenuEntry[];
  side?: 'top' | 'bottom' | 'left' | 'right';
  align?: 'start' | 'center' | 'end';
}) {
  return (
    <Base.Portal>
      <Base.Positioner side={side} align={align} sideOffset={4} className="z-40 outline-none">
        <Base.Popup className={popupClass}>
          <MenuEntries entries={entries} />
        </Base.Popup>
      </Base.Positioner>
    </Base.Portal>
  );
}

export interface MenuProps {
  /** One button that takes a ref and events. */
  readonly trigger: ReactElement<Record<string, unknown>>;
  readonly entries: readonly MenuEntry[];
  readonly side?: 'top' | 'bottom' | 'left' | 'right';
  readonly align?: 'start' | 'center' | 'end';
}

export function Menu({ trigger, entries, ...place }: MenuProps) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <MenuPopup entries={entries} {...place} />
    </Base.Root>
  );
}

export interface ContextMenuProps {
  /** Asked for when the menu opens. */
  readonly entries: readonly MenuEntry[];
  readonly onOpenChange?: (isOpen: boolean) => void;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A right click, a long touch, the menu key or Shift+F10 on `children`. */
export function ContextMenu({ entries, onOpenChange, className, children }: ContextMenuProps) {
  return (
    <BaseContextMenu.Root {...(onOpenChange ? { onOpenChange: (isOpen) => onOpenChange(isOpen) } : {})}>
      <BaseContextMenu.Trigger className={className}>{children}</BaseContextMenu.Trigger>
      <BaseContextMenu.Portal>
        <BaseContextMenu.Positioner className="z-40 outline-none">
          <BaseContextMenu.Popup className={popupClass}>
            <MenuEntries entries={entries} />
          </BaseContextMenu.Popup>
        </BaseContextMenu.Positioner>
      </BaseContextMenu.Portal>
    </BaseContextMenu.Root>
  );
}
