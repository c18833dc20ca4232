/**
 * The entries of a folder as a grid with sortable columns, of which only the visible rows exist: 100,000 cost as much as 20.
 * Used by keyboard as a file manager is; the grid itself has the keyboard (`aria-activedescendant`), rows never do.
 *
 * Longer than most: keys, pointer, dragging and drawing of one widget that share what is current.
 */
// biome-ignore-all lint/a11y/useSemanticElements: rows that are drawn where one looks stand at places that no table has
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid keeps the keyboard and names its row; heads have buttons
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type DragEvent,
  type KeyboardEvent,
  type MouseEvent,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';
import type { FileEntry } from '#contract/files.ts';
import { classNames } from '../../components/class-names.ts';
import { boxInSight, useDrawnRows } from '../../components/drawn-rows.ts';
import { modeText, modeWords } from '../../components/file-mode.ts';
import { formatBytes, formatExact, formatRelative } from '../../components/format.ts';
import { ContextMenu, type MenuEntry } from '../../components/menu.tsx';
import { useRowHeight } from '../../components/row-height.ts';
import { EntryIcon } from './entry-icon.tsx';
import { findTyped, lookOf, type Order, type Row, type SortColumn } from './entry-order.ts';
import { FileName } from './file-name.tsx';
import { cellClass, columnCount, headHeightPx, ListHead } from './list-head.tsx';
import { RenameField } from './rename-field.tsx';
import { chooseAll, chooseAlso, chooseOne, chooseTo, noSelection, type Selection } from './selection.ts';

export type ListKey =
  | 'open'
  | 'up'
  | 'rename'
  | 'delete'
  | 'copy'
  | 'cut'
  | 'paste'
  | 'look'
  | 'back'
  | 'forward'
  | 'refresh'
  | 'filter'
  | 'path'
  | 'hidden';

export interface FileListProps {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly order: Order;
  readonly selection: Selection;
  readonly renaming: string | null;
  /** Names that were cut and wait to be put somewhere. */
  readonly cutNames: ReadonlySet<string>;
  readonly isBusy: boolean;
  readonly onSort: (column: SortColumn) => void;
  readonly onSelect: (selection: Selection) => void;
  readonly onKey: (key: ListKey) => void;
  readonly onOpen: (entry: FileEntry) => void;
  /** Null: the name stays. */
  readonly onRename: (name: string, newName: string | null) => void;
  readonly menu: () => readonly MenuEntry[];
  readonly onDragStart: (names: readonly string[]) => void;
  readonly onDragEnd: () => void;
  /** Whether what is dragged may be dropped there; null: into the folder itself. */
  readonly canDrop: (event: DragEvent, folderName: string | null) => 'copy' | 'move' | null;
  readonly onDrop: (event: DragEvent, folderName: string | null) => void;
}

/** Milliseconds after which typing begins a new search, as file managers do. */
const typeAheadMs = 800;

