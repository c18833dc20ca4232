/** What is under way on a machine, with steps; and its last operation where that failed, until it is put away. */
import type { Machine } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useNow } from '../../components/now.ts';
import { OperationCard } from '../../components/operation-card.tsx';
import { useClient, useCommand, useMay, useNotices, useViewActions } from '../../state/app-context.tsx';
import { operationMark } from '../../state/marks.ts';
import { operationPart, stepLeftMs } from '../../state/operation-progress.ts';

export function MachineOperation({ operation, isVisible }: { operation: Operation; isVisible: boolean }) {
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

/** The command that begins the same again, with its dialog where it has one. */
const again: Readonly<Record<string, string>> = {
  'machine.finish': 'machine.finish',
  'machine.resize': 'machine.resize',
  'machine.rebuild': 'machine.rebuild',
  'machine.rename': 'machine.rename',
  'machine.backups': 'machine.backups',
  'machine.ssh-access': 'machine.ssh-access',
  'machine.snapshot': 'machine.take-snapshot',
  'machine.destroy': 'machine.destroy',
  'machine.hibernate': 'machine.hibernate',
  'machine.wake': 'machine.wake',
};

export function FailedOperation({ machine, operation }: { machine: Machine; operation: Operation }) {
  const client = useClient();
  const notices = useNotices();
  const view = useViewActions();
  const mayClear = useMay('operations.write');
  const retry = useCommand(again[operation.kind] ?? 'machine.open', { kind: 'machine', id: machine.id });
  if (operation.error === null) return null;
  const clear = () =>
    client
      .call('operations.clear', { ids: [operation.id] })
      .catch((cause: unknown) => notices.fail('It could not be put away', cause));
  return (
    <ErrorNote
      title={`${operation.title}: this failed`}
      error={operation.error}
      actions={
        <>
          {again[operation.kind] !== undefined && retry.isEnabled && (
            <Button onClick={retry.run}>Try again</Button>
          )}
          <Button variant="quiet" onClick={() => view.open({ type: 'operation', operationId: operation.id })}>
            Open operation
          </Button>
          {mayClear && (
            <Button variant="quiet" onClick={() => void clear()}>
              Put away
            </Button>
          )}
        </>
      }
    >
      {operation.kind === 'machine.destroy' && (
        <p>What is still there goes on costing. Trying again shows first what that is.</p>
      )}
    </ErrorNote>
  );
}
