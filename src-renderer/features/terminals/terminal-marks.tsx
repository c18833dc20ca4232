/**
 * What must be seen while it lasts: that keys go to several terminals, and that a terminal is recorded. A strip over the
 * screen, a mark on the tab, and parts of the status bar. Shapes and words, never colour alone.
 */
import { Circle, Keyboard } from 'lucide-react';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import type { TerminalId } from '#contract/ids.ts';
import { Button } from '../../components/button.tsx';
import { formatClock } from '../../components/format.ts';
import { useNow } from '../../components/now.ts';
import { runCommand, useApp, useTerminals, useViewState } from '../../state/app-context.tsx';
import { terminalTitle } from '../../state/marks.ts';
import type { ViewRefOf } from '../../state/view-ref.ts';
import { broadcast } from './broadcast.ts';
import type { Recorder } from './recorder.ts';
import { keepForLater } from './recording-acts.ts';
import { recordings } from './recordings.ts';
import { terminalSessions } from './terminal-sessions.ts';
import { ShareBadge } from './share-mark.tsx';
import { PlainMark, TruthMark } from './terminal-status.tsx';

function useMemberCount(id: TerminalId): number {
  return useStore(broadcast.store, ({ members }) => (members.includes(id) ? members.length : 0));
}
function useRecorder(id: TerminalId): Recorder | undefined {
  return useStore(recordings.store, ({ running }) => running.get(id));
}

function Elapsed({ recorder }: { recorder: Recorder }) {
  const nowMs = useNow(true);
  return <span className="tabular">{formatClock(Math.max(0, nowMs - recorder.startedAt.getTime()))}</span>;
}

function RecordingDot({ size }: { size: number }) {
  return <Circle aria-hidden size={size} strokeWidth={0} className="shrink-0 fill-failed" />;
}

/** Over the screen. Nothing while there is nothing to say. */
export function TerminalMarks({ id }: { id: TerminalId }) {
  const app = useApp();
  const memberCount = useMemberCount(id);
  const recorder = useRecorder(id);
  if (memberCount === 0 && recorder === undefined) return null;
  return (
    <div className="flex shrink-0 flex-wrap border-b border-line text-meta">
      {memberCount > 0 && (
        <div
          role="status"
          className="flex min-h-8 min-w-0 flex-1 basis-52 items-center gap-2 bg-attention-soft px-3 text-attention"
        >
          <Keyboard aria-hidden size={15} strokeWidth={1.75} className="shrink-0" />
          <span className="min-w-0 truncate font-medium">Typing into {memberCount} terminals</span>
          <Button variant="quiet" className="ml-auto h-6" onClick={() => broadcast.stop()}>
            Stop
          </Button>
        </div>
      )}
      {recorder !== undefined && (
        <div
          role="status"
          className="flex min-h-8 min-w-0 flex-1 basis-52 items-center gap-2 bg-failed-soft px-3 text-failed"
        >
          <RecordingDot size={10} />
          <span className="min-w-0 truncate font-medium">
            Recording <Elapsed recorder={recorder} />
          </span>
          <Button
            variant="quiet"
            className="ml-auto h-6"
            onClick={() => runCommand(app, 'terminal.record-stop', { kind: 'terminal', id })}
          >
            Stop and save
          </Button>
        </div>
      )}
    </div>
  );
}

/** On the tab, in front or not. */
export function TerminalTabMark({ view }: { view: ViewRefOf<'terminal'> }) {
  const memberCount = useMemberCount(view.terminalId);
  const recorder = useRecorder(view.terminalId);
  return (
    <>
      <TruthMark id={view.terminalId} />
      <PlainMark id={view.terminalId} />
      <ShareBadge view={view} />
      {memberCount > 0 && (
        <span title={`Typing into ${memberCount} terminals`} className="shrink-0 text-attention">
          <Keyboard aria-hidden size={14} strokeWidth={2} />
          <span className="sr-only">typing into several</span>
        </span>
      )}
      {recorder !== undefined && (
        <span title="Recording" className="shrink-0">
          <RecordingDot size={9} />
          <span className="sr-only">recording</span>
        </span>
      )}
    </>
  );
}

const statusClass =
  'focus-inset flex h-full min-w-0 shrink-0 items-center gap-1.5 px-2 text-muted hover:bg-hover hover:text-text';

export function RecordingStatus() {
  const running = useStore(recordings.store, (state) => state.running);
  return [...running].map(([id, recorder]) => <OneRecording key={id} id={id} recorder={recorder} />);
}

function OneRecording({ id, recorder }: { id: TerminalId; recorder: Recorder }) {
  const { view } = useApp();
  return (
    <button
      type="button"
      className={statusClass}
      onClick={() => view.actions.open({ type: 'terminal', terminalId: id })}
    >
      <RecordingDot size={9} />
      <span className="truncate">
        Recording {recorder.title} <Elapsed recorder={recorder} />
      </span>
    </button>
  );
}

export function BroadcastStatus() {
  const { view } = useApp();
  const members = useStore(broadcast.store, (state) => state.members);
  const [first] = members;
  if (first === undefined) return null;
  return (
    <button
      type="button"
      className={statusClass}
      onClick={() => view.actions.open({ type: 'terminal', terminalId: first })}
    >
      <Keyboard aria-hidden size={12} className="shrink-0 text-attention" />
      <span className="truncate">Typing into {members.length} terminals</span>
    </button>
  );
}

/** Ends what cannot go on: a group whose member ended, a recording whose tab was closed. */
export function WorkKeeper() {
  const app = useApp();
  const terminals = useTerminals();
  const root = useViewState((state) => state.root);
  const members = useStore(broadcast.store, (state) => state.members);
  const running = useStore(recordings.store, (state) => state.running);
  // biome-ignore lint/correctness/useExhaustiveDependencies: tabs decide which sessions there are
  useEffect(() => {
    const isOpen = (id: TerminalId) => terminalSessions.get(id) !== undefined;
    const nameOf = (id: TerminalId) => {
      const terminal = terminals.byId.get(id);
      return terminal === undefined ? 'a terminal' : terminalTitle(terminal);
    };
    if (members.length > 0) {
      const gone = broadcast.endWithout((id) => isOpen(id) && terminals.byId.get(id)?.state.phase === 'live');
      if (gone !== null)
        app.notices.show({
          level: 'warning',
          title: 'Keys go to one terminal again',
          body: `${nameOf(gone)} can take no more.`,
        });
    }
    const deps = { notices: app.notices, view: app.view.actions };
    for (const [id, recorder] of running) {
      if (!isOpen(id)) keepForLater(deps, id, `The recording of ${recorder.title} ended with its tab`);
      else if (terminals.byId.get(id)?.state.phase === 'ended')
        keepForLater(deps, id, `The recording of ${recorder.title} ended with its shell`);
    }
  }, [app, terminals, root, members, running]);
  return null;
}
