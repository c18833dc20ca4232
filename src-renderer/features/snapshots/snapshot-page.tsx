/** One snapshot: its facts and verbs, the tree of its files, the chosen entry, and the search for files over snapshots. */
import { ArchiveRestore, Copy, Download, Ellipsis, FolderTree, Search, ShieldCheck } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import type { Snapshot, SnapshotEntry } from '#contract/snapshots.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Menu, type MenuEntry } from '../../components/menu.tsx';
import { Page } from '../../components/page.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import {
  useApp,
  useAppState,
  useClient,
  useCommand,
  useHost,
  useKeymap,
  useSnapshot,
  useSnapshots,
  useViewActions,
  useWorkspace,
} from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { subjectEntries } from '../../state/subject-menu.ts';
import { EntryDetails } from './entry-details.tsx';
import { entryPlace } from './entry-place.ts';
import { type EntryRow, entryRows, toggleChecked } from './entry-rows.ts';
import { createEntryStore, type EntryStore } from './entry-store.ts';
import { EntryTree } from './entry-tree.tsx';
import { canSave, outermost } from './entry-words.ts';
import { SearchField, SnapshotSearch, type SearchScope } from './snapshot-search.tsx';
import { ConsistencyMark, PinnedMark, SnapshotFacts, VerifiedMark } from './snapshot-facts.tsx';
import { damagedAdvice, snapshotLabel } from './snapshot-words.ts';
import { useEntryActs } from './use-entry-acts.ts';

export default function SnapshotPage({ view }: ViewProps<'snapshot'>) {
  const snapshot = useSnapshot(view.snapshotId);
  const { status, error, retry } = useSnapshots();
  if (snapshot !== undefined) return <Loaded key={snapshot.id} snapshot={snapshot} />;
  return (
    <div className="h-full overflow-y-auto">
      <Page title="Snapshot">
        {status === 'error' && error !== null ? (
          <ErrorNote
            title="The snapshot could not be read"
            error={error}
            actions={<Button onClick={retry}>Read again</Button>}
          />
        ) : (
          <LoadingRows label="Loading the snapshot" />
        )}
      </Page>
    </div>
  );
}

/** Its folders, read as they are looked at, for as long as the page is there. */
function useEntries(id: Snapshot['id']): EntryStore | null {
  const client = useClient();
  const [entries, setEntries] = useState<EntryStore | null>(null);
  useEffect(() => {
    const own = createEntryStore((path, offset, limit) =>
      client.call('snapshots.browse', { id, path, offset, limit }),
    );
    setEntries(own);
    return () => own.close();
  }, [client, id]);
  return entries;
}

function Loaded({ snapshot }: { snapshot: Snapshot }) {
  const entries = useEntries(snapshot.id);
  const [text, setText] = useState('');
  const [scope, setScope] = useState<SearchScope>('workspace');
  const isSearching = text.trim() !== '';
  return (
    <div className="@container flex h-full min-h-0 flex-col">
      <Header snapshot={snapshot} />
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-6 pb-3 max-sm:px-4">
        <SearchField text={text} onText={setText} scope={scope} onScope={setScope} hasScope={isSearching} />
      </div>
      {isSearching ? (
        <div className="min-h-0 flex-1 overflow-y-auto px-6 py-4 max-sm:px-4">
          <SnapshotSearch text={text} workspaceId={scope === 'workspace' ? snapshot.workspaceId : null} />
        </div>
      ) : (
        entries !== null && <Files snapshot={snapshot} entries={entries} onSearch={setText} />
      )}
    </div>
  );
}

