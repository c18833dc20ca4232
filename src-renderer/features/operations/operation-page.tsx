/** One operation: its steps with times, what went wrong, the commands that do the same by hand, the log. */
import { useMemo } from 'react';
import type { WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import { Band } from '../../components/band.tsx';
import { Button } from '../../components/button.tsx';
import { CodeBlock } from '../../components/code-block.tsx';
import { Disclosure } from '../../components/disclosure.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatClock, formatDuration, formatPercent } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { commandsOf, withLogLines } from '../../components/log-lines.ts';
import { LogView } from '../../components/log-view.tsx';
import { useNow } from '../../components/now.ts';
import { Card, Page, Section } from '../../components/page.tsx';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { StepList } from '../../components/step-list.tsx';
import {
  useCommand,
  useHost,
  useMachine,
  useOperation,
  useOperations,
  useViewActions,
  useWorkspace,
} from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { operationMark } from '../../state/marks.ts';
import { isUnderWay, operationPart, stepLeftMs } from '../../state/operation-progress.ts';
import { useOperationLog } from '../../state/use-operation-log.ts';

export default function OperationPage({ view, isVisible }: ViewProps<'operation'>) {
  const operation = useOperation(view.operationId);
  const { status } = useOperations();
  if (operation === undefined)
    return (
      <Page title="Operation">
        {status === 'loading' ? (
          <LoadingRows label="Loading the operation" />
        ) : (
          <p className="text-muted">This operation was cleared.</p>
        )}
      </Page>
    );
  return <Loaded operation={operation} isVisible={isVisible} />;
}

function Loaded({ operation, isVisible }: { operation: Operation; isVisible: boolean }) {
  const isRunning = isUnderWay(operation);
  const nowMs = useNow(isRunning && isVisible);
  const log = useOperationLog(operation.id, isVisible);
  const lines = useMemo(() => withLogLines([], log.lines), [log.lines]);
  const commands = useMemo(() => commandsOf(log.lines), [log.lines]);
  const cancel = useCommand('operation.cancel', { kind: 'operation', id: operation.id });
  const view = useViewActions();
  const host = useHost(operation.hostId);
  const workspace = useWorkspace(operation.subject.id as WorkspaceId);
  const machine = useMachine(operation.subject.kind === 'machine' ? operation.subject.id : null);
  const mark = operationMark(operation);
  const part = operationPart(operation);
  return (
    <Page
      title={operation.title}
      lead={
        <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
          <StateMark signal={mark.signal} word={mark.word} />
          <span>
            began <RelativeTime at={operation.startedAt} />
          </span>
          {operation.endedAt !== null && (
            <span className="tabular">
              took {formatDuration(Date.parse(operation.endedAt) - Date.parse(operation.startedAt))}
            </span>
          )}
        </span>
      }
      actions={
        <>
          {workspace !== undefined && (
            <Button onClick={() => view.open({ type: 'workspace', workspaceId: workspace.id })}>
              Open workspace
            </Button>
          )}
          {machine !== undefined && (
            <Button onClick={() => view.open({ type: 'machine', machineId: machine.id })}>
              Open machine
            </Button>
          )}
          {cancel.isEnabled && <Button onClick={cancel.run}>Cancel</Button>}
        </>
      }
    >
      {isRunning && machine !== undefined && machine.trouble !== null && (
        <Band
          tone="attention"
          title="It waits for you"
          actions={
            <Button variant="primary" onClick={() => view.open({ type: 'machine', machineId: machine.id })}>
              Choose what to do
            </Button>
          }
        >
          <p className="wrap-anywhere">{machine.trouble.error.message}</p>
        </Band>
      )}
      {operation.error !== null && <ErrorNote title={failureTitle(operation)} error={operation.error} />}
      {operation.state === 'waiting' && (
        <p className="text-muted">
          {host === undefined ? 'Its host' : host.name} is away. The work goes on by itself when the host is
          back.
        </p>
      )}
      {operation.state === 'undoing' && (
        <p className="text-muted">What was half made is being taken back. This cannot be stopped.</p>
      )}
      <Section
        title="Steps"
        actions={
          isRunning && (
            <span className="tabular text-meta text-muted">
              {formatClock(nowMs - Date.parse(operation.startedAt))}
              {part !== null && ` · ${formatPercent(part)}`}
            </span>
          )
        }
      >
        <Card className="flex flex-col gap-2 px-4 py-3">
          {isRunning && <ProgressBar label={operation.title} value={part} />}
          <StepList
            label="Steps"
            nowMs={nowMs}
            steps={operation.steps.map((step) => ({ ...step, leftMs: stepLeftMs(step, nowMs) }))}
          />
        </Card>
      </Section>
      {commands !== '' && (
        <Disclosure label="Show me the commands">
          <p className="pb-2 text-muted">
            Berth speaks to the engine directly. Typed on the host, these do the same.
          </p>
          <CodeBlock text={commands} label="Commands" />
        </Disclosure>
      )}
      <Section title="Log">
        {log.error !== null && <ErrorNote title="The log could not be read" error={log.error} />}
        <LogView
          label="Log"
          lines={lines}
          emptyText={isRunning ? 'Nothing is written yet.' : 'Nothing was written.'}
          heightClass="h-72"
        />
      </Section>
    </Page>
  );
}

function failureTitle(operation: Operation): string {
  const failed = operation.steps.find((step) => step.state === 'failed');
  return failed === undefined ? 'It failed' : `It failed at “${failed.title}”`;
}
