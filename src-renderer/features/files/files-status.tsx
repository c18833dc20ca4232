/** In the status bar: transfers under way, how far they are, and the way to their page. */
import { ArrowDownUp } from 'lucide-react';
import { useStore } from 'zustand';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { useViewActions } from '../../state/app-context.tsx';
import { isOver } from './transfer.ts';
import { allText } from './transfer-words.ts';
import { useFilesWork } from './use-files-work.tsx';

export function FilesStatus() {
  const work = useFilesWork();
  const transfers = useStore(work.transfers.store, (state) => state.transfers);
  const view = useViewActions();
  const said = allText(transfers);
  const first = transfers.find((one) => !isOver(one));
  if (said === null || first === undefined) return null;
  return (
    <button
      type="button"
      onClick={() => {
        work.setTrayFolded(false);
        view.open({ type: 'files', placeId: first.placeId, path: first.folder });
      }}
      className="focus-inset flex h-full max-w-96 min-w-0 items-center gap-1.5 px-2 text-muted hover:bg-hover hover:text-text"
    >
      <ArrowDownUp aria-hidden size={12} className={said.isAttention ? 'text-attention' : undefined} />
      <ProgressBar label="Transfers" value={said.part} isThin className="w-12 max-sm:hidden" />
      <span dir="auto" className="truncate">
        {said.title}
      </span>
      {said.percent !== null && <span className="shrink-0">{said.percent}</span>}
      {said.left !== null && <span className="shrink-0 max-sm:hidden">— {said.left}</span>}
    </button>
  );
}
