/** The bottom line: the connection, the host of the page in front, what runs and how far it is. Only true things. */
import { Plug, Unplug } from 'lucide-react';
import type { ComponentType } from 'react';
import { formatClock, formatLatency, formatPercent } from '../../components/format.ts';
import { useNow } from '../../components/now.ts';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import {
  useApp,
  useAppState,
  useConnection,
  useHost,
  useMachineOfHost,
  useOperations,
  useViewActions,
} from '../../state/app-context.tsx';
import { subjectFor } from '../../state/commands.ts';
import { lostWords } from '../../state/lost-words.ts';
import { hostMark, machineRest } from '../../state/marks.ts';
import { isUnderWay, operationPart, runningStep, stepLeftMs } from '../../state/operation-progress.ts';

const itemClass =
  'focus-inset flex h-full min-w-0 items-center gap-1.5 px-2 text-muted hover:bg-hover hover:text-text';

export function StatusBar({ items }: { items: readonly ComponentType[] }) {
  return (
    <footer className="tabular flex h-6 shrink-0 items-stretch overflow-hidden border-t border-line bg-app px-1 text-small">
      <HostStatus />
      {items.map((Item) => (
        <Item key={Item.displayName ?? Item.name} />
      ))}
      <OperationStatus />
      <span className="flex-1" />
      <PlaneStatus />
    </footer>
  );
}

function HostStatus() {
  const state = useAppState();
  const view = useViewActions();
  const host = useHost(subjectFor({ on: 'host' }, state)?.id);
  const machine = useMachineOfHost(host?.id);
  const nowMs = useNow(host?.state.phase === 'lost');
  if (!host) return null;
  const mark = hostMark(host, machine);
  const isResting = machineRest(host, machine) !== null;
  const latency = host.state.phase === 'ready' ? host.state.roundTripMs : null;
  return (
    <button
      type="button"
      onClick={() => view.open({ type: 'host', hostId: host.id })}
      className={`${itemClass} max-w-96 shrink-0 max-sm:max-w-40`}
    >
      <StateMark signal={mark.signal} word={mark.word} isCompact />
      <span dir="auto" className="truncate">
        {host.name}
      </span>
      {/* On a phone the mark says the state, and its name says whose. */}
      <span className="shrink-0 max-sm:hidden">
        {(isResting ? null : lostWords(host.state, nowMs)) ?? mark.word}
        {latency !== null && ` ${formatLatency(latency)}`}
      </span>
    </button>
  );
}

function OperationStatus() {
  const { items } = useOperations();
  const view = useViewActions();
  // A snapshot that is being taken has an item of its own.
  const operation = items.find((each) => isUnderWay(each) && each.kind !== 'snapshot.create');
  const nowMs = useNow(operation !== undefined);
  if (!operation) return null;
  const step = runningStep(operation);
  const part = operationPart(operation);
  const leftMs = step ? stepLeftMs(step, nowMs) : null;
  return (
    <button
      type="button"
      onClick={() => view.open({ type: 'operation', operationId: operation.id })}
      className={`${itemClass} max-w-[560px]`}
    >
      <ProgressBar label={operation.title} value={part} isThin className="w-12" />
      <span dir="auto" className="truncate">
        {operation.title}
        {step && `: ${step.title}`}
      </span>
      {part !== null && <span className="shrink-0">{formatPercent(part)}</span>}
      {leftMs !== null && (
        <span className="shrink-0 max-sm:hidden">— this step {formatClock(leftMs)} left</span>
      )}
    </button>
  );
}

function PlaneStatus() {
  const { client } = useApp();
  const connection = useConnection();
  useNow(connection.phase === 'open');
  if (connection.phase === 'open')
    return (
      <span className="flex items-center gap-1.5 px-2 text-muted" title="Connection to Berth’s control plane">
        <Plug aria-hidden size={12} />
        <span className="max-sm:sr-only">connected</span>
        {client.roundTripMs !== null && <span>{formatLatency(client.roundTripMs)}</span>}
      </span>
    );
  return (
    <button type="button" onClick={() => client.reconnect()} className={itemClass}>
      <Unplug aria-hidden size={12} className="text-attention" />
      <span className="whitespace-nowrap max-sm:sr-only">
        {connection.phase === 'connecting' ? 'connecting' : 'not connected'}
      </span>
    </button>
  );
}
