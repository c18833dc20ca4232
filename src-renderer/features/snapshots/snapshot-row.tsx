/** One snapshot in the timeline: when, of what, how large and how sound; its menu; and, if it is damaged, what to do. */
import { CircleAlert, Ellipsis } from 'lucide-react';
import type { Snapshot } from '#contract/snapshots.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { formatBytes, formatExact } from '../../components/format.ts';
import { Menu } from '../../components/menu.tsx';
import { Badge } from '../../components/state-mark.tsx';
import {
  useApp,
  useAppState,
  useCommand,
  useHost,
  useKeymap,
  useRepositories,
  useViewActions,
} from '../../state/app-context.tsx';
import { subjectEntries } from '../../state/subject-menu.ts';
import { ConsistencyMark, PinnedMark, VerifiedMark } from './snapshot-facts.tsx';
import { damagedAdvice, reasonWords, snapshotInWords, timeOfDay } from './snapshot-words.ts';

/**
 * The columns, the same in every row. By the width of the list, not of the window: panes split.
 * Time, what, size, consistency, verified.
 */
const columns =
  'grid grid-cols-[44px_minmax(0,1fr)_auto] items-center gap-x-4 @2xl:grid-cols-[44px_minmax(0,1fr)_88px_120px] @4xl:grid-cols-[44px_minmax(0,1fr)_96px_136px_152px]';

export function SnapshotRow({ snapshot }: { snapshot: Snapshot }) {
  const view = useViewActions();
  return (
    <div>
      <div className="flex items-center gap-1 pr-1.5 hover:bg-hover">
        <button
          type="button"
          data-snapshot={snapshot.id}
          onClick={() => view.open({ type: 'snapshot', snapshotId: snapshot.id })}
          className={`${columns} focus-inset min-w-0 flex-1 rounded-sm py-2 pl-3 text-left`}
        >
          <time
            dateTime={snapshot.createdAt}
            title={formatExact(new Date(snapshot.createdAt))}
            className="tabular self-start text-muted"
          >
            {timeOfDay(snapshot.createdAt)}
          </time>
          <What snapshot={snapshot} />
          <span className="tabular flex flex-col items-end text-right text-meta whitespace-nowrap">
            <span className="text-text" title="Content of its files">
              {formatBytes(snapshot.contentBytes)}
            </span>
            <span className="text-muted" title="On the disk, compressed">
              {formatBytes(snapshot.sizeBytes)} stored
            </span>
          </span>
          <ConsistencyMark snapshot={snapshot} className="text-meta @max-2xl:hidden" />
          <span className="flex min-w-0 @max-4xl:hidden">
            <VerifiedMark snapshot={snapshot} className="text-meta" />
          </span>
        </button>
        <RowMenu snapshot={snapshot} />
      </div>
      {snapshot.problem !== null && <Damage snapshot={snapshot} message={snapshot.problem.message} />}
    </div>
  );
}

function What({ snapshot }: { snapshot: Snapshot }) {
  const host = useHost(snapshot.hostId);
  const repositories = useRepositories();
  const repository = snapshot.repositoryId === null ? null : repositories.byId.get(snapshot.repositoryId);
  const place = `on ${host?.name ?? 'a removed host'}${snapshot.isHostAway ? ', away' : ''}`;
  return (
    <span className="flex min-w-0 flex-col gap-0.5">
      <span className="flex min-w-0 items-center gap-x-2">
        <bdi className="max-w-[60%] shrink-0 truncate font-medium">{snapshot.workspaceName}</bdi>
        {snapshot.name !== null && <bdi className="min-w-0 truncate">{snapshot.name}</bdi>}
        {snapshot.isPinned && <PinnedMark />}
        {snapshot.problem !== null && <Badge signal="failed">damaged</Badge>}
      </span>
      <span className="truncate text-meta text-muted">
        <bdi>{place}</bdi> · {reasonWords[snapshot.reason]}
        {repository && (
          <>
            {' '}
            · in <bdi>{repository.name}</bdi>
          </>
        )}
        {snapshot.note !== '' && (
          <>
            {' '}
            · <bdi title={snapshot.note}>{snapshot.note}</bdi>
          </>
        )}
      </span>
      {/* What has no column of its own where it is narrow. */}
      <span className="flex flex-wrap gap-x-3 text-meta text-muted @4xl:hidden">
        <ConsistencyMark snapshot={snapshot} className="@2xl:hidden" />
        <VerifiedMark snapshot={snapshot} className="text-meta" />
      </span>
    </span>
  );
}

function RowMenu({ snapshot }: { snapshot: Snapshot }) {
  return (
    <Menu
      align="end"
      trigger={<IconButton label={`Acts on ${snapshotInWords(snapshot)}`} icon={Ellipsis} />}
      entries={useSnapshotEntries(snapshot.id)}
    />
  );
}

/** The rows of its menu, judged anew when anything changes that they look at. */
export function useSnapshotEntries(id: Snapshot['id'] | null) {
  const app = useApp();
  const keymap = useKeymap();
  useAppState();
  return id === null ? [] : subjectEntries(app, keymap, { kind: 'snapshot', id });
}

function Damage({ snapshot, message }: { snapshot: Snapshot; message: string }) {
  const subject = { kind: 'snapshot', id: snapshot.id } as const;
  const verify = useCommand('snapshot.verify', subject);
  const destroy = useCommand('snapshot.destroy', subject);
  return (
    <div className="mx-3 mb-2 flex flex-wrap items-center gap-2 rounded-md bg-failed-soft px-3 py-2 @2xl:ml-[72px]">
      <CircleAlert aria-hidden size={15} className="shrink-0 text-failed" />
      <p className="min-w-0 flex-1 basis-72 wrap-anywhere @max-2xl:basis-[80%]">
        {message} <span className="text-muted">{damagedAdvice}</span>
      </p>
      <span className="flex gap-2">
        {verify.isEnabled && <Button onClick={verify.run}>Verify again</Button>}
        {destroy.isEnabled && <Button onClick={destroy.run}>Delete…</Button>}
      </span>
    </div>
  );
}