export function FileList(props: FileListProps) {
  const { label, rows, order, selection, renaming, onSelect, onKey, onOpen, menu } = props;
  const listId = useId();
  const grid = useRef<HTMLDivElement>(null);
  const typed = useRef({ text: '', atMs: 0 });
  /** The row that the pointer chose last: under it nothing moves, or the second press of two would meet another row. */
  const pressed = useRef<string | null>(null);
  const [entries, setEntries] = useState<readonly MenuEntry[]>([]);
  const [dropAt, setDropAt] = useState<{ readonly folder: string | null } | null>(null);
  const rowHeightPx = useRowHeight();
  const current =
    selection.current === null ? -1 : rows.findIndex((row) => row.entry.name === selection.current);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => grid.current,
    estimateSize: () => rowHeightPx,
    getItemKey: (index) => rows[index]?.entry.name ?? index,
    scrollMargin: headHeightPx,
    scrollPaddingStart: headHeightPx,
    overscan: 16,
    rangeExtractor: useDrawnRows(current),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list measures again when rows get another height
  useEffect(() => virtual.measure(), [rowHeightPx]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is current comes into sight; not when rows come in above it
  useEffect(() => {
    if (current >= 0 && selection.current !== pressed.current) virtual.scrollToIndex(current);
  }, [selection.current]);

  const nameAt = (index: number) => rows[Math.min(rows.length - 1, Math.max(0, index))]?.entry.name;
  const shown = () => rows.map(({ entry }) => entry.name);
  const go = (index: number, isRange: boolean) => {
    const name = nameAt(index);
    if (name !== undefined) onSelect(isRange ? chooseTo(selection, shown(), name) : chooseOne(name));
  };
  const pageRows = () =>
    Math.max(1, Math.floor(((grid.current?.clientHeight ?? 0) - headHeightPx) / rowHeightPx) - 1);

  const openMenuAt = () => {
    const row = document.getElementById(`${listId}-${current}`);
    const box = boxInSight(row) ?? grid.current?.getBoundingClientRect();
    if (!box) return;
    const at = { clientX: box.left + 32, clientY: row ? box.bottom - 4 : box.top + 40 };
    (row ?? grid.current)?.dispatchEvent(
      new window.MouseEvent('contextmenu', { bubbles: true, cancelable: true, ...at }),
    );
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== grid.current) return;
    pressed.current = null;
    if (!keyAct(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  /** False: the key is not the list's. */
  const keyAct = (event: KeyboardEvent): boolean => {
    const isMod = event.ctrlKey || event.metaKey;
    if (event.key.length !== 1) typed.current = { text: '', atMs: 0 };
    if (event.altKey) {
      const by = { ArrowLeft: 'back', ArrowRight: 'forward', ArrowUp: 'up' } as const;
      const key = by[event.key as keyof typeof by];
      if (key === undefined || isMod) return false;
      onKey(key);
      return true;
    }
    if (isMod) {
      if (event.key === ' ' && current >= 0) onSelect(chooseAlso(selection, nameAt(current) ?? ''));
      else if (event.key === 'a') onSelect(chooseAll(selection, shown()));
      else {
        const by = { c: 'copy', x: 'cut', v: 'paste', f: 'filter', l: 'path', h: 'hidden' } as const;
        const key = event.shiftKey ? undefined : by[event.key.toLowerCase() as keyof typeof by];
        if (key === undefined) return false;
        onKey(key);
      }
      return true;
    }
    switch (event.key) {
      case 'ArrowDown':
        go(current + 1, event.shiftKey);
        return true;
      case 'ArrowUp':
        go(current === -1 ? 0 : current - 1, event.shiftKey);
        return true;
      case 'Home':
        go(0, event.shiftKey);
        return true;
      case 'End':
        go(rows.length - 1, event.shiftKey);
        return true;
      case 'PageDown':
        go(current + pageRows(), event.shiftKey);
        return true;
      case 'PageUp':
        go(current - pageRows(), event.shiftKey);
        return true;
      case 'Enter':
        onKey('open');
        return true;
      case 'Backspace':
        onKey('up');
        return true;
      case 'F2':
        onKey('rename');
        return true;
      case 'F5':
        onKey('refresh');
        return true;
      case 'Delete':
        onKey('delete');
        return true;
      case 'Escape':
        if (selection.names.size === 0) return false;
        onSelect(noSelection);
        return true;
      case 'ContextMenu':
        openMenuAt();
        return true;
      case 'F10':
        if (!event.shiftKey) return false;
        openMenuAt();
        return true;
      default:
        return typeAhead(event);
    }
  };
  const typeAhead = (event: KeyboardEvent): boolean => {
    if (event.key.length !== 1) return false;
    const isGrowing = event.timeStamp - typed.current.atMs < typeAheadMs && typed.current.text !== '';
    if (event.key === ' ' && !isGrowing) {
      onKey('look');
      return true;
    }
    typed.current = { text: (isGrowing ? typed.current.text : '') + event.key, atMs: event.timeStamp };
    const found = findTyped(rows, typed.current.text, current);
    if (found !== -1) go(found, false);
    return true;
  };

  const press = (event: MouseEvent, name: string) => {
    if (event.shiftKey) onSelect(chooseTo(selection, shown(), name));
    else if (event.ctrlKey || event.metaKey) onSelect(chooseAlso(selection, name));
    else onSelect(chooseOne(name));
  };
  const over = (event: DragEvent, folder: string | null) => {
    const effect = props.canDrop(event, folder);
    event.stopPropagation();
    if (effect === null) return setDropAt(null);
    event.preventDefault();
    event.dataTransfer.dropEffect = effect;
    if (dropAt?.folder !== folder || dropAt === null) setDropAt({ folder });
  };
  const drop = (event: DragEvent, folder: string | null) => {
    event.preventDefault();
    event.stopPropagation();
    setDropAt(null);
    props.onDrop(event, folder);
  };
  const now = new Date();

  return (
    <ContextMenu
      entries={entries}
      onOpenChange={(isOpen) => {
        if (!isOpen) grid.current?.focus({ preventScroll: true });
      }}
      className="@container relative flex min-h-0 flex-1 flex-col"
    >
      <div
        ref={grid}
        role="grid"
        aria-label={label}
        aria-rowcount={rows.length + 1}
        aria-colcount={columnCount}
        aria-multiselectable
        aria-busy={props.isBusy}
        tabIndex={0}
        data-autofocus
        aria-activedescendant={current >= 0 ? `${listId}-${current}` : undefined}
        onKeyDown={onKeyDown}
        onBlur={() => {
          typed.current = { text: '', atMs: 0 };
        }}
        onContextMenuCapture={(event) => {
          const name = (event.target as Element).closest<HTMLElement>('[data-row]')?.dataset.row;
          // Only what is chosen is meant by the menu; a press beside everything means the folder.
          if (name === undefined) onSelect(noSelection);
          else if (!selection.names.has(name)) onSelect(chooseOne(name));
          // Once the selection above is in place.
          queueMicrotask(() => setEntries(menu()));
        }}
        onClick={(event) => {
          if ((event.target as Element).closest('[data-row],[role=columnheader]') === null)
            onSelect(noSelection);
        }}
        onDragOver={(event) => over(event, null)}
        onDragLeave={(event) => {
          if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setDropAt(null);
        }}
        onDrop={(event) => drop(event, null)}
        className={classNames(
          'group/list focus-inset min-h-0 flex-1 overflow-x-hidden overflow-y-auto outline-none',
          dropAt?.folder === null && 'outline-2 -outline-offset-2 outline-accent',
        )}
        style={{ scrollPaddingTop: headHeightPx }}
      >
        <ListHead order={order} onSort={props.onSort} />
        <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            const { entry } = row;
            const isChosen = selection.names.has(entry.name);
            const isDrop = dropAt !== null && dropAt.folder === entry.name;
            return (
              <div
                key={item.key}
                id={`${listId}-${item.index}`}
                data-row={entry.name}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={isChosen}
                draggable={renaming !== entry.name}
                onMouseDown={(event) => {
                  pressed.current = entry.name;
                  const isPlain = !event.shiftKey && !event.ctrlKey && !event.metaKey;
                  if (event.button === 0 && isPlain && !isChosen) onSelect(chooseOne(entry.name));
                }}
                onClick={(event) => press(event, entry.name)}
                onKeyDown={() => undefined}
                onDoubleClick={() => onOpen(entry)}
                onDragStart={(event) => {
                  event.dataTransfer.setData('text/plain', entry.name);
                  event.dataTransfer.effectAllowed = 'copyMove';
                  props.onDragStart(isChosen ? [...selection.names] : [entry.name]);
                }}
                onDragEnd={() => {
                  setDropAt(null);
                  props.onDragEnd();
                }}
                {...(row.isFolder
                  ? {
                      onDragOver: (event: DragEvent) => over(event, entry.name),
                      onDrop: (event: DragEvent) => drop(event, entry.name),
                    }
                  : {})}
                className={classNames(
                  'absolute inset-x-1.5 top-0 flex h-row items-center gap-3 rounded-sm pr-3 pl-1.5',
                  isChosen ? 'bg-accent-soft text-text' : 'hover:bg-hover',
                  isDrop && 'outline-2 -outline-offset-2 outline-accent',
                  item.index === current &&
                    'group-focus-visible/list:outline-2 group-focus-visible/list:-outline-offset-2 group-focus-visible/list:outline-accent',
                  props.cutNames.has(entry.name) && 'opacity-60',
                )}
                style={{ transform: `translateY(${item.start - headHeightPx}px)` }}
              >
                <span role="gridcell" className={classNames('flex items-center gap-2', cellClass.name)}>
                  <EntryIcon look={lookOf(entry)} />
                  {renaming === entry.name ? (
                    <RenameField
                      name={entry.name}
                      onEnd={(newName) => {
                        props.onRename(entry.name, newName);
                        grid.current?.focus({ preventScroll: true });
                      }}
                    />
                  ) : (
                    <NameText entry={entry} />
                  )}
                </span>
                <span role="gridcell" className={classNames('tabular text-meta text-muted', cellClass.size)}>
                  {entry.kind === 'file' ? formatBytes(entry.sizeBytes) : ''}
                </span>
                <span
                  role="gridcell"
                  title={formatExact(new Date(row.modifiedMs))}
                  className={classNames('truncate text-meta text-muted', cellClass.modified)}
                >
                  {formatRelative(new Date(row.modifiedMs), now)}
                </span>
                <span
                  role="gridcell"
                  title={modeWords(entry.mode)}
                  className={classNames('font-code text-meta text-muted', cellClass.mode)}
                >
                  {modeText(entry.mode)}
                </span>
                <span
                  role="gridcell"
                  title={`${entry.owner}, group ${entry.group}`}
                  className={classNames('truncate text-meta text-muted', cellClass.owner)}
                >
                  {entry.owner === entry.group ? entry.owner : `${entry.owner}:${entry.group}`}
                </span>
              </div>
            );
          })}
        </div>
      </div>
    </ContextMenu>
  );
}

function NameText({ entry }: { entry: FileEntry }) {
  const isBroken = entry.kind === 'link' && entry.targetKind === null;
  return (
    <span className="min-w-0 flex-1 truncate" title={entry.name}>
      <FileName name={entry.name} />
      {entry.target !== null && (
        <span className={isBroken ? 'text-failed' : 'text-muted'}>
          {' '}
          → <FileName name={entry.target} />
          {isBroken && ' (nothing is there)'}
        </span>
      )}
    </span>
  );
}
