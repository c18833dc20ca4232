/** The status bar about forwards: how many lead somewhere, and whether one should and does not. */
import { ArrowUp, CircleAlert } from 'lucide-react';
import { formatCount } from '../../components/format.ts';
import { useForwards, useViewActions } from '../../state/app-context.tsx';
import { countForwards } from './forwards-list.ts';

export function ForwardStatus() {
  const view = useViewActions();
  const { ready, inTrouble } = countForwards(useForwards().items);
  if (ready === 0 && inTrouble === 0) return null;
  const trouble = inTrouble === 0 ? '' : `, ${formatCount(inTrouble, 'waits', 'wait')}`;
  return (
    <button
      type="button"
      title={`Forwards that lead somewhere now: ${ready}${inTrouble === 0 ? '' : `; waiting or failed: ${inTrouble}`}`}
      onClick={() => view.open({ type: 'ports' })}
      className="focus-inset flex h-full min-w-0 shrink-0 items-center gap-1.5 px-2 text-muted hover:bg-hover hover:text-text"
    >
      <ArrowUp aria-hidden size={12} className="shrink-0" />
      <span>
        {formatCount(ready, 'forward', 'forwards')}
        {inTrouble > 0 && <span className="sr-only">{trouble}</span>}
      </span>
      {inTrouble > 0 && <CircleAlert aria-hidden size={12} className="shrink-0 text-attention" />}
    </button>
  );
}
