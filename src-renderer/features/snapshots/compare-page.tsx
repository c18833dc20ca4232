/** What differs between two snapshots, or between one and the files that the workspace has now. */
import {
  ArrowRight,
  ArrowRightLeft,
  Equal,
  FileMinus2,
  FilePen,
  FilePlus2,
  Folder,
  type LucideIcon,
} from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { SnapshotId } from '#contract/ids.ts';
import type { EntryChange, Snapshot, SnapshotComparison } from '#contract/snapshots.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes, formatCount } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Page } from '../../components/page.tsx';
import { RowTree } from '../../components/row-tree.tsx';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import {
  useClient,
  useSnapshot,
  useSnapshots,
  useViewActions,
  useWorkspace,
} from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import { ChangeDetails } from './change-details.tsx';
import {
  type ChangeFilter,
  changedBytes,
  type ChangeRow,
  changeRows,
  filteredChanges,
  growthOf,
  isIdentical,
  whatWords,
} from './comparison-rows.ts';
import { EntryName } from './entry-name.tsx';
import { newestFirst } from './snapshot-list.ts';
import { dayAndTime, snapshotLabel } from './snapshot-words.ts';

/** Changes that are asked for: what the contract allows. */
const changesAsked = 5000;
/** Snapshots in one list: more nobody reads, and the timeline finds the rest. */
const optionsShown = 200;
const now = 'now';

export default function ComparePage({ view, tabId }: ViewProps<'snapshot-compare'>) {
  const before = useSnapshot(view.snapshotId);
  const after = useSnapshot(view.otherId);
  const { status } = useSnapshots();
  if (before === undefined)
    return (
      <Page title="Comparison">
        {status === 'loading' ? (
          <LoadingRows label="Loading the snapshots" />
        ) : (
          <p className="text-muted">This snapshot was deleted.</p>
        )}
      </Page>
    );
  const isGone = view.otherId !== null && after === undefined;
  return (
    <div className="@container flex h-full min-h-0 flex-col">
      <Header before={before} otherId={view.otherId} tabId={tabId} />
      {isGone ? (
        <p className="px-6 py-4 text-muted">The other snapshot was deleted. Choose another one above.</p>
      ) : (
        <Compared key={`${before.id} ${view.otherId}`} before={before} after={after ?? null} />
      )}
    </div>
  );
}

function Header({ before, otherId, tabId }: { before: Snapshot; otherId: SnapshotId | null; tabId: string }) {
  const view = useViewActions();
  const { items } = useSnapshots();
  const workspace = useWorkspace(before.workspaceId);
  const siblings = useMemo(
    () => items.filter(({ workspaceId }) => workspaceId === before.workspaceId).sort(newestFirst),
    [items, before.workspaceId],
  );
  const show = (snapshotId: SnapshotId, other: SnapshotId | null) =>
    view.replace(tabId, { type: 'snapshot-compare', snapshotId, otherId: other });
  const option = (snapshot: Snapshot) => ({
    value: snapshot.id as string,
    label: snapshotLabel(snapshot),
    ...(snapshot.name === null ? {} : { detail: dayAndTime(snapshot.createdAt) }),
  });
  const optionsWith = (id: SnapshotId | null, not: SnapshotId | null) =>
    siblings.filter((one, index) => (index < optionsShown || one.id === id) && one.id !== not).map(option);
  const idOf = (value: string) => siblings.find(({ id }) => id === value)?.id ?? null;
  return (
    <header className="flex flex-col gap-3 border-b border-line px-6 pt-5 pb-4 max-sm:px-4">
      <h1 className="text-title font-semibold wrap-anywhere" dir="auto">
        Compare {before.workspaceName}
      </h1>
      <div className="flex flex-wrap items-end gap-2">
        <Select
          label="Before"
          value={before.id as string}
          options={optionsWith(before.id, otherId)}
          onChange={(value) => {
            const id = idOf(value);
            if (id) show(id, otherId);
          }}
          className="w-60 max-sm:w-full"
        />
        {otherId === null ? (
          <ArrowRight aria-hidden size={16} className="mb-1.5 shrink-0 text-muted max-sm:hidden" />
        ) : (
          <IconButton
            label="Exchange the two"
            icon={ArrowRightLeft}
            onClick={() => show(otherId, before.id)}
          />
        )}
        <Select
          label="After"
          value={otherId ?? now}
          options={[
            {
              value: now,
              label: 'The files now',
              isDisabled: workspace === undefined,
              ...(workspace === undefined ? { detail: 'The workspace was destroyed' } : {}),
            },
            ...optionsWith(otherId, before.id),
          ]}
          onChange={(value) => show(before.id, value === now ? null : idOf(value))}
          className="w-60 max-sm:w-full"
        />
      </div>
    </header>
  );
}

