/**
 * A tree of rows that its owner draws, of which only the visible ones exist: 20,000 rows cost as much as 20. Arrow keys,
 * Home, End and Page keys, type to find, Space marks a row, Enter opens it, the menu key and right click open its menu.
 *
 * As in tree.tsx the tree itself has the keyboard (`aria-activedescendant`); rows never do. Rows may come later: the owner
 * hears which ones are looked at.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import { Check, ChevronRight, Minus } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { classNames } from './class-names.ts';
import { boxInSight, useDrawnRows } from './drawn-rows.ts';
import { ContextMenu, type MenuEntry } from './menu.tsx';
import { useRowHeight } from './row-height.ts';

export interface TreeRow {
  readonly key: string;
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  /** Null: it can not hold others. */
  readonly isOpen: boolean | null;
  /** The row that holds it. */
  readonly parentKey: string | null;
  /** Absent: it cannot be marked. */
  readonly isChecked?: boolean | 'mixed';
}

export interface RowTreeProps<R extends TreeRow> {
  readonly label: string;
  readonly rows: readonly R[];
  /** The row that the page shows more of. */
  readonly currentKey: string | null;
  readonly onCurrent: (row: R) => void;
  readonly onFold: (row: R, isOpen: boolean) => void;
  /** Enter, or a double click, on what cannot be folded. */
  readonly onOpen?: (row: R) => void;
  readonly onCheck?: (row: R) => void;
  /** The row that typed text finds, from the one that has the keyboard on. Undefined: none has it. It may need time. */
  readonly find: (text: string, from: number) => R | undefined | Promise<R | undefined>;
  readonly menuFor?: (row: R) => readonly MenuEntry[];
  /** The first and last row that are looked at now. */
  readonly onVisible?: (first: number, last: number) => void;
  readonly children: (row: R) => ReactNode;
  readonly className?: string;
}

/** Milliseconds after which typing begins a new search, as file managers do. */
const typeAheadMs = 800;
/** Rows drawn above and below those in sight. */
const overscan = 12;

