/**
 * A tree as in a file manager: arrow keys, Home and End, type to find, F2 renames, Enter opens, the menu key and right
 * click open the row's menu. Only the visible rows exist in the page, so that 2,000 rows cost as much as 20.
 *
 * The tree itself has the keyboard (`aria-activedescendant`); the rows never do, so scrolling cannot lose the focus.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronRight, type LucideIcon } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useMemo, useRef, useState } from 'react';
import { classNames } from './class-names.ts';
import { boxInSight, useDrawnRows } from './drawn-rows.ts';
import { ContextMenu, type MenuEntry } from './menu.tsx';
import { useRowHeight } from './row-height.ts';
import { type Signal, StateMark } from './state-mark.tsx';

export interface TreeNode {
  readonly id: string;
  readonly label: string;
  /** What the tooltip shows, if more than the label. */
  readonly hint?: string;
  readonly icon?: LucideIcon;
  readonly mark?: { readonly signal: Signal; readonly word: string } | null;
  /** A short fact at the end of the row, as "12 ms". */
  readonly note?: string;
  readonly isDimmed?: boolean;
  readonly children?: readonly TreeNode[];
  readonly canRename?: boolean;
}

export interface TreeProps {
  readonly label: string;
  readonly nodes: readonly TreeNode[];
  readonly foldedIds: ReadonlySet<string>;
  readonly onFold: (id: string, isFolded: boolean) => void;
  /** The row whose page is in front. */
  readonly currentId: string | null;
  readonly onOpen: (id: string) => void;
  readonly renamingId: string | null;
  readonly onRenameStart: (id: string) => void;
  /** Null: given up. */
  readonly onRenameEnd: (id: string, name: string | null) => void;
  readonly menuFor: (id: string) => readonly MenuEntry[];
  readonly className?: string;
}

interface Row {
  readonly node: TreeNode;
  readonly level: number;
  readonly parentId: string | null;
  readonly position: number;
  readonly siblings: number;
}

/** The rows that can be seen, in order. */
export function visibleRows(
  nodes: readonly TreeNode[],
  foldedIds: ReadonlySet<string>,
  level = 1,
  parentId: string | null = null,
): Row[] {
  return nodes.flatMap((node, index) => {
    const row = { node, level, parentId, position: index + 1, siblings: nodes.length };
    if (!node.children || foldedIds.has(node.id)) return [row];
    return [row, ...visibleRows(node.children, foldedIds, level + 1, node.id)];
  });
}

/** The next row whose label begins with the text, from the one after `from` (or from itself when the text grows). */
export function findByText(rows: readonly Row[], text: string, from: number): number {
  const wanted = text.toLocaleLowerCase();
  for (let offset = text.length > 1 ? 0 : 1; offset <= rows.length; offset += 1) {
    const index = (from + offset + rows.length) % rows.length;
    if (rows[index]?.node.label.toLocaleLowerCase().startsWith(wanted)) return index;
  }
  return -1;
}

/** Milliseconds after which typing begins a new search, as file managers do. */
const typeAheadMs = 800;

