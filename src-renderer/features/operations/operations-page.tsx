/** All operations: what runs with how far it is, and what has ended. */
import { ListChecks } from 'lucide-react';
import { useState } from 'react';
import type { Operation } from '#contract/operations.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatClock, formatDuration, formatPercent } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { useNow } from '../../components/now.ts';
import { Card, Page } from '../../components/page.tsx';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { Select } from '../../components/select.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useCommand, useOperations, useViewActions } from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { operationMark } from '../../state/marks.ts';
import { isUnderWay, operationPart, runningStep } from '../../state/operation-progress.ts';
import { listedOperations, type OperationFilter } from './operations-list.ts';

const filterLabels: readonly { value: OperationFilter; label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'running', label: 'Running' },
  { value: 'failed', label: 'Failed' },
  { value: 'ended', label: 'Ended' },
];
/** Rows at first and with each "Show more": what a person reads before they search instead. */
const rowsAtOnce = 100;

export default function OperationsPage({ isVisible }: ViewProps<'operations'>) {
  const operations = useOperations();
  const clear = useCommand('operation.clear-ended');
  const [filter, setFilter] = useState<OperationFilter>('all');
  const [text, setText] = useState('');
  const [limit, setLimit] = useState(rowsAtOnce);
  const listed = listedOperations(operations.items, filter, text);
  const nowMs = useNow(isVisible && listed.some(isUnderWay));
  return (
    <Page
      title="Operations"
      lead="Long work on your hosts. It goes on when this window closes, and is taken up again after a crash."
      actions={
        clear.isShown && (
          <Button onClick={clear.run} disabled={!clear.isEnabled} reason="No operation has ended">
            Clear ended
          </Button>
        )
      }
    >
      {operations.status === 'error' && operations.error !== null && (
        <ErrorNote
          title="The operations could not be read"
          error={operations.error}
          actions={<Button onClick={operations.retry}>Read again</Button>}
        />
      )}
      {operations.status === 'loading' && <LoadingRows label="Loading the operations" />}
      {operations.status === 'ready' && operations.items.length === 0 && (
        <EmptyState icon={ListChecks} title="Nothing has run yet">
          Making, starting, stopping and destroying workspaces and machines shows up here, with every step and
          command.
        </EmptyState>
      )}
      {operations.status === 'ready' && operations.items.length > 0 && (
        <div className="flex flex-col gap-3">
          <div className="flex flex-wrap items-end gap-2">
            <TextField
              label="Find operations"
              isLabelHidden
              placeholder="Find by name"
              value={text}
              onChange={setText}
              className="w-56 max-sm:flex-1"
            />
            <Select
              label="Which operations"
              isLabelHidden
              value={filter}
              options={filterLabels}
              onChange={setFilter}
              className="w-32"
            />
          </div>
          {listed.length === 0 ? (
            <p className="text-muted">No operation fits.</p>
          ) : (
            <Card>
              <ul aria-label="Operations" className="m-0 list-none divide-y divide-line p-0">
                {listed.slice(0, limit).map((operation) => (
                  <Row key={operation.id} operation={operation} nowMs={nowMs} />
                ))}
              </ul>
            </Card>
          )}
          {listed.length > limit && (
            <Button variant="quiet" onClick={() => setLimit(limit + rowsAtOnce)} className="self-start">
              Show {Math.min(rowsAtOnce, listed.length - limit)} more
            </Button>
          )}
        </div>
      )}
    </Page>
  );
}

function Row({ operation, nowMs }: { operation: Operation; nowMs: number }) {
  const view = useViewActions();
  const mark = operationMark(operation);
  const isRunning = isUnderWay(operation);
  const part = operationPart(operation);
  const step = runningStep(operation);
  return (
    <li>
      <button
        type="button"
        onClick={() => view.open({ type: 'operation', operationId: operation.id })}
        className="focus-inset flex w-full items-center gap-3 px-3 py-2 text-left transition-colors hover:bg-hover"
      >
        <StateMark signal={mark.signal} word={mark.word} isCompact />
        <span className="flex min-w-0 flex-1 flex-col">
          <span className="truncate" dir="auto">
            {operation.title}
          </span>
          <span className="flex min-w-0 gap-1 text-meta text-muted">
            <span className="shrink-0">{mark.word}</span>
            {isRunning && step && <span className="truncate">· {step.title}</span>}
            {operation.error !== null && <span className="truncate">· {operation.error.message}</span>}
          </span>
        </span>
        {isRunning && (
          <span className="flex w-28 shrink-0 items-center gap-2 max-sm:hidden">
            <ProgressBar label={operation.title} value={part} isThin className="flex-1" />
            <span className="tabular w-9 text-right text-meta text-muted">
              {part === null ? '' : formatPercent(part)}
            </span>
          </span>
        )}
        <span className="tabular min-w-28 shrink-0 text-right text-meta whitespace-nowrap text-muted max-sm:min-w-0">
          {operation.endedAt === null ? (
            formatClock(nowMs - Date.parse(operation.startedAt))
          ) : (
            <span className="flex flex-col">
              <RelativeTime at={operation.endedAt} />
              <span className="max-sm:hidden">
                took {formatDuration(Date.parse(operation.endedAt) - Date.parse(operation.startedAt))}
              </span>
            </span>
          )}
        </span>
      </button>
    </li>
  );
}
