/** What stands on a workspace's page about its snapshots: bands above it, and the last ones as a timeline. */
import { Camera, CalendarClock } from 'lucide-react';
import { useStore } from 'zustand';
import type { Snapshot } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes, formatCount } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Section } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { Badge } from '../../components/state-mark.tsx';
import {
  useApp,
  useCommand,
  useOperations,
  useSnapshotRules,
  useSnapshots,
  useViewActions,
} from '../../state/app-context.tsx';
import type { WorkspacePartProps } from '../../state/feature.ts';
import { keepWords } from './keep-rule.ts';
import { MoveBand } from './move-band.tsx';
import { RestoreBand } from './restore-band.tsx';
import { scheduleWords } from './schedule.ts';
import { snapshotFilter } from './snapshot-filter.ts';
import { newestFirst, noFilter } from './snapshot-list.ts';
import { snapshotUnderWay } from './snapshot-progress.ts';
import { SnapshotProgressCard } from './snapshot-progress-card.tsx';
import { consistencyWords, dayAndTime, reasonWords } from './snapshot-words.ts';

export function WorkspaceSnapshotBands({ workspace, isVisible }: WorkspacePartProps) {
  const { mirror } = useApp();
  const undo = useStore(mirror.restoreUndos, (state) => state.byId.get(workspace.id));
  const underWay = snapshotUnderWay(useOperations().items, workspace);
  return (
    <>
      <MoveBand workspace={workspace} />
      {undo !== undefined && <RestoreBand undo={undo} />}
      {underWay !== undefined && (
        <SnapshotProgressCard operation={underWay} workspace={workspace} isVisible={isVisible} />
      )}
    </>
  );
}

/** Shown on the workspace's page; the snapshots' own page has them all. */
const shownCount = 5;

export function WorkspaceSnapshots({ workspace }: WorkspacePartProps) {
  const { status, items, error, retry } = useSnapshots();
  const view = useViewActions();
  const subject = { kind: 'workspace', id: workspace.id } as const;
  const take = useCommand('snapshot.take', subject);
  const withNote = useCommand('snapshot.create', subject);
  const rules = useCommand('snapshot.rules', subject);
  const own = items.filter(({ workspaceId }) => workspaceId === workspace.id).sort(newestFirst);
  return (
    <Section
      title="Snapshots"
      actions={
        <>
          {rules.isShown && (
            <Button variant="quiet" icon={CalendarClock} onClick={rules.run} disabled={!rules.isEnabled}>
              Rules…
            </Button>
          )}
          {withNote.isShown && (
            <Button
              variant="quiet"
              onClick={withNote.run}
              disabled={!withNote.isEnabled}
              reason="Its host is away, or something is under way"
            >
              With a note…
            </Button>
          )}
          {take.isShown && (
            <Button
              icon={Camera}
              onClick={take.run}
              disabled={!take.isEnabled}
              reason="Its host is away, or something is under way"
            >
              Take snapshot
            </Button>
          )}
        </>
      }
    >
      {status === 'loading' && <LoadingRows label="Loading the snapshots" rows={2} />}
      {status === 'error' && error !== null && (
        <ErrorNote
          title="The snapshots could not be read"
          error={error}
          actions={<Button onClick={retry}>Read again</Button>}
        />
      )}
      {status === 'ready' && own.length === 0 && (
        <p className="text-muted">
          None yet. A snapshot keeps everything in {workspace.mountPoint} as it is, so that you can go back.
        </p>
      )}
      {own.length > 0 && (
        <Card className="px-4 pt-3 pb-2">
          <ol aria-label="Last snapshots" className="m-0 list-none p-0">
            {own.slice(0, shownCount).map((snapshot, index) => (
              <Entry
                key={snapshot.id}
                snapshot={snapshot}
                isLast={index === Math.min(own.length, shownCount) - 1}
              />
            ))}
          </ol>
        </Card>
      )}
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
        <NextLine workspace={workspace} />
        {own.length > 0 && (
          <Button
            variant="quiet"
            className="-mr-3"
            onClick={() => {
              snapshotFilter.set({ ...noFilter, workspaceId: workspace.id });
              view.open({ type: 'snapshots' });
            }}
          >
            {own.length > shownCount
              ? `All ${formatCount(own.length, 'snapshot', 'snapshots')}`
              : 'All snapshots'}
          </Button>
        )}
      </div>
    </Section>
  );
}

function Entry({ snapshot, isLast }: { snapshot: Snapshot; isLast: boolean }) {
  const view = useViewActions();
  const restore = useCommand('snapshot.restore', { kind: 'snapshot', id: snapshot.id });
  const words = consistencyWords(snapshot);
  return (
    <li className="grid grid-cols-[14px_1fr_auto] gap-x-3">
      <span aria-hidden className="flex flex-col items-center">
        <span
          className={`mt-[7px] size-2 shrink-0 rounded-full ${snapshot.problem === null ? 'bg-accent' : 'bg-failed-fill'}`}
        />
        {!isLast && <span className="w-px flex-1 bg-line" />}
      </span>
      <div className="min-w-0 pb-2.5">
        <button
          type="button"
          onClick={() => view.open({ type: 'snapshot', snapshotId: snapshot.id })}
          className="max-w-full rounded-sm text-left wrap-anywhere hover:text-accent hover:underline"
          dir="auto"
        >
          {snapshot.name ?? dayAndTime(snapshot.createdAt)}
        </button>
        <span className="tabular flex flex-wrap items-center gap-x-2.5 gap-y-0.5 text-meta text-muted">
          <RelativeTime at={snapshot.createdAt} />
          <span>{formatBytes(snapshot.sizeBytes)}</span>
          <span title={words.sentence}>
            {words.word}
            {words.detail !== null && `${snapshot.consistency === 'live' ? ',' : ''} ${words.detail}`}
          </span>
          {snapshot.reason !== 'person' && <span>{reasonWords[snapshot.reason]}</span>}
          {snapshot.problem !== null && <Badge signal="failed">damaged</Badge>}
          {snapshot.problem === null && snapshot.verifiedAt !== null && (
            <Badge signal="running">verified</Badge>
          )}
          {snapshot.isPinned && <Badge>pinned</Badge>}
        </span>
        {snapshot.note !== '' && (
          <span className="mt-0.5 line-clamp-2 text-muted wrap-anywhere" dir="auto">
            {snapshot.note}
          </span>
        )}
      </div>
      {restore.isShown && (
        <Button
          variant="quiet"
          className="-mr-3"
          onClick={restore.run}
          disabled={!restore.isEnabled}
          reason="Its host is away, or the workspace is gone"
          aria-label={`Restore ${snapshot.name ?? dayAndTime(snapshot.createdAt)}`}
        >
          Restore…
        </Button>
      )}
    </li>
  );
}

function NextLine({ workspace }: { workspace: Workspace }) {
  const { status, byId } = useSnapshotRules();
  const rules = byId.get(workspace.id);
  if (status !== 'ready') return <span />;
  if (rules === undefined || rules.schedule === null)
    return <p className="text-meta text-muted">None is taken by itself. The rules say when, if you like.</p>;
  return (
    <div className="min-w-0 text-meta text-muted">
      <p className="wrap-anywhere">
        Taken {scheduleWords(rules.schedule)}
        {rules.nextAt !== null && (
          <>
            , next <RelativeTime at={rules.nextAt} />
          </>
        )}
        ; {keepWords(rules.keep)}.
      </p>
      {rules.problem !== null && (
        <p className="text-failed wrap-anywhere">
          The last one that was due was not taken: {rules.problem.message}
        </p>
      )}
    </div>
  );
}
