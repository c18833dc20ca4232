/**
 * The rows of the timeline, of which only the visible ones exist. Arrow keys go from row to row; right click and the menu
 * key open the menu of a row. It scrolls with its page.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import type { SnapshotId } from '#contract/ids.ts';
import { formatCount } from '../../components/format.ts';
import { ContextMenu } from '../../components/menu.tsx';
import type { TimelineRow } from './snapshot-list.ts';
import { SnapshotRow, useSnapshotEntries } from './snapshot-row.tsx';

export interface SnapshotTimelineProps {
  readonly rows: readonly TimelineRow[];
  /** The page that it scrolls with. */
  readonly scroller: HTMLElement;
}

export function SnapshotTimeline({ rows, scroller }: SnapshotTimelineProps) {
  const list = useRef<HTMLUListElement>(null);
  const [menuId, setMenuId] = useState<SnapshotId | null>(null);
  const marginPx = useOffset(list, scroller);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller,
    estimateSize: (index) => (rows[index]?.kind === 'day' ? 40 : 58),
    getItemKey: (index) => rows[index]?.key ?? index,
    scrollMargin: marginPx,
    overscan: 8,
  });

  const goTo = (from: number, by: 1 | -1) => {
    for (let index = from + by; index >= 0 && index < rows.length; index += by) {
      const row = rows[index];
      if (row?.kind !== 'snapshot') continue;
      virtual.scrollToIndex(index);
      // It is drawn in the next frame if it was not there.
      requestAnimationFrame(() =>
        list.current?.querySelector<HTMLElement>(`[data-snapshot="${row.snapshot.id}"]`)?.focus({
          preventScroll: true,
        }),
      );
      return;
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const { key } = event;
    if (key !== 'ArrowDown' && key !== 'ArrowUp') return;
    const id = (event.target as HTMLElement).dataset.snapshot;
    const index = id === undefined ? -1 : rows.findIndex((row) => row.key === id);
    if (index === -1) return;
    event.preventDefault();
    goTo(index, key === 'ArrowDown' ? 1 : -1);
  };

  return (
    <TimelineMenu id={menuId}>
      <ul
        ref={list}
        aria-label="Snapshots"
        onKeyDown={onKeyDown}
        onContextMenuCapture={(event) => {
          const row = (event.target as Element).closest('[data-key]')?.getAttribute('data-key');
          const found = rows.find(({ key }) => key === row);
          if (found?.kind === 'snapshot') setMenuId(found.snapshot.id);
          else {
            event.preventDefault();
            event.stopPropagation();
          }
        }}
        className="@container relative m-0 list-none p-0"
        style={{ height: virtual.getTotalSize() }}
      >
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            <li
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              data-key={row.key}
              className="absolute inset-x-0 top-0"
              style={{ transform: `translateY(${item.start - marginPx}px)` }}
            >
              {row.kind === 'day' ? (
                <h2 className="flex items-baseline gap-2 border-b border-line px-3 pt-4 pb-1.5 font-semibold">
                  {row.label}
                  <span className="tabular text-meta font-normal text-muted">
                    {formatCount(row.count, 'snapshot', 'snapshots')}
                  </span>
                </h2>
              ) : (
                <div className="border-b border-line">
                  <SnapshotRow snapshot={row.snapshot} />
                </div>
              )}
            </li>
          );
        })}
      </ul>
    </TimelineMenu>
  );
}

function TimelineMenu({ id, children }: { id: SnapshotId | null; children: ReactNode }) {
  const entries = useSnapshotEntries(id);
  return <ContextMenu entries={entries}>{children}</ContextMenu>;
}

/** How far down its scrolling page the list begins, in pixels; anew when what is above it grows. */
function useOffset(list: { readonly current: HTMLElement | null }, page: HTMLElement): number {
  const [offsetPx, setOffsetPx] = useState(0);
  useLayoutEffect(() => {
    const read = () => {
      const own = list.current;
      if (!own) return;
      const top = own.getBoundingClientRect().top - page.getBoundingClientRect().top + page.scrollTop;
      setOffsetPx(Math.round(top));
    };
    read();
    const watch = new ResizeObserver(read);
    watch.observe(page);
    for (const child of page.children) watch.observe(child);
    return () => watch.disconnect();
  }, [list, page]);
  return offsetPx;
}