function Header({ snapshot }: { snapshot: Snapshot }) {
  const view = useViewActions();
  const host = useHost(snapshot.hostId);
  const workspace = useWorkspace(snapshot.workspaceId);
  const linkClass = 'min-w-0 rounded-sm text-accent wrap-anywhere hover:underline';
  return (
    <header className="flex flex-col gap-3 px-6 pt-5 pb-4 max-sm:px-4">
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 max-w-full flex-1 basis-72">
          <h1
            className="flex flex-wrap items-center gap-x-2 text-title font-semibold wrap-anywhere"
            dir="auto"
          >
            {snapshotLabel(snapshot)}
            {snapshot.isPinned && <PinnedMark />}
          </h1>
          <div className="mt-1 flex flex-wrap items-center gap-x-4 gap-y-1 text-muted">
            <span className="min-w-0">
              of{' '}
              {workspace === undefined ? (
                <bdi className="wrap-anywhere">{snapshot.workspaceName}, which was destroyed</bdi>
              ) : (
                <button
                  type="button"
                  dir="auto"
                  className={linkClass}
                  onClick={() => view.open({ type: 'workspace', workspaceId: workspace.id })}
                >
                  {workspace.name}
                </button>
              )}{' '}
              on{' '}
              {host === undefined ? (
                'a removed host'
              ) : (
                <button
                  type="button"
                  dir="auto"
                  className={linkClass}
                  onClick={() => view.open({ type: 'host', hostId: host.id })}
                >
                  {host.name}
                </button>
              )}
            </span>
            <span className="tabular" title="Content of its files; in brackets what it takes on the disk">
              {formatBytes(snapshot.contentBytes)} ({formatBytes(snapshot.sizeBytes)} stored)
            </span>
            <ConsistencyMark snapshot={snapshot} />
            <VerifiedMark snapshot={snapshot} />
            <span className="font-code text-[0.96em] wrap-anywhere">{snapshot.image}</span>
          </div>
        </div>
        <Verbs snapshot={snapshot} />
      </div>
      {snapshot.problem !== null && (
        <ErrorNote title="This snapshot is damaged" error={snapshot.problem}>
          <p>{damagedAdvice}</p>
        </ErrorNote>
      )}
      {snapshot.isHostAway && (
        <StateMark
          signal="stopped"
          word={`${host?.name ?? 'Its host'} is away. What is shown is the last that was known; saving, verifying and restoring wait for it.`}
        />
      )}
    </header>
  );
}

function Verbs({ snapshot }: { snapshot: Snapshot }) {
  const app = useApp();
  const keymap = useKeymap();
  // The menu's rows are judged anew when anything changes that they look at.
  useAppState();
  const subject = { kind: 'snapshot', id: snapshot.id } as const;
  const restore = useCommand('snapshot.restore', subject);
  const verify = useCommand('snapshot.verify', subject);
  const fork = useCommand('snapshot.fork', subject);
  const exporting = useCommand('snapshot.export', subject);
  const away = 'Its host is away';
  return (
    <div className="flex flex-wrap items-center gap-2">
      {restore.isShown && (
        <Button
          variant={snapshot.problem === null ? 'primary' : 'secondary'}
          icon={ArchiveRestore}
          onClick={restore.run}
          disabled={!restore.isEnabled}
          reason={snapshot.isHostAway ? away : 'Its workspace was destroyed; make a new one from it'}
        >
          Restore…
        </Button>
      )}
      {verify.isShown && (
        <Button icon={ShieldCheck} onClick={verify.run} disabled={!verify.isEnabled} reason={away}>
          Verify
        </Button>
      )}
      {fork.isShown && (
        <Button onClick={fork.run} disabled={!fork.isEnabled} reason={away}>
          New workspace…
        </Button>
      )}
      {exporting.isShown && (
        <Button
          onClick={exporting.run}
          disabled={!exporting.isEnabled}
          reason={away}
          className="@max-2xl:hidden"
        >
          Export…
        </Button>
      )}
      <Menu
        align="end"
        trigger={<IconButton label="More acts" icon={Ellipsis} />}
        entries={subjectEntries(app, keymap, subject)}
      />
    </div>
  );
}

