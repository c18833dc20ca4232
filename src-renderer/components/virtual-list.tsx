/** A long list of which only the visible rows exist. Rows may differ in height; give a good estimate. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useRef } from 'react';
import { classNames } from './class-names.ts';

export interface VirtualListProps<T> {
  readonly items: readonly T[];
  readonly keyOf: (item: T, index: number) => string | number;
  readonly estimatePx: number;
  readonly label: string;
  readonly children: (item: T, index: number) => ReactNode;
  readonly className?: string;
}

export function VirtualList<T>({
  items,
  keyOf,
  estimatePx,
  label,
  children,
  className,
}: VirtualListProps<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => estimatePx,
    getItemKey: (index) => keyOf(items[index]!, index),
    overscan: 8,
  });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <div ref={scroller} tabIndex={0} className={classNames('focus-inset min-h-0 overflow-y-auto', className)}>
      <ul
        aria-label={label}
        className="relative m-0 list-none p-0"
        style={{ height: virtual.getTotalSize() }}
      >
        {virtual.getVirtualItems().map((row) => (
          <li
            key={row.key}
            ref={virtual.measureElement}
            data-index={row.index}
            aria-setsize={items.length}
            aria-posinset={row.index + 1}
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${row.start}px)` }}
          >
            {children(items[row.index]!, row.index)}
          </li>
        ))}
      </ul>
    </div>
  );
}