export function RowTree<R extends TreeRow>({
  label,
  rows,
  currentKey,
  onCurrent,
  onFold,
  onOpen,
  onCheck,
  find,
  menuFor,
  onVisible,
  children,
  className,
}: RowTreeProps<R>) {
  const treeId = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const typed = useRef({ text: '', atMs: 0, isSearching: false });
  const [menuKey, setMenuKey] = useState<string | null>(null);
  const rowHeightPx = useRowHeight();
  const found = currentKey === null ? -1 : rows.findIndex((row) => row.key === currentKey);
  const current = Math.max(0, found);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeightPx,
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan,
    rangeExtractor: useDrawnRows(current),
  });
  const items = virtual.getVirtualItems();
  const first = Math.max(0, (virtual.range?.startIndex ?? 0) - overscan);
  const last = Math.max(0, Math.min(rows.length - 1, (virtual.range?.endIndex ?? 0) + overscan));

  // biome-ignore lint/correctness/useExhaustiveDependencies: the list measures again when rows get another height
  useEffect(() => virtual.measure(), [rowHeightPx]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: also when other rows stand where these stood
  useEffect(() => onVisible?.(first, last), [first, last, rows]);
  // What is current comes into sight, whoever made it so.
  // biome-ignore lint/correctness/useExhaustiveDependencies: not when rows come in above it
  useEffect(() => {
    if (found >= 0) virtual.scrollToIndex(found);
  }, [currentKey]);

  const go = (index: number) => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (row) onCurrent(row);
  };
  const openMenuAt = (row: R) => {
    const element = document.getElementById(rowId(treeId, row.key));
    const box = boxInSight(element);
    if (!element || !box) return;
    element.dispatchEvent(
      new MouseEvent('contextmenu', {
        ...{ bubbles: true, cancelable: true, clientX: box.left + 24, clientY: box.bottom - 4 },
      }),
    );
  };
  const pageRows = () => Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeightPx) - 1);

  const forgetTyped = () => {
    typed.current = { text: '', atMs: 0, isSearching: false };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[current];
    if (event.target !== scroller.current || !row) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.length !== 1) forgetTyped();
    switch (event.key) {
      case 'ArrowDown':
        go(found === -1 ? 0 : current + 1);
        break;
      case 'ArrowUp':
        go(current - 1);
        break;
      case 'Home':
        go(0);
        break;
      case 'End':
        go(rows.length - 1);
        break;
      case 'PageDown':
        go(current + pageRows());
        break;
      case 'PageUp':
        go(current - pageRows());
        break;
      case 'ArrowRight':
        if (row.isOpen === false) onFold(row, true);
        else if (row.isOpen && (rows[current + 1]?.level ?? 0) > row.level) go(current + 1);
        break;
      case 'ArrowLeft':
        if (row.isOpen) onFold(row, false);
        else if (row.parentKey !== null) go(rows.findIndex(({ key }) => key === row.parentKey));
        break;
      case 'Enter':
        if (row.isOpen === null) onOpen?.(row);
        else onFold(row, !row.isOpen);
        break;
      case 'ContextMenu':
        openMenuAt(row);
        break;
      case 'F10':
        if (!event.shiftKey) return;
        openMenuAt(row);
        break;
      default: {
        if (event.key.length !== 1) return;
        // The time that a search needs does not count.
        const isGrowing = typed.current.isSearching || event.timeStamp - typed.current.atMs < typeAheadMs;
        if (event.key === ' ' && !isGrowing) {
          if (row.isChecked !== undefined) onCheck?.(row);
          break;
        }
        const text = (isGrowing ? typed.current.text : '') + event.key;
        const wanted = { text, atMs: event.timeStamp, isSearching: true };
        typed.current = wanted;
        void Promise.resolve(find(text, current)).then((found) => {
          if (typed.current !== wanted) return;
          typed.current = { text, atMs: performance.now(), isSearching: false };
          if (found) onCurrent(found);
        });
      }
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <ContextMenu
      entries={entriesFor(rows, menuKey, menuFor)}
      onOpenChange={(isOpen) => {
        if (!isOpen) scroller.current?.focus({ preventScroll: true });
      }}
      className={classNames('flex min-h-0 flex-col', className)}
    >
      <div
        ref={scroller}
        role="tree"
        aria-label={label}
        tabIndex={0}
        data-autofocus
        aria-multiselectable={onCheck ? true : undefined}
        aria-activedescendant={rows[current] ? rowId(treeId, rows[current].key) : undefined}
        onKeyDown={onKeyDown}
        onBlur={forgetTyped}
        onContextMenuCapture={(event) => {
          const key = (event.target as Element).closest<HTMLElement>('[data-row]')?.dataset.row;
          const row = rows.find((one) => one.key === key);
          if (!row || (menuFor?.(row) ?? []).length === 0) {
            event.preventDefault();
            event.stopPropagation();
            return;
          }
          setMenuKey(row.key);
          onCurrent(row);
        }}
        className="group/tree min-h-0 flex-1 overflow-x-hidden overflow-y-auto py-1 outline-none"
      >
        <div role="none" className="relative" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            const isCurrent = item.index === found;
            const isFocused = item.index === current;
            return (
              <div
                key={item.key}
                id={rowId(treeId, row.key)}
                data-row={row.key}
                role="treeitem"
                tabIndex={-1}
                aria-level={row.level}
                aria-posinset={row.position}
                aria-setsize={row.siblings}
                aria-expanded={row.isOpen ?? undefined}
                aria-selected={isCurrent}
                aria-checked={row.isChecked}
                onMouseDown={(event) => {
                  // The tree keeps the keyboard; a row never takes it.
                  event.preventDefault();
                  scroller.current?.focus({ preventScroll: true });
                }}
                onClick={() => onCurrent(row)}
                onDoubleClick={() => {
                  if (row.isOpen === null) onOpen?.(row);
                  else onFold(row, !row.isOpen);
                }}
                onKeyDown={() => undefined}
                className={classNames(
                  'absolute inset-x-1.5 top-0 flex h-row items-center gap-1.5 rounded-sm pr-2',
                  isCurrent ? 'bg-accent-soft text-text' : 'hover:bg-hover',
                  isFocused &&
                    'group-focus-visible/tree:outline-2 group-focus-visible/tree:-outline-offset-2 group-focus-visible/tree:outline-accent',
                )}
                style={{ transform: `translateY(${item.start}px)`, paddingLeft: 4 + (row.level - 1) * 14 }}
              >
                {row.isOpen === null ? (
                  <span className="w-4 shrink-0" />
                ) : (
                  <button
                    type="button"
                    tabIndex={-1}
                    aria-hidden
                    onClick={(event) => {
                      event.stopPropagation();
                      onFold(row, !row.isOpen);
                    }}
                    onDoubleClick={(event) => event.stopPropagation()}
                    className="flex size-4 shrink-0 items-center justify-center rounded-sm text-muted hover:text-text"
                  >
                    <ChevronRight
                      aria-hidden
                      size={14}
                      className={classNames('transition-transform', row.isOpen && 'rotate-90')}
                    />
                  </button>
                )}
                {onCheck && row.isChecked !== undefined && (
                  <Mark isChecked={row.isChecked} onClick={() => onCheck(row)} />
                )}
                {children(row)}
              </div>
            );
          })}
        </div>
      </div>
    </ContextMenu>
  );
}

function Mark({ isChecked, onClick }: { isChecked: boolean | 'mixed'; onClick: () => void }) {
  return (
    <button
      type="button"
      tabIndex={-1}
      aria-hidden
      onClick={(event) => {
        event.stopPropagation();
        onClick();
      }}
      onDoubleClick={(event) => event.stopPropagation()}
      className={classNames(
        'flex size-4 shrink-0 items-center justify-center rounded-sm border text-on-accent',
        isChecked === false ? 'border-line-control bg-field' : 'border-accent bg-accent',
      )}
    >
      {isChecked === true && <Check aria-hidden size={12} strokeWidth={3} />}
      {isChecked === 'mixed' && <Minus aria-hidden size={12} strokeWidth={3} />}
    </button>
  );
}

function entriesFor<R extends TreeRow>(
  rows: readonly R[],
  key: string | null,
  menuFor: RowTreeProps<R>['menuFor'],
): readonly MenuEntry[] {
  const row = key === null ? undefined : rows.find((one) => one.key === key);
  return row === undefined ? [] : (menuFor?.(row) ?? []);
}

function rowId(treeId: string, key: string): string {
  // An id may hold anything but white space.
  return `${treeId}-${key.replaceAll(/\s/g, '\u00a0')}`;
}
