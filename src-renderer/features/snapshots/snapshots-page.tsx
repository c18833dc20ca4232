/** All snapshots as a timeline by day, what they use on each host, and the search for a file over all of them. */
import { Camera, History, Upload } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useStore } from 'zustand';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatCount } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Menu } from '../../components/menu.tsx';
import { Page } from '../../components/page.tsx';
import { Select } from '../../components/select.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { TextField } from '../../components/text-field.tsx';
import {
  useAppState,
  useCommand,
  useHosts,
  useMay,
  useSnapshots,
  useViewActions,
  useWorkspaces,
} from '../../state/app-context.tsx';
import { RestoreBands } from './restore-band.tsx';
import { openCreate } from './snapshot-dialogs.ts';
import { snapshotFilter } from './snapshot-filter.ts';
import { SnapshotHosts } from './snapshot-hosts.tsx';
import { isFiltering, listedSnapshots, timelineRows, workspacesOf } from './snapshot-list.ts';
import { SearchField, SnapshotSearch } from './snapshot-search.tsx';
import { SnapshotTimeline } from './snapshot-timeline.tsx';

type Part = 'timeline' | 'files';

export default function SnapshotsPage() {
  const snapshots = useSnapshots();
  // State, not a ref: what is within measures itself against it, and would find a ref still empty.
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const [part, setPart] = useState<Part>('timeline');
  const [text, setText] = useState('');
  const hasSome = snapshots.items.length > 0;
  return (
    <div ref={setScroller} className="h-full overflow-y-auto">
      <Page
        title="Snapshots"
        width="wide"
        lead="The files of a workspace as they were at one moment. They lie on its host, or in a repository."
        actions={<Acts isPrimary={hasSome} />}
      >
        <RestoreBands />
        <SnapshotHosts />
        {snapshots.status === 'loading' && <LoadingRows label="Loading the snapshots" rows={6} />}
        {snapshots.status === 'error' && snapshots.error !== null && (
          <ErrorNote
            title="The snapshots could not be read"
            error={snapshots.error}
            actions={<Button onClick={snapshots.retry}>Read again</Button>}
          />
        )}
        {snapshots.status === 'ready' && !hasSome && <Nothing />}
        {hasSome && (
          <Tabs
            label="Parts of the snapshots"
            value={part}
            onChange={setPart}
            items={[
              {
                value: 'timeline',
                label: 'Timeline',
                content: scroller && <Timeline scroller={scroller} />,
              },
              {
                value: 'files',
                label: 'Find a file',
                content: (
                  <div className="flex flex-col gap-4">
                    <div className="flex max-w-xl">
                      <SearchField text={text} onText={setText} />
                    </div>
                    {text.trim() === '' ? (
                      <p className="text-muted">
                        Says which snapshots still have a file, and since when it is unchanged.
                      </p>
                    ) : (
                      <SnapshotSearch text={text} workspaceId={null} />
                    )}
                  </div>
                ),
              },
            ]}
          />
        )}
      </Page>
    </div>
  );
}

/** Workspaces of which a snapshot can be made now. */
function useMakable() {
  const { hosts } = useAppState();
  return useWorkspaces().items.filter(
    ({ hostId, state, operationId }) =>
      operationId === null &&
      (state === 'running' || state === 'paused' || state === 'stopped') &&
      hosts.get(hostId)?.state.phase === 'ready',
  );
}

function Acts({ isPrimary }: { isPrimary: boolean }) {
  const importing = useCommand('snapshot.import', null);
  const view = useViewActions();
  return (
    <>
      <Button variant="quiet" onClick={() => view.open({ type: 'repositories' })}>
        Repositories
      </Button>
      {importing.isShown && (
        <Button
          icon={Upload}
          onClick={importing.run}
          disabled={!importing.isEnabled}
          reason="No host is connected"
        >
          Import…
        </Button>
      )}
      {isPrimary && <MakeButton />}
    </>
  );
}