export function Tree({
  label,
  nodes,
  foldedIds,
  onFold,
  currentId,
  onOpen,
  renamingId,
  onRenameStart,
  onRenameEnd,
  menuFor,
  className,
}: TreeProps) {
  const treeId = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [focusedId, setFocusedId] = useState<string | null>(null);
  const [menuId, setMenuId] = useState<string | null>(null);
  const typed = useRef({ text: '', atMs: 0 });
  const rows = useMemo(() => visibleRows(nodes, foldedIds), [nodes, foldedIds]);
  const wantedId = focusedId ?? currentId;
  const found = rows.findIndex((row) => row.node.id === wantedId);
  const focused = found === -1 ? 0 : found;
  const rowHeightPx = useRowHeight();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeightPx,
    getItemKey: (index) => rows[index]!.node.id,
    overscan: 10,
    rangeExtractor: useDrawnRows(focused),
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: the list measures again when rows get another height
  useEffect(() => virtual.measure(), [rowHeightPx]);

  const focusRow = (index: number) => {
    const row = rows[index];
    if (!row) return;
    setFocusedId(row.node.id);
    virtual.scrollToIndex(index);
  };

  const openMenuAt = (row: Row) => {
    const element = document.getElementById(rowId(treeId, row.node.id));
    const box = boxInSight(element);
    if (!element || !box) return;
    element.dispatchEvent(
      new MouseEvent('contextmenu', {
        bubbles: true,
        cancelable: true,
        clientX: box.left + 24,
        clientY: box.bottom - 4,
      }),
    );
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== scroller.current) return;
    const row = rows[focused];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const hasChildren = row.node.children !== undefined;
    const isFolded = foldedIds.has(row.node.id);
    switch (event.key) {
      case 'ArrowDown':
        focusRow(Math.min(rows.length - 1, focused + 1));
        break;
      case 'ArrowUp':
        focusRow(Math.max(0, focused - 1));
        break;
      case 'Home':
        focusRow(0);
        break;
      case 'End':
        focusRow(rows.length - 1);
        break;
      case 'PageDown':
        focusRow(Math.min(rows.length - 1, focused + 10));
        break;
      case 'PageUp':
        focusRow(Math.max(0, focused - 10));
        break;
      case 'ArrowRight':
        if (hasChildren && isFolded) onFold(row.node.id, false);
        else if (hasChildren && row.node.children!.length > 0) focusRow(focused + 1);
        break;
      case 'ArrowLeft':
        if (hasChildren && !isFolded && row.node.children!.length > 0) onFold(row.node.id, true);
        else if (row.parentId !== null) focusRow(rows.findIndex((other) => other.node.id === row.parentId));
        break;
      case 'Enter':
        onOpen(row.node.id);
        break;
      case 'F2':
        if (row.node.canRename) onRenameStart(row.node.id);
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
        const isGrowing = event.timeStamp - typed.current.atMs < typeAheadMs;
        if (event.key === ' ' && !isGrowing) {
          onOpen(row.node.id);
          break;
        }
        const text = (isGrowing ? typed.current.text : '') + event.key;
        typed.current = { text, atMs: event.timeStamp };
        const index = findByText(rows, text, focused);
        if (index !== -1) focusRow(index);
      }
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <ContextMenu
      entries={menuId === null ? [] : menuFor(menuId)}
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
        aria-activedescendant={rows[focused] ? rowId(treeId, rows[focused].node.id) : undefined}
        onKeyDown={onKeyDown}
        onContextMenuCapture={(event) => {
          const element = (event.target as Element).closest<HTMLElement>('[data-row]');
          if (!element?.dataset.row || menuFor(element.dataset.row).length === 0) {
            event.preventDefault();
            event.stopPropagation();
            return;
          }
          setMenuId(element.dataset.row);
          setFocusedId(element.dataset.row);
        }}
        className="group/tree min-h-0 flex-1 overflow-y-auto overflow-x-hidden outline-none"
      >
        <div className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index]!;
            const { node, level } = row;
            const isCurrent = node.id === currentId;
            const isFocused = item.index === focused;
            const isRenaming = node.id === renamingId;
            return (
              <div
                key={item.key}
                id={rowId(treeId, node.id)}
                data-row={node.id}
                role="treeitem"
                tabIndex={-1}
                aria-level={level}
                aria-posinset={row.position}
                aria-setsize={row.siblings}
                aria-expanded={node.children ? !foldedIds.has(node.id) : undefined}
                aria-selected={isCurrent}
                title={node.hint}
                onMouseDown={(event) => {
                  // The tree keeps the keyboard; a row never takes it.
                  if (!isRenaming) {
                    event.preventDefault();
                    scroller.current?.focus({ preventScroll: true });
                  }
                }}
                onClick={() => {
                  if (isRenaming) return;
                  setFocusedId(node.id);
                  onOpen(node.id);
                }}
                onKeyDown={() => undefined}
                className={classNames(
                  'absolute inset-x-1.5 top-0 flex h-row items-center gap-1.5 rounded-sm pr-2',
                  isCurrent ? 'bg-accent-soft text-text' : 'hover:bg-hover',
                  node.isDimmed && !isCurrent && 'text-muted',
                  isFocused &&
                    'group-focus-visible/tree:outline-2 group-focus-visible/tree:-outline-offset-2 group-focus-visible/tree:outline-accent',
                )}
                style={{ transform: `translateY(${item.start}px)`, paddingLeft: 4 + (level - 1) * 14 }}
              >
                {node.children && node.children.length > 0 ? (
                  <button
                    type="button"
                    tabIndex={-1}
                    aria-hidden
                    onClick={(event) => {
                      event.stopPropagation();
                      onFold(node.id, !foldedIds.has(node.id));
                    }}
                    className="-mr-0.5 flex size-4 shrink-0 items-center justify-center rounded-sm text-muted hover:text-text"
                  >
                    <ChevronRight
                      aria-hidden
                      size={14}
                      className={classNames('transition-transform', !foldedIds.has(node.id) && 'rotate-90')}
                    />
                  </button>
                ) : (
                  <span className="-mr-0.5 w-4 shrink-0" />
                )}
                {node.icon && (
                  <node.icon aria-hidden size={15} strokeWidth={1.75} className="shrink-0 text-muted" />
                )}
                {isRenaming ? (
                  <RenameField node={node} onEnd={(name) => onRenameEnd(node.id, name)} />
                ) : (
                  <span dir="auto" className="min-w-0 flex-1 truncate text-left">
                    {node.label}
                  </span>
                )}
                {/* Named by its content; the gap keeps the parts apart where names are read. */ ' '}
                {node.note && !isRenaming && (
                  <span className="tabular shrink-0 text-small text-muted">{node.note}</span>
                )}{' '}
                {node.mark && <StateMark signal={node.mark.signal} word={node.mark.word} isCompact />}
              </div>
            );
          })}
        </div>
      </div>
    </ContextMenu>
  );
}

function rowId(treeId: string, nodeId: string): string {
  return `${treeId}-${nodeId}`;
}

function RenameField({ node, onEnd }: { node: TreeNode; onEnd: (name: string | null) => void }): ReactNode {
  const [name, setName] = useState(node.label);
  const isOver = useRef(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const end = (value: string | null) => {
    if (isOver.current) return;
    isOver.current = true;
    const trimmed = value?.trim() ?? '';
    onEnd(trimmed === '' || trimmed === node.label ? null : trimmed);
  };
  return (
    <input
      ref={field}
      aria-label={`New name of ${node.label}`}
      value={name}
      maxLength={80}
      dir="auto"
      onChange={(event) => setName(event.target.value)}
      onBlur={() => end(name)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Enter') end(name);
        if (event.key === 'Escape') end(null);
      }}
      className="h-[22px] min-w-0 flex-1 rounded-sm border border-accent bg-field px-1 outline-none"
    />
  );
}