type Outcome =
  | { readonly phase: 'reading' }
  | { readonly phase: 'failed'; readonly error: BerthError }
  | { readonly phase: 'done'; readonly comparison: SnapshotComparison };

function useComparison(id: SnapshotId, otherId: SnapshotId | null) {
  const client = useClient();
  const [outcome, setOutcome] = useState<Outcome>({ phase: 'reading' });
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt asks again
  useEffect(() => {
    const stop = new AbortController();
    setOutcome({ phase: 'reading' });
    client.call('snapshots.compare', { id, otherId, limit: changesAsked }, { signal: stop.signal }).then(
      (comparison) => setOutcome({ phase: 'done', comparison }),
      (cause: unknown) => {
        if (!stop.signal.aborted) setOutcome({ phase: 'failed', error: toBerthError(cause) });
      },
    );
    return () => stop.abort();
  }, [client, id, otherId, attempt]);
  return { outcome, again: () => setAttempt((before) => before + 1) };
}

function Compared({ before, after }: { before: Snapshot; after: Snapshot | null }) {
  const { outcome, again } = useComparison(before.id, after?.id ?? null);
  switch (outcome.phase) {
    case 'reading':
      return (
        <div className="flex flex-col gap-3 px-6 py-4">
          <LoadingRows label="Comparing" rows={6} />
          <p className="text-meta text-muted">
            {after === null ? 'Reading the files that the workspace has now.' : 'Reading what both hold.'}
          </p>
        </div>
      );
    case 'failed':
      return (
        <div className="overflow-y-auto px-6 py-4">
          <ErrorNote
            title="They could not be compared"
            error={outcome.error}
            actions={<Button onClick={again}>Compare again</Button>}
          />
        </div>
      );
    case 'done':
      return isIdentical(outcome.comparison) ? (
        <EmptyState
          icon={Equal}
          title="They are identical"
          actions={after === null && <Button onClick={again}>Compare again</Button>}
        >
          {outcome.comparison.isByContent
            ? 'Every file has the same content, time, owner and permissions in both.'
            : 'Every file has the same kind, size, time, owner and permissions. Their content was not read.'}
        </EmptyState>
      ) : (
        <Changes comparison={outcome.comparison} before={before} after={after} onAgain={again} />
      );
    default:
      return outcome satisfies never;
  }
}

function Summary({ comparison }: { comparison: SnapshotComparison }) {
  const { added, removed, changed, addedBytes, removedBytes } = comparison;
  const growth = changedBytes(comparison);
  const parts = [
    {
      ...marks.added,
      count: added,
      text: `${formatCount(added, 'added', 'added')}, ${formatBytes(addedBytes)}`,
    },
    {
      ...marks.removed,
      count: removed,
      text: `${formatCount(removed, 'removed', 'removed')}, ${formatBytes(removedBytes)}`,
    },
    {
      ...marks.changed,
      count: changed,
      text: `${formatCount(changed, 'changed', 'changed')}${growth === null || changed === 0 ? '' : `, ${signed(growth)}`}`,
    },
  ];
  return (
    <p className="tabular flex flex-wrap gap-x-4 gap-y-1">
      {parts
        .filter(({ count }) => count > 0)
        .map(({ icon: Icon, colour, text }) => (
          <span key={text} className="inline-flex items-center gap-1.5 whitespace-nowrap">
            <Icon aria-hidden size={15} strokeWidth={1.75} className={colour} />
            {text}
          </span>
        ))}
    </p>
  );
}

const marks: Readonly<Record<EntryChange['change'], { icon: LucideIcon; colour: string }>> = {
  added: { icon: FilePlus2, colour: 'text-running' },
  removed: { icon: FileMinus2, colour: 'text-failed' },
  changed: { icon: FilePen, colour: 'text-attention' },
};

function signed(bytes: number): string {
  return bytes < 0 ? `−${formatBytes(-bytes)}` : `+${formatBytes(bytes)}`;
}

interface ChangesProps {
  readonly comparison: SnapshotComparison;
  readonly before: Snapshot;
  readonly after: Snapshot | null;
  readonly onAgain: () => void;
}

