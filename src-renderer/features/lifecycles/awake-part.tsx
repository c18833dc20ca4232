/** Why a workspace is running, and why it stopped: what is seen of its work now, what comes next, and its timeline. */
import { CalendarClock } from 'lucide-react';
import { useState } from 'react';
import type { Lifecycle, TimelineEntry } from '#contract/lifecycles.ts';
import type { Machine } from '#contract/machines.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatDuration, formatExact } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { useNow } from '../../components/now.ts';
import { Card, Section } from '../../components/page.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { useCommand, useLifecycle, useMachineOfHost, useWorkspaces } from '../../state/app-context.tsx';
import type { WorkspacePartProps } from '../../state/feature.ts';
import { useStreamed } from '../../state/use-streamed.ts';
import { goingCostWords, idleMachine } from './going-cost.ts';
import {
  byDay,
  eventSignal,
  inOrder,
  isUp,
  judgementWords,
  moreWords,
  nextSentence,
  partTitle,
  policyLines,
  shownEnd,
} from './lifecycle-words.ts';

export function AwakePart({ workspace, isVisible }: WorkspacePartProps) {
  const lifecycle = useLifecycle(workspace.id);
  const subject = { kind: 'workspace', id: workspace.id } as const;
  const change = useCommand('workspace.policy', subject);
  const putOff = useCommand('workspace.put-off', subject);
  const hasEnd = shownEnd(workspace.state, lifecycle) !== null;
  return (
    <Section
      title={partTitle(workspace)}
      actions={
        <>
          {putOff.isShown && hasEnd && (
            <Button variant="quiet" onClick={putOff.run}>
              One more hour
            </Button>
          )}
          {change.isShown && (
            <Button variant="quiet" icon={CalendarClock} onClick={change.run}>
              Stops by itself…
            </Button>
          )}
        </>
      }
    >
      <Card className="flex flex-col divide-y divide-line">
        {lifecycle !== undefined && <Now workspace={workspace} lifecycle={lifecycle} isVisible={isVisible} />}
        <Timeline workspace={workspace} isOn={isVisible} />
      </Card>
    </Section>
  );
}

function Now({
  workspace,
  lifecycle,
  isVisible,
}: {
  workspace: Workspace;
  lifecycle: Lifecycle;
  isVisible: boolean;
}) {
  const { policy, putOffUntil, quietSinceAt, leaseUntil } = lifecycle;
  const isRunning = workspace.state === 'running';
  const next = shownEnd(workspace.state, lifecycle);
  const isCounted = isRunning || next !== null;
  const nowMs = useNow(isVisible && isCounted);
  const seen = judgementWords(lifecycle);
  const lines = policyLines(policy, (at) => formatExact(new Date(at)));
  const isPutOff = isCounted && putOffUntil !== null && Date.parse(putOffUntil) > nowMs;
  return (
    <div className="flex flex-col gap-2 px-3 py-2.5">
      {isRunning && (
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <StateMark signal={seen.signal} word={seen.word} />
          <span className="text-muted wrap-anywhere">
            {quietSinceAt !== null && `For ${formatDuration(nowMs - Date.parse(quietSinceAt))}. `}
            {seen.text}
          </span>
        </p>
      )}
      {next !== null && (
        <p className="tabular" title={formatExact(new Date(next.at))}>
          {nextSentence(next, nowMs)}
        </p>
      )}
      {isPutOff && (
        <p className="tabular text-muted">
          Put off: nothing ends it by itself before {untilWords(putOffUntil, nowMs)}.
        </p>
      )}
      {leaseUntil !== null && (
        <p className="tabular text-muted">Its host holds a lease until {untilWords(leaseUntil, nowMs)}.</p>
      )}
      {workspace.state === 'stopped' && <GoingCost workspace={workspace} />}
      {lines.length === 0 ? (
        <p className="text-muted">
          {isUp(workspace) ? 'It runs until somebody stops it.' : 'Nothing starts or ends it by itself.'}
        </p>
      ) : (
        <ul className="flex flex-col gap-0.5 text-muted">
          {lines.map((line) => (
            <li key={line} className="wrap-anywhere">
              {line}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function GoingCost({ workspace }: { workspace: Workspace }) {
  const machine = idleMachine(useMachineOfHost(workspace.hostId), useWorkspaces().items);
  return machine === undefined ? null : <EndlessMachine machine={machine} />;
}

function EndlessMachine({ machine }: { machine: Machine }) {
  const end = useCommand('machine.end', { kind: 'machine', id: machine.id });
  return (
    <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <StateMark signal="attention" word="goes on costing" isCompact />
      <span className="min-w-0 wrap-anywhere">{goingCostWords(machine)}</span>
      {end.isShown && end.isEnabled && <Button onClick={end.run}>End it when idle…</Button>}
    </p>
  );
}

function timeOf(at: string): string {
  return new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' }).format(new Date(at));
}
/** With its day where that is not today. */
function untilWords(at: string, nowMs: number): string {
  return dayOf(at) === dayOf(new Date(nowMs).toISOString()) ? timeOf(at) : formatExact(new Date(at));
}
function dayOf(at: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'full' }).format(new Date(at));
}

/** Entries that are shown at first: about a screen. */
const shownAtFirst = 6;

function Timeline({ workspace, isOn }: { workspace: Workspace; isOn: boolean }) {
  const [isWhole, setWhole] = useState(false);
  const { items, isRead, error } = useStreamed<TimelineEntry>(isOn ? workspace.id : null, (client, signal) =>
    client.stream('lifecycles.timeline', { workspaceId: workspace.id }, { signal }),
  );
  const ordered = inOrder(items);
  const shown = isWhole ? ordered : ordered.slice(-shownAtFirst);
  const hidden = ordered.length - shown.length;
  if (error !== null) return <ErrorNote title="The timeline could not be read" error={error} />;
  if (!isRead)
    return (
      <div className="p-3">
        <LoadingRows label="Loading the timeline" />
      </div>
    );
  if (items.length === 0) return <p className="px-3 py-2.5 text-muted">Nothing has happened yet.</p>;
  return (
    <div className="flex flex-col gap-3 px-3 py-2.5">
      {byDay(shown, dayOf).map(({ day, entries }) => (
        <section key={day} className="flex flex-col gap-1.5">
          <h3 className="text-meta text-muted">{day}</h3>
          <ol className="flex flex-col gap-1.5">
            {entries.map((entry) => (
              <Entry key={`${entry.at} ${entry.text}`} entry={entry} />
            ))}
          </ol>
        </section>
      ))}
      {hidden > 0 && (
        <Button variant="quiet" className="self-start" onClick={() => setWhole(true)}>
          {moreWords(hidden)}
        </Button>
      )}
    </div>
  );
}

function Entry({ entry }: { entry: TimelineEntry }) {
  const { at, by, event, text } = entry;
  return (
    <li className="flex items-center gap-3">
      <time
        dateTime={at}
        title={formatExact(new Date(at))}
        className="tabular w-16 shrink-0 whitespace-nowrap text-meta text-muted"
      >
        {timeOf(at)}
      </time>
      <StateMark signal={eventSignal(event)} word={event} isCompact />
      <span className="min-w-0 wrap-anywhere">
        {text}
        {by !== null && <span className="text-muted"> · {by}</span>}
      </span>
    </li>
  );
}
