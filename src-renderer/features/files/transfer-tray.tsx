/** Below the list: transfers of this window, and what was begun on files of the place that the page shows. */
import { ChevronDown, ChevronUp } from 'lucide-react';
import { useStore } from 'zustand';
import type { PlaceId } from '#contract/files.ts';
import type { Operation } from '#contract/operations.ts';
import { Band } from '../../components/band.tsx';
import { Button, IconButton } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatCount } from '../../components/format.ts';
import { useNow } from '../../components/now.ts';
import { OperationCard } from '../../components/operation-card.tsx';
import { toastFloor } from '../../components/toast-floor.ts';
import {
  useAppState,
  useCommand,
  useOperation,
  useOperations,
  useViewActions,
} from '../../state/app-context.tsx';
import { operationMark } from '../../state/marks.ts';
import { isUnderWay, operationPart, stepLeftMs } from '../../state/operation-progress.ts';
import { type BegunOperation, lostBy } from './files-work.ts';
import { isOver } from './transfer.ts';
import { TransferRow } from './transfer-row.tsx';
import { placeName, useFilesWork, useFilesWorkState } from './use-files-work.tsx';

export function TransferTray({ placeId }: { placeId: PlaceId }) {
  const work = useFilesWork();
  const { transfers } = work;
  const all = useStore(transfers.store, (state) => state.transfers);
  const begun = useFilesWorkState((state) => state.begun).filter(({ touches }) =>
    touches.some((at) => at.placeId === placeId),
  );
  const isFolded = useFilesWorkState((state) => state.isTrayFolded);
  const state = useAppState();
  const { byId: operations } = useOperations();
  if (all.length === 0 && begun.length === 0) return null;
  const openCount =
    all.filter((one) => !isOver(one)).length +
    begun.filter(({ id }) => {
      const operation = operations.get(id);
      return operation === undefined || isUnderWay(operation);
    }).length;
  const hasEnded = all.some(isOver);
  return (
    <section
      ref={toastFloor}
      aria-label="Transfers"
      className="flex max-h-[45%] shrink-0 flex-col border-t border-line bg-panel"
    >
      <div className="flex h-8 shrink-0 items-center gap-2 pr-1 pl-3">
        <h2 className="text-meta font-semibold">Transfers</h2>
        <span className="text-meta text-muted">
          {openCount === 0 ? 'nothing under way' : `${formatCount(openCount, 'is', 'are')} under way`}
        </span>
        <span className="flex-1" />
        {hasEnded && (
          <Button variant="quiet" className="h-6 text-meta" onClick={() => transfers.forgetEnded()}>
            Clear ended
          </Button>
        )}
        <IconButton
          label={isFolded ? 'Show transfers' : 'Fold transfers'}
          icon={isFolded ? ChevronUp : ChevronDown}
          size="small"
          aria-expanded={!isFolded}
          onClick={() => work.setTrayFolded(!isFolded)}
        />
      </div>
      {!isFolded && (
        <div className="min-h-0 overflow-y-auto">
          {begun.map((one) => (
            <BegunCard key={one.id} begun={one} />
          ))}
          <ul aria-label="List of transfers" className="m-0 list-none divide-y divide-line p-0">
            {all.map((transfer) => (
              <TransferRow
                key={transfer.id}
                transfer={transfer}
                placeName={placeName(transfer.placeId, state)}
                transfers={transfers}
              />
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

function BegunCard({ begun }: { begun: BegunOperation }) {
  const operation = useOperation(begun.id);
  return operation === undefined ? null : <OperationOf operation={operation} />;
}

function OperationOf({ operation }: { operation: Operation }) {
  const work = useFilesWork();
  const view = useViewActions();
  const isRunning = isUnderWay(operation);
  const nowMs = useNow(isRunning);
  const cancel = useCommand('operation.cancel', { kind: 'operation', id: operation.id });
  const show = () => view.open({ type: 'operation', operationId: operation.id });
  if (!isRunning && operation.error !== null)
    return (
      <div className="px-3 py-2">
        <ErrorNote
          title={`${operation.title}: this did not work`}
          error={operation.error}
          actions={
            <>
              <Button onClick={show}>Log and commands</Button>
              <Button variant="quiet" onClick={() => work.forget(operation.id)}>
                Put away
              </Button>
            </>
          }
        />
      </div>
    );
  const lost = isRunning ? '' : lostBy(operation);
  if (lost !== '')
    return (
      <div className="px-3 py-2">
        <Band
          tone="attention"
          title={`${operation.title}: done, but not all of it could be kept`}
          actions={
            <>
              <Button onClick={() => work.forget(operation.id)}>Put away</Button>
              <Button variant="quiet" onClick={show}>
                Log and commands
              </Button>
            </>
          }
        >
          <ul className="m-0 list-none p-0">
            {lost.split('; ').map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </Band>
      </div>
    );
  return (
    <div className="px-3 py-2">
      <OperationCard
        title={operation.title}
        mark={operationMark(operation)}
        startedAt={operation.startedAt}
        nowMs={nowMs}
        part={operationPart(operation)}
        steps={operation.steps.map((step) => ({ ...step, leftMs: stepLeftMs(step, nowMs) }))}
      >
        {cancel.isEnabled && <Button onClick={cancel.run}>Cancel</Button>}
        {!isRunning && <Button onClick={() => work.forget(operation.id)}>Put away</Button>}
        <Button variant="quiet" onClick={show}>
          Log and commands
        </Button>
      </OperationCard>
    </div>
  );
}