function Changes({ comparison, before, after, onAgain }: ChangesProps) {
  const [filter, setFilter] = useState<ChangeFilter>('all');
  const [text, setText] = useState('');
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [currentKey, setCurrentKey] = useState<string | null>(null);
  const { changes, isTruncated, isByContent } = comparison;
  const listed = useMemo(() => filteredChanges(changes, filter, text), [changes, filter, text]);
  const rows = useMemo(() => changeRows(listed, folded), [listed, folded]);
  const current = rows.find(({ key }) => key === currentKey)?.change ?? null;
  return (
    <>
      <div className="flex flex-col gap-2 border-b border-line px-6 py-3 max-sm:px-4">
        <Summary comparison={comparison} />
        {!isByContent && (
          <p className="text-meta text-muted">
            Compared by kind, size, time, permissions and owner only: a running workspace is not read through.
            A file whose content changed without any of these is not found.
          </p>
        )}
        {isTruncated && (
          <p className="text-meta text-attention">
            Only the first {formatCount(changes.length, 'change is', 'changes are')} listed, in the order of
            the tree. The sums above are of all.
          </p>
        )}
        <div className="flex flex-wrap items-center gap-2">
          <TextField
            label="Find changes"
            isLabelHidden
            placeholder="Find by path"
            value={text}
            onChange={setText}
            className="min-w-0 flex-1 basis-40 sm:max-w-72"
          />
          <Select
            label="Which changes"
            isLabelHidden
            value={filter}
            onChange={setFilter}
            options={[
              { value: 'all', label: 'All changes' },
              { value: 'added', label: 'Added' },
              { value: 'removed', label: 'Removed' },
              { value: 'changed', label: 'Changed' },
            ]}
            className="w-36"
          />
          <span role="status" className="tabular text-meta text-muted">
            {listed.length === changes.length ? '' : `${listed.length} of ${changes.length}`}
          </span>
          {after === null && (
            <Button variant="quiet" onClick={onAgain} className="ml-auto">
              Compare again
            </Button>
          )}
        </div>
      </div>
      {rows.length === 0 ? (
        <p className="px-6 py-4 text-muted">No change fits.</p>
      ) : (
        <div className="grid min-h-0 flex-1 grid-rows-[minmax(0,1fr)_minmax(0,45%)] @2xl:grid-cols-[minmax(0,1fr)_minmax(340px,40%)] @2xl:grid-rows-[minmax(0,1fr)]">
          <RowTree
            label="Changes"
            rows={rows}
            currentKey={currentKey}
            onCurrent={(row) => setCurrentKey(row.key)}
            onFold={(row, isOpen) =>
              setFolded((known) => {
                const next = new Set(known);
                if (isOpen) next.delete(row.key);
                else next.add(row.key);
                return next;
              })
            }
            find={(typed, from) => rows[findChange(rows, typed, from)]}
            className="h-full"
          >
            {(row) => <Row row={row} />}
          </RowTree>
          <aside
            aria-label="The chosen change"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
            tabIndex={0}
            className="focus-inset overflow-y-auto border-t border-line bg-app px-5 py-4 @2xl:border-t-0 @2xl:border-l"
          >
            {current === null ? (
              <p className="text-muted">Choose a change to see what it was and what it is.</p>
            ) : (
              <ChangeDetails key={current.path} change={current} before={before} after={after} />
            )}
          </aside>
        </div>
      )}
    </>
  );
}

export function findChange(rows: readonly ChangeRow[], text: string, from: number): number {
  const wanted = text.toLocaleLowerCase();
  for (let offset = text.length > 1 ? 0 : 1; offset <= rows.length; offset += 1) {
    const index = (from + offset) % rows.length;
    if (rows[index]?.name.toLocaleLowerCase().startsWith(wanted)) return index;
  }
  return -1;
}

function Row({ row }: { row: ChangeRow }) {
  const { change } = row;
  if (change === null)
    return (
      <>
        <Folder aria-hidden size={15} strokeWidth={1.75} className="shrink-0 text-muted" />
        <span className="min-w-0 flex-1 truncate text-muted">
          <EntryName name={row.name} />
        </span>{' '}
        <span className="tabular shrink-0 text-meta text-muted">
          {formatCount(row.count, 'change', 'changes')}
        </span>
      </>
    );
  const { icon: Icon, colour } = marks[change.change];
  const growth = growthOf(change);
  const words =
    change.change === 'changed' ? change.what.map((one) => whatWords[one]).join(', ') : change.change;
  return (
    <>
      <Icon aria-hidden size={15} strokeWidth={1.75} className={`shrink-0 ${colour}`} />
      <span className="min-w-0 flex-1 truncate" title={change.path}>
        <EntryName name={row.name} />
      </span>{' '}
      <span className="min-w-0 max-w-[45%] shrink truncate text-meta text-muted">{words}</span>{' '}
      {growth !== null && growth !== 0 && (
        <span className="tabular w-20 shrink-0 text-right text-meta text-muted">{signed(growth)}</span>
      )}
    </>
  );
}
