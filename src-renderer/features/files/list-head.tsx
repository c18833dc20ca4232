/** The columns of the list of files, and their heads, which sort it. */
// biome-ignore-all lint/a11y/useSemanticElements: rows that are drawn where one looks stand at places that no table has
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid keeps the keyboard and names its row; heads have buttons
import { ArrowDown, ArrowUp } from 'lucide-react';
import { classNames } from '../../components/class-names.ts';
import type { Order, SortColumn } from './entry-order.ts';

/** Pixels of the head of the list. */
export const headHeightPx = 28;

const columns: readonly { readonly id: SortColumn; readonly label: string; readonly className: string }[] = [
  { id: 'name', label: 'Name', className: 'min-w-0 flex-1 pl-1' },
  { id: 'size', label: 'Size', className: 'w-22 shrink-0 justify-end text-right' },
  { id: 'modified', label: 'Modified', className: 'w-32 shrink-0 @max-md:hidden' },
  { id: 'mode', label: 'Permissions', className: 'w-24 shrink-0 @max-2xl:hidden' },
  { id: 'owner', label: 'Owner', className: 'w-28 shrink-0 @max-3xl:hidden' },
];
export const columnCount = columns.length;

/** How wide a cell is, and when it is left out. */
export const cellClass = Object.fromEntries(columns.map(({ id, className }) => [id, className])) as Record<
  SortColumn,
  string
>;

export function ListHead({ order, onSort }: { order: Order; onSort: (column: SortColumn) => void }) {
  const Arrow = order.isDescending ? ArrowDown : ArrowUp;
  return (
    <div role="rowgroup" className="sticky top-0 z-10 bg-panel">
      <div
        role="row"
        aria-rowindex={1}
        className="flex h-7 items-center gap-3 border-b border-line pr-[18px] pl-3"
      >
        {columns.map(({ id, label, className }) => (
          <div
            key={id}
            role="columnheader"
            aria-sort={order.by === id ? (order.isDescending ? 'descending' : 'ascending') : 'none'}
            className={classNames('flex', className)}
          >
            <button
              type="button"
              onClick={() => onSort(id)}
              className="focus-inset flex min-w-0 items-center gap-1 rounded-sm text-meta text-muted hover:text-text"
            >
              <span className="truncate">{label}</span>
              {order.by === id && <Arrow aria-hidden size={12} className="shrink-0" />}
            </button>
          </div>
        ))}
      </div>
    </div>
  );
}
