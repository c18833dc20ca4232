/** What is under way on a workspace: steps with real progress, and the way to stop it. */
import type { Operation } from '#contract/operations.ts';
import { Button } from '../../components/button.tsx';
import { formatClock, formatPercent } from '../../components/format.ts';
import { useNow } from '../../components/now.ts';
import { Card } from '../../components/page.tsx';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { StepList } from '../../components/step-list.tsx';
import { useCommand, useViewActions } from '../../state/app-context.tsx';
import { operationMark } from '../../state/marks.ts';
import { operationPart, stepLeftMs } from '../../state/operation-progress.ts';

export function WorkspaceOperation({ operation, isVisible }: { operation: Operation; isVisible: boolean }) {
  const nowMs = useNow(isVisible);
  const view = useViewActions();
  const cancel = useCommand('operation.cancel', { kind: 'operation', id: operation.id });
  const part = operationPart(operation);
  const mark = operationMark(operation);
  return (
    <Card className="flex flex-col gap-2.5 px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h2 className="min-w-0 font-semibold wrap-anywhere">{operation.title}</h2>
        <StateMark signal={mark.signal} word={mark.word} className="text-meta" />
        <span className="tabular ml-auto text-meta text-muted">
          {formatClock(nowMs - Date.parse(operation.startedAt))}
          {part !== null && ` · ${formatPercent(part)}`}
        </span>
      </div>
      <ProgressBar label={operation.title} value={part} />
      <StepList
        label="Steps"
        nowMs={nowMs}
        steps={operation.steps.map((step) => ({ ...step, leftMs: stepLeftMs(step, nowMs) }))}
      />
      <div className="flex flex-wrap gap-2">
        {cancel.isEnabled && <Button onClick={cancel.run}>Cancel</Button>}
        <Button variant="quiet" onClick={() => view.open({ type: 'operation', operationId: operation.id })}>
          Log and commands
        </Button>
      </div>
    </Card>
  );
}
