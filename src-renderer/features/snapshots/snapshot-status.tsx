/** The status bar about snapshots: one that is being taken, and a host whose disk fills. */
import { Hourglass, TriangleAlert } from 'lucide-react';
import { useNow } from '../../components/now.ts';
import { formatPercent } from '../../components/format.ts';
import {
  useAppState,
  useHosts,
  useOperations,
  useSettings,
  useSnapshotHosts,
  useViewActions,
  useWorkspace,
} from '../../state/app-context.tsx';
import { subjectFor } from '../../state/commands.ts';
import { isUnderWay } from '../../state/operation-progress.ts';
import { snapshotProgress, standsStill } from './snapshot-progress.ts';
import { shortProgress } from './snapshot-progress-card.tsx';
import { diskShare, isDiskFilling } from './snapshot-words.ts';

const itemClass =
  'focus-inset flex h-full min-w-0 shrink-0 items-center gap-1.5 px-2 text-muted hover:bg-hover hover:text-text';

export function SnapshotStatus() {
  const state = useAppState();
  const view = useViewActions();
  const running = useOperations().items.filter(
    (operation) => operation.kind === 'snapshot.create' && isUnderWay(operation),
  );
  const frontId = subjectFor({ on: 'workspace' }, state)?.id;
  const operation = running.find(({ subject }) => subject.id === frontId) ?? running[0];
  const workspace = useWorkspace(operation?.subject.id);
  const nowMs = useNow(operation !== undefined);
  if (operation === undefined) return null;
  const progress = snapshotProgress(operation, nowMs);
  const isStill = standsStill(workspace, operation);
  return (
    <button
      type="button"
      title={`${operation.title}${isStill ? ': the workspace stands still' : ''}`}
      onClick={() => view.open({ type: 'operation', operationId: operation.id })}
      className={itemClass}
    >
      <Hourglass aria-hidden size={12} className="shrink-0 text-busy" />
      <span className="truncate">
        snapshot {shortProgress(progress)}
        {isStill && <span className="text-attention max-sm:hidden"> · stands still</span>}
        {running.length > 1 && ` +${running.length - 1}`}
      </span>
    </button>
  );
}

/** The host of the page in front if its disk fills, else the fullest one. */
export function DiskStatus() {
  const state = useAppState();
  const view = useViewActions();
  const hosts = useHosts().byId;
  const { snapshotDiskWarningPercent } = useSettings();
  const frontId = subjectFor({ on: 'host' }, state)?.id;
  const filling = useSnapshotHosts()
    .items.filter((use) => use.state === 'ready' && isDiskFilling(use, snapshotDiskWarningPercent))
    .sort((a, b) => (diskShare(b) ?? 0) - (diskShare(a) ?? 0));
  const shown = filling.find(({ id }) => id === frontId) ?? filling[0];
  const share = shown === undefined ? null : diskShare(shown);
  if (shown === undefined || share === null) return null;
  const name = hosts.get(shown.id)?.name ?? 'A host';
  return (
    <button
      type="button"
      title={`The disk of ${name} with its snapshots is ${formatPercent(share)} full`}
      onClick={() => view.open({ type: 'snapshots' })}
      className={itemClass}
    >
      <TriangleAlert aria-hidden size={12} className="shrink-0 text-attention" />
      <span className="max-w-40 truncate max-sm:sr-only" dir="auto">
        {name}
      </span>
      <span className="shrink-0">disk {formatPercent(share)} full</span>
    </button>
  );
}
