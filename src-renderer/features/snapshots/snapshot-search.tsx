/** Which snapshot still has this file? Paths that hold the words, each with the snapshots that have it. */
import { Download, FileSearch } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { OutputOf } from '#contract/index.ts';
import type { SearchHit } from '#contract/snapshots.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes, formatCount } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient, useSnapshots, useViewActions } from '../../state/app-context.tsx';
import { toBerthError } from '../../state/to-berth-error.ts';
import { EntryName } from './entry-name.tsx';
import { entryPlace } from './entry-place.ts';
import { baseName, canSave, folderOf, kindWords } from './entry-words.ts';
import { type FoundRun, foundRuns } from './search-runs.ts';
import { snapshotLabel } from './snapshot-words.ts';
import { useEntryActs } from './use-entry-acts.ts';

export type SearchScope = 'workspace' | 'all';

/** Milliseconds without a key after which it is searched. */
const typingMs = 250;
/** Snapshots of one path that are shown before "more". */
const runsShown = 4;

export interface SearchFieldProps {
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly scope?: SearchScope;
  readonly onScope?: (scope: SearchScope) => void;
  readonly hasScope?: boolean;
}

export function SearchField({ text, onText, scope = 'all', onScope, hasScope = false }: SearchFieldProps) {
  return (
    <>
      <TextField
        label="Find a file in snapshots"
        isLabelHidden
        placeholder="Find a file in snapshots: words of its path, * and ?"
        value={text}
        onChange={onText}
        maxLength={200}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || text === '') return;
          event.stopPropagation();
          onText('');
        }}
        className="min-w-0 flex-1 basis-56"
      />
      {hasScope && onScope && (
        <Select
          label="Where to look"
          isLabelHidden
          value={scope}
          onChange={onScope}
          options={[
            { value: 'workspace', label: 'Of this workspace' },
            { value: 'all', label: 'Of all workspaces' },
          ]}
          className="w-44"
        />
      )}
    </>
  );
}

type Found = OutputOf<'snapshots.search'>;

function useSearch(text: string, workspaceId: WorkspaceId | null) {
  const client = useClient();
  const [found, setFound] = useState<Found | null>(null);
  const [error, setError] = useState<BerthError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const query = text.trim();
  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt asks again
  useEffect(() => {
    if (query === '') {
      setFound(null);
      return;
    }
    const stop = new AbortController();
    setBusy(true);
    const timer = setTimeout(() => {
      client.call('snapshots.search', { query, workspaceId }, { signal: stop.signal }).then(
        (answer) => {
          setFound(answer);
          setError(null);
          setBusy(false);
        },
        (cause: unknown) => {
          if (stop.signal.aborted) return;
          setError(toBerthError(cause));
          setBusy(false);
        },
      );
    }, typingMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [client, query, workspaceId, attempt]);
  return { found, error, isBusy, retry: () => setAttempt((before) => before + 1) };
}

export function SnapshotSearch({ text, workspaceId }: { text: string; workspaceId: WorkspaceId | null }) {
  const { found, error, isBusy, retry } = useSearch(text, workspaceId);
  if (error !== null)
    return (
      <ErrorNote
        title="The snapshots could not be searched"
        error={error}
        actions={<Button onClick={retry}>Search again</Button>}
      />
    );
  if (found === null) return <LoadingRows label="Searching the snapshots" rows={4} />;
  return (
    <div className="flex flex-col gap-3" aria-busy={isBusy || undefined}>
      <p role="status" className="text-meta text-muted">
        {resultText(found)}
      </p>
      {found.hits.length === 0 ? (
        <EmptyState icon={FileSearch} title="No snapshot has it">
          All words must be in its path. * stands for any letters, ? for one.
        </EmptyState>
      ) : (
        <ul aria-label="Found files" className="m-0 flex list-none flex-col gap-3 p-0">
          {found.hits.map((hit) => (
            <li key={hit.path}>
              <Hit hit={hit} isOfAll={workspaceId === null} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function resultText({ hits, isTruncated, notSearched }: Found): string {
  const count = formatCount(hits.length, 'path', 'paths');
  const first = isTruncated ? `The first ${count}; more words find fewer.` : `${count}.`;
  const away =
    notSearched === 0
      ? ''
      : ` ${formatCount(notSearched, 'snapshot', 'snapshots')} could not be searched: the host is away.`;
  return first + away;
}

function Hit({ hit, isOfAll }: { hit: SearchHit; isOfAll: boolean }) {
  const { byId } = useSnapshots();
  const groups = foundRuns(hit, byId);
  const folder = folderOf(hit.path);
  const kind = groups[0]?.runs[0]?.entry.kind;
  if (kind === undefined) return null;
  return (
    <Card>
      <h3 className="flex min-w-0 flex-wrap items-baseline gap-x-2 border-b border-line px-3 py-2">
        <span className="min-w-0 wrap-anywhere">
          {folder !== '.' && <EntryName name={`${folder}/`} className="whitespace-pre-wrap text-muted" />}
          <EntryName name={baseName(hit.path)} className="font-semibold whitespace-pre-wrap" />
        </span>
        {kind !== 'file' && <span className="text-meta text-muted">{kindWords[kind]}</span>}
      </h3>
      {groups.map((group) => (
        <div key={group.workspaceId}>
          {isOfAll && (
            <p className="px-3 pt-2 text-meta font-medium text-muted" dir="auto">
              {group.workspaceName}
            </p>
          )}
          <Runs runs={group.runs} path={hit.path} />
        </div>
      ))}
    </Card>
  );
}

function Runs({ runs, path }: { runs: readonly FoundRun[]; path: string }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? runs : runs.slice(0, runsShown);
  return (
    <>
      <ul className="m-0 list-none divide-y divide-line p-0">
        {shown.map((run) => (
          <li key={run.snapshot.id}>
            <Run run={run} path={path} />
          </li>
        ))}
      </ul>
      {runs.length > shown.length && (
        <Button variant="quiet" onClick={() => setWhole(true)} className="m-1">
          Show {formatCount(runs.length - shown.length, 'older version', 'older versions')}
        </Button>
      )}
    </>
  );
}

function Run({ run, path }: { run: FoundRun; path: string }) {
  const view = useViewActions();
  const { snapshot, entry, since, count } = run;
  const acts = useEntryActs(snapshot);
  const label = snapshotLabel(snapshot);
  return (
    <div className="flex items-center gap-2 px-3 py-1.5">
      <button
        type="button"
        onClick={() => {
          entryPlace.want(snapshot.id, path);
          view.open({ type: 'snapshot', snapshotId: snapshot.id });
        }}
        className="flex min-w-0 flex-1 flex-wrap items-baseline gap-x-3 rounded-sm text-left hover:text-accent"
      >
        <span className="truncate" dir="auto">
          {label}
        </span>
        <span className="text-meta text-muted">
          <RelativeTime at={snapshot.createdAt} />
          {count > 1 && (
            <>
              {' '}
              · unchanged since {snapshotLabel(since)} ({formatCount(count, 'snapshot', 'snapshots')})
            </>
          )}
        </span>
      </button>
      {entry.kind === 'file' && (
        <span className="tabular shrink-0 text-meta text-muted">{formatBytes(entry.sizeBytes)}</span>
      )}
      <IconButton
        label={`Save a copy from ${label}`}
        icon={Download}
        size="small"
        disabled={!canSave(entry) || snapshot.isHostAway}
        onClick={() => acts.save([entry])}
      />
    </div>
  );
}
