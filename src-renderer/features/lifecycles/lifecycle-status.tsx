/** The status bar: when the workspace in front ends by itself, else the first of those that are about to. */
import { TimerOff } from 'lucide-react';
import { classNames } from '../../components/class-names.ts';
import { useNow } from '../../components/now.ts';
import { useAppState, useLifecycles, useViewActions, useWorkspace } from '../../state/app-context.tsx';
import { subjectFor } from '../../state/commands.ts';
import { reasonWords, shortNext } from './lifecycle-words.ts';

export function LifecycleStatus() {
  const state = useAppState();
  const view = useViewActions();
  const { items, byId } = useLifecycles();
  const frontId = subjectFor({ on: 'workspace' }, state)?.id;
  const front = frontId === undefined ? undefined : byId.get(frontId);
  const warned = items
    .filter(({ next }) => next?.isWarned === true)
    .sort((a, b) => Date.parse(a.next?.at ?? '') - Date.parse(b.next?.at ?? ''))[0];
  const shown = front?.next == null ? warned : front;
  const workspace = useWorkspace(shown?.id);
  const next = shown?.next ?? null;
  const nowMs = useNow(next !== null);
  if (shown === undefined || next === null || workspace === undefined) return null;
  const isElsewhere = shown.id !== frontId;
  return (
    <button
      type="button"
      title={`${workspace.name}: ${next.action === 'stop' ? 'stops' : 'is destroyed'} ${reasonWords(next.why)}`}
      onClick={() => view.open({ type: 'workspace', workspaceId: shown.id })}
      className="focus-inset flex h-full min-w-0 shrink-0 items-center gap-1.5 px-2 text-muted hover:bg-hover hover:text-text"
    >
      <TimerOff aria-hidden size={12} className={classNames('shrink-0', next.isWarned && 'text-attention')} />
      {isElsewhere && (
        <span className="max-w-40 truncate max-sm:sr-only" dir="auto">
          {workspace.name}
        </span>
      )}
      <span className="tabular shrink-0">{shortNext(next, nowMs)}</span>
    </button>
  );
}