function Files(props: { snapshot: Snapshot; entries: EntryStore; onSearch: (text: string) => void }) {
  const { snapshot, entries, onSearch } = props;
  const state = useStore(entries.store);
  const [checked, setChecked] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState<EntryRow | null>(null);
  const rows = useMemo(() => entryRows(state, checked), [state, checked]);
  useWanted(snapshot, entries, setCurrent);
  const acts = useEntryActs(snapshot);

  const marked = useMemo(
    () => rows.flatMap((row) => (row.kind === 'entry' && checked.has(row.entry.path) ? [row.entry] : [])),
    [rows, checked],
  );
  const front = current?.kind === 'entry' ? [current.entry] : [];
  const chosen = marked.length > 0 ? outermost(marked) : front;
  const root = state.folders.get('.');

  const menuFor = (entry: SnapshotEntry): MenuEntry[] => {
    const own = checked.has(entry.path) ? chosen : [entry];
    return [
      {
        ...{ kind: 'item', id: 'save', label: 'Save a copy…', icon: Download },
        isDisabled: !own.some(canSave),
        run: () => acts.save(own),
      },
      {
        ...{ kind: 'item', id: 'put-back', label: 'Put back…', icon: ArchiveRestore },
        isDisabled: acts.putBackReason !== null,
        run: () => acts.putBack(own),
      },
      { kind: 'line', id: 'line' },
      {
        ...{ kind: 'item', id: 'copy', label: 'Copy path', icon: Copy },
        run: () => acts.copyPath(entry),
      },
      {
        ...{ kind: 'item', id: 'search', label: 'Find in other snapshots', icon: Search },
        run: () => onSearch(entry.path),
      },
    ];
  };

  if (root !== undefined && root.total === null && root.error !== null)
    return (
      <div className="px-6 py-4">
        <ErrorNote
          title="Its files could not be read"
          error={root.error}
          actions={<Button onClick={() => entries.retry('.')}>Read again</Button>}
        />
      </div>
    );
  if (root === undefined || root.total === null)
    return (
      <div className="px-6 py-4">
        <LoadingRows label="Reading its files" rows={6} />
      </div>
    );
  if (root.total === 0)
    return (
      <EmptyState icon={FolderTree} title="It holds no files">
        {snapshot.mountPoint} was empty when it was made.
      </EmptyState>
    );
  return (
    <div className="grid min-h-0 flex-1 grid-rows-[minmax(0,1fr)_minmax(0,42%)] @2xl:grid-cols-[minmax(0,1fr)_300px] @4xl:grid-cols-[minmax(0,1fr)_340px] @2xl:grid-rows-[minmax(0,1fr)]">
      <EntryTree
        label={`Files of ${snapshotLabel(snapshot)}`}
        entries={entries}
        rows={rows}
        checked={checked}
        currentKey={current?.key ?? null}
        onCurrent={setCurrent}
        onCheck={(path) => setChecked((before) => toggleChecked(before, path))}
        onOpen={(entry) => acts.save([entry])}
        menuFor={menuFor}
      />
      <aside
        aria-label={chosen.length === 0 ? 'About the snapshot' : 'Chosen entries'}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        className="focus-inset overflow-y-auto border-t border-line bg-app px-5 py-4 @2xl:border-t-0 @2xl:border-l"
      >
        {chosen.length === 0 ? (
          <SnapshotFacts snapshot={snapshot} />
        ) : (
          <EntryDetails
            chosen={chosen}
            acts={{
              save: () => acts.save(chosen),
              putBack: () => acts.putBack(chosen),
              putBackReason: acts.putBackReason,
              search: (entry) => onSearch(entry.path),
              clear: () => setChecked(new Set()),
            }}
          />
        )}
      </aside>
    </div>
  );
}

/** Shows the entry that another page asked for. */
function useWanted(snapshot: Snapshot, entries: EntryStore, setCurrent: (row: EntryRow) => void): void {
  const wanted = useStore(entryPlace.store, (state) => state.wanted);
  const path = wanted?.id === snapshot.id ? wanted.path : null;
  const { notices } = useApp();
  useEffect(() => {
    if (path === null) return;
    let isOver = false;
    const show = async () => {
      const isThere = await entries.reveal(path).catch(() => false);
      if (isOver) return;
      entryPlace.taken();
      const row = entryRows(entries.store.getState(), new Set()).find(({ key }) => key === path);
      if (isThere && row) setCurrent(row);
      else notices.show({ level: 'warning', title: 'It could not be shown', body: path });
    };
    void show();
    return () => {
      isOver = true;
    };
  }, [path, entries, setCurrent, notices]);
}
