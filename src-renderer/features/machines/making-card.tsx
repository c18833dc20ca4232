/** The making, finishing or waking of a machine: its steps with the four gates, its log, and the way to stop it. */
import { useMemo } from 'react';
import type { Machine } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import { Button } from '../../components/button.tsx';
import { Disclosure } from '../../components/disclosure.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatClock } from '../../components/format.ts';
import { withLogLines } from '../../components/log-lines.ts';
import { LogView } from '../../components/log-view.tsx';
import { useNow } from '../../components/now.ts';
import { Card } from '../../components/page.tsx';
import { StepList } from '../../components/step-list.tsx';
import { useClient, useConfirm, useMay, useNotices, useViewActions } from '../../state/app-context.tsx';
import type { Confirmation } from '../../state/confirmations.ts';
import { stepLeftMs } from '../../state/operation-progress.ts';
import { useOperationLog } from '../../state/use-operation-log.ts';
import { makingSteps } from './making-steps.ts';

export function MakingCard(props: {
  readonly machine: Machine;
  readonly operation: Operation | undefined;
  readonly word: string;
  readonly isVisible: boolean;
}) {
  const { machine, operation, word, isVisible } = props;
  const nowMs = useNow(isVisible);
  const view = useViewActions();
  const steps = makingSteps(machine, operation).map((step) => {
    const own = operation?.steps.find(({ id }) => id === step.id);
    return own === undefined ? step : { ...step, leftMs: stepLeftMs(own, nowMs) };
  });
  return (
    <Card className="flex flex-col gap-2.5 px-4 py-3">
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <h2 className="min-w-0 font-semibold wrap-anywhere">
          {operation?.title ?? (machine.life === 'waking' ? 'It is being woken' : 'It is being made')}
        </h2>
        {operation !== undefined && (
          <span className="tabular ml-auto text-meta text-muted">
            {formatClock(nowMs - Date.parse(operation.startedAt))}
          </span>
        )}
      </div>
      <StepList label="Steps" nowMs={nowMs} steps={steps} />
      {operation !== undefined && (
        <>
          <div className="flex flex-wrap gap-2">
            <Cancel machine={machine} operation={operation} word={word} />
            <Button
              variant="quiet"
              onClick={() => view.open({ type: 'operation', operationId: operation.id })}
            >
              Open operation
            </Button>
          </div>
          <Disclosure label="Log">
            <Log operation={operation} isOn={isVisible} />
          </Disclosure>
        </>
      )}
    </Card>
  );
}

function Log({ operation, isOn }: { operation: Operation; isOn: boolean }) {
  const log = useOperationLog(operation.id, isOn);
  const lines = useMemo(() => withLogLines([], log.lines), [log.lines]);
  return (
    <>
      {log.error !== null && <ErrorNote title="The log could not be read" error={log.error} />}
      <LogView label="Log" lines={lines} emptyText="Nothing is written yet." heightClass="h-56" />
    </>
  );
}

/** Stopping takes back what was made: the person agrees to that, not to a word on a button. */
function Cancel(props: { machine: Machine; operation: Operation; word: string }) {
  const { machine, operation, word } = props;
  const client = useClient();
  const confirm = useConfirm();
  const notices = useNotices();
  const mayCancel = useMay('operations.write');
  if (!mayCancel || !operation.canCancel || operation.state === 'undoing') return null;
  const cancel = async () => {
    const isAgreed = await confirm(stopWords(machine, operation, word));
    if (!isAgreed) return;
    try {
      await client.call('operations.cancel', { id: operation.id });
    } catch (cause) {
      notices.fail(`${operation.title}: it could not be stopped`, cause);
    }
  };
  return <Button onClick={() => void cancel()}>Cancel…</Button>;
}

/** What stopping takes back, by what is under way. */
function stopWords({ name }: Machine, { kind }: Operation, word: string): Confirmation {
  if (kind === 'machine.wake')
    return {
      title: `Stop waking ${name}?`,
      body: 'It goes on sleeping, and can be woken at any time.',
      deletes: [`The new ${word}, with what was brought back to it so far`],
      keeps: ['Everything that is kept of it while it sleeps'],
      action: 'Stop waking it',
    };
  if (kind === 'machine.finish')
    return {
      title: `Stop setting ${name} up?`,
      body: `It stays unfinished, and goes on costing. Destroying the ${word} is an act of its own.`,
      keeps: [`The ${word}, as it is now`],
      action: 'Stop setting up',
    };
  return {
    title: `Stop making ${name}?`,
    body: `It costs nothing more once the ${word} is gone; that is followed to the end.`,
    deletes: [`The ${word} and all that was made for it at the provider`],
    action: 'Stop and destroy',
    isDangerous: true,
  };
}
