/** Says that a terminal is shared, and with how many: in its tab as a mark, in the status bar in words. */
import { Radio } from 'lucide-react';
import { useMemo } from 'react';
import type { TerminalId } from '#contract/ids.ts';
import { useShares, useViewState } from '../../state/app-context.tsx';
import type { ViewRefOf } from '../../state/view-ref.ts';
import { activeTab } from '../../state/view-state.ts';
import { shareDialogs } from './share-dialogs.ts';
import { sharedWords } from './share-words.ts';

function useSharedWords(id: TerminalId | null): string | null {
  const { items } = useShares();
  return useMemo(() => sharedWords(items.filter(({ terminalId }) => terminalId === id)), [items, id]);
}

export function ShareBadge({ view }: { view: ViewRefOf<'terminal'> }) {
  const words = useSharedWords(view.terminalId);
  if (words === null) return null;
  return (
    <span title={words} className="inline-flex shrink-0 text-accent">
      <Radio aria-hidden size={14} strokeWidth={2} />
      <span className="sr-only">{words}</span>
    </span>
  );
}

export function ShareStatus() {
  const ref = useViewState((state) => activeTab(state)?.ref);
  const id = ref?.type === 'terminal' ? ref.terminalId : null;
  const words = useSharedWords(id);
  if (id === null || words === null) return null;
  return (
    <button
      type="button"
      onClick={() => shareDialogs.open(id)}
      className="focus-inset flex h-full shrink-0 items-center gap-1.5 px-2 text-accent hover:bg-hover"
    >
      <Radio aria-hidden size={12} strokeWidth={2} />
      {words}
    </button>
  );
}
