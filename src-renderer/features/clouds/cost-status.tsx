/** The status bar about money: what everything costs for each hour now, and what waits for the person. */
import { Coins, TriangleAlert } from 'lucide-react';
import { formatPerHour } from '../../components/money.ts';
import { useClouds, useCosts, useFound, useMachines, useViewActions } from '../../state/app-context.tsx';
import { moneyMark } from '../../state/money-mark.ts';

export function CostStatus() {
  const view = useViewActions();
  const clouds = useClouds().items;
  const machines = useMachines().items;
  const found = useFound().items;
  const costs = useCosts().value;
  const mark = moneyMark({ clouds, machines, found, costs });
  const perHour = costs?.perHourUsd ?? 0;
  if (mark === null && perHour === 0) return null;
  const isWaiting = mark?.signal === 'attention';
  const Icon = isWaiting ? TriangleAlert : Coins;
  const price = perHour === 0 ? '' : formatPerHour(perHour);
  return (
    <button
      type="button"
      title={['Rented machines', price, mark?.word].filter(Boolean).join(': ')}
      onClick={() => view.open({ type: 'clouds' })}
      className="focus-inset flex h-full min-w-0 shrink-0 items-center gap-1.5 px-2 text-muted hover:bg-hover hover:text-text"
    >
      <Icon aria-hidden size={12} className={isWaiting ? 'shrink-0 text-attention' : 'shrink-0'} />
      {price !== '' && <span className="shrink-0">{price}</span>}
      {mark !== null && (
        <span className={price === '' ? 'truncate' : 'truncate max-lg:sr-only'}>
          {price !== '' && '· '}
          {mark.word}
        </span>
      )}
    </button>
  );
}
