/** A snapshot that is being taken: bytes, files, the time left as far as it is known, and whether the workspace waits. */
import { Hourglass, Snowflake } from 'lucide-react';
import type { Operation } from '#contract/operations.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { formatBytes, formatClock, formatCount, formatPercent } from '../../components/format.ts';
import { useNow } from '../../components/now.ts';
import { Card } from '../../components/page.tsx';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { useCommand, useViewActions } from '../../state/app-context.tsx';
import { snapshotProgress, type SnapshotProgress, standsStill } from './snapshot-progress.ts';

/** "62 % — 0:14 left", "3 % — estimating…", or what it does where no part is known. */
export function shortProgress(progress: SnapshotProgress): string {
  const { part, leftMs, isEstimating, doing } = progress;
  if (part === null) return doing;
  const left = leftMs === null ? (isEstimating ? ' — estimating…' : '') : ` — ${formatClock(leftMs)} left`;
  return `${formatPercent(part)}${left}`;
}

export function SnapshotProgressCard(props: {
  readonly operation: Operation;
  readonly workspace: Workspace;
  readonly isVisible: boolean;
}) {
  const { operation, workspace, isVisible } = props;
  const nowMs = useNow(isVisible);
  const view = useViewActions();
  const cancel = useCommand('operation.cancel', { kind: 'operation', id: operation.id });
  const progress = snapshotProgress(operation, nowMs);
  const isStill = standsStill(workspace, operation);
  const { doneBytes, totalBytes, files } = progress;
  const short = shortProgress(progress);
  return (
    <Card className="flex flex-col gap-2.5 px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Hourglass aria-hidden size={15} strokeWidth={1.75} className="shrink-0 text-busy" />
        <h2 className="min-w-0 font-semibold wrap-anywhere">{operation.title}</h2>
        {isStill && (
          <span className="inline-flex items-center gap-1.5 text-meta text-attention">
            <Snowflake aria-hidden size={14} />
            stands still
          </span>
        )}
        <span className="tabular ml-auto text-meta text-muted">{short}</span>
      </div>
      <ProgressBar label={operation.title} value={progress.part} text={short} />
      <p className="tabular flex flex-wrap gap-x-4 text-meta text-muted">
        <span>{progress.doing}</span>
        {doneBytes !== null && (
          <span>
            {formatBytes(doneBytes)}
            {totalBytes !== null && ` of ${formatBytes(totalBytes)}`}
          </span>
        )}
        {files !== null && (
          <span>
            {files.total === null
              ? formatCount(files.done, 'file', 'files')
              : `${new Intl.NumberFormat('en').format(files.done)} of ${formatCount(files.total, 'file', 'files')}`}
          </span>
        )}
        {files === null && progress.note !== '' && <span>{progress.note}</span>}
      </p>
      {isStill && (
        <p className="text-meta text-muted">
          Its programs wait where they are, keep their memory, and go on by themselves when it is read.
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        {cancel.isEnabled && <Button onClick={cancel.run}>Cancel</Button>}
        <Button variant="quiet" onClick={() => view.open({ type: 'operation', operationId: operation.id })}>
          Log and commands
        </Button>
      </div>
    </Card>
  );
}