/** One workspace: at once. Several: a menu of them. */
function MakeButton() {
  const mayMake = useMay('snapshots.write');
  const makable = useMakable();
  const hosts = useHosts();
  const view = useViewActions();
  const first = makable[0];
  const label = 'Take a snapshot…';
  if (!mayMake) return null;
  if (first === undefined)
    return (
      <Button icon={Camera} disabled reason="No workspace is on a connected host">
        {label}
      </Button>
    );
  if (makable.length === 1)
    return (
      <Button variant="primary" icon={Camera} onClick={() => openCreate(first.id)}>
        {label}
      </Button>
    );
  const shown = makable.slice(0, 20);
  return (
    <Menu
      align="end"
      trigger={
        <Button variant="primary" icon={Camera}>
          {label}
        </Button>
      }
      entries={[
        { kind: 'heading', id: 'of', label: 'Of which workspace' },
        ...shown.map((workspace) => ({
          kind: 'item' as const,
          id: workspace.id,
          label: `${workspace.name} on ${hosts.byId.get(workspace.hostId)?.name ?? 'a removed host'}`,
          run: () => openCreate(workspace.id),
        })),
        ...(makable.length > shown.length
          ? [
              {
                kind: 'item' as const,
                id: 'more',
                label: 'Another workspace…',
                run: () => view.open({ type: 'workspaces' }),
              },
            ]
          : []),
      ]}
    />
  );
}

function Nothing() {
  return (
    <EmptyState icon={History} title="No snapshots yet" actions={<MakeButton />}>
      A snapshot keeps all files of a workspace as they are at one moment. You can look into it, compare it,
      and go back to it.
    </EmptyState>
  );
}

function Timeline({ scroller }: { scroller: HTMLDivElement }) {
  const snapshots = useSnapshots();
  const hosts = useHosts();
  const workspaces = useWorkspaces();
  const filter = useStore(snapshotFilter.store);
  const listed = useMemo(
    () => listedSnapshots(snapshots.items, filter, hosts.byId),
    [snapshots.items, filter, hosts.byId],
  );
  const today = new Date().toDateString();
  // biome-ignore lint/correctness/useExhaustiveDependencies: days get other names at midnight
  const rows = useMemo(() => timelineRows(listed, new Date()), [listed, today]);
  const owners = useMemo(
    () => workspacesOf(snapshots.items, workspaces.byId),
    [snapshots.items, workspaces.byId],
  );
  const hostIds = [...new Set(snapshots.items.map(({ hostId }) => hostId))];
  const isKnown = workspaces.status === 'ready';
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-end gap-2">
        <TextField
          label="Find snapshots"
          isLabelHidden
          placeholder="Find by name, note, workspace or host"
          value={filter.text}
          onChange={(text) => snapshotFilter.set({ text })}
          className="min-w-0 flex-1 basis-48 sm:max-w-72"
        />
        <Select
          label="Workspace"
          isLabelHidden
          value={filter.workspaceId ?? 'all'}
          onChange={(id) => snapshotFilter.set({ workspaceId: id === 'all' ? null : id })}
          options={[
            { value: 'all', label: 'All workspaces' },
            ...owners.map(({ id, name, isGone }) => ({
              value: id,
              label: name,
              ...(isGone && isKnown ? { detail: 'Destroyed' } : {}),
            })),
          ]}
          className="w-44"
        />
        <Select
          label="Host"
          isLabelHidden
          value={filter.hostId ?? 'all'}
          onChange={(id) => snapshotFilter.set({ hostId: id === 'all' ? null : id })}
          options={[
            { value: 'all', label: 'All hosts' },
            ...hostIds.map((id) => ({
              value: id as string,
              label: hosts.byId.get(id)?.name ?? 'A removed host',
            })),
          ]}
          className="w-40"
        />
        {isFiltering(filter) && (
          <Button variant="quiet" onClick={snapshotFilter.clear}>
            Show all
          </Button>
        )}
        <span role="status" className="tabular flex h-control items-center text-meta text-muted">
          {isFiltering(filter)
            ? `${listed.length} of ${snapshots.items.length}`
            : formatCount(listed.length, 'snapshot', 'snapshots')}
        </span>
      </div>
      {listed.length === 0 ? (
        <p className="text-muted">No snapshot fits.</p>
      ) : (
        <SnapshotTimeline rows={rows} scroller={scroller} />
      )}
    </div>
  );
}
