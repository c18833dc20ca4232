/** What is under way on a workspace: steps with real progress, and the way to stop it. */
import type { Operation } from '#contract/operations.ts';
import { Button } from '../../components/button.tsx';
import { useNow } from '../../components/now.ts';
import { OperationCard } from '../../components/operation-card.tsx';
import { useCommand, useViewActions } from '../../state/app-context.tsx';
import { operationMark } from '../../state/marks.ts';
import { operationPart, stepLeftMs } from '../../state/operation-progress.ts';

export function WorkspaceOperation({ operation, isVisible }: { operation: Operation; isVisible: boolean }) {
  const nowMs = useNow(isVisible);
  const view = useViewActions();
  const cancel = useCommand('operation.cancel', { kind: 'operation', id: operation.id });
  return (
    <OperationCard
      title={operation.title}
      mark={operationMark(operation)}
      startedAt={operation.startedAt}
      nowMs={nowMs}
      part={operationPart(operation)}
      steps={operation.steps.map((step) => ({ ...step, leftMs: stepLeftMs(step, nowMs) }))}
    >
      {cancel.isEnabled && <Button onClick={cancel.run}>Cancel</Button>}
      <Button variant="quiet" onClick={() => view.open({ type: 'operation', operationId: operation.id })}>
        Log and commands
      </Button>
    </OperationCard>
  );
}
