/** The entries that a restore touches, folded away until somebody wants to see them. */
import type { EntryChange, SnapshotComparison } from '#contract/snapshots.ts';
import { Button } from '../../components/button.tsx';
import { Disclosure } from '../../components/disclosure.tsx';
import { formatBytes, formatCount } from '../../components/format.ts';

/** Shown here at most; the comparison's own page has them all. */
const shownCount = 200;

/** The comparison goes from the snapshot to now; a restore goes the other way. */
const words: Readonly<Record<EntryChange['change'], string>> = {
  added: 'goes',
  removed: 'comes back',
  changed: 'as it was',
};
const colours: Readonly<Record<EntryChange['change'], string>> = {
  added: 'text-failed',
  removed: 'text-running',
  changed: 'text-busy',
};

export function RestoreChanges(props: {
  readonly comparison: SnapshotComparison;
  readonly onCompare: () => void;
}) {
  const { comparison, onCompare } = props;
  const shown = comparison.changes.slice(0, shownCount);
  const rest = comparison.isTruncated || comparison.changes.length > shown.length;
  if (shown.length === 0) return null;
  return (
    <Disclosure label="Which files">
      <div className="flex flex-col gap-2">
        <section
          aria-label="Files that change"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
          tabIndex={0}
          className="max-h-56 overflow-y-auto rounded-md border border-line bg-app px-3 py-1.5"
        >
          <ul className="m-0 flex list-none flex-col p-0">
            {shown.map((change) => (
              <li key={change.path} className="flex items-baseline gap-3 py-0.5">
                <span className={`w-18 shrink-0 text-meta ${colours[change.change]}`}>
                  {words[change.change]}
                </span>
                <span className="min-w-0 flex-1 font-code text-[0.92em] wrap-anywhere">{change.path}</span>
                <span className="tabular shrink-0 text-meta text-muted">{sizeOf(change)}</span>
              </li>
            ))}
          </ul>
        </section>
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-meta text-muted">
          {rest && <span>{formatCount(shown.length, 'file is', 'files are')} shown; there are more.</span>}
          <Button variant="quiet" className="-ml-3" onClick={onCompare}>
            Compare side by side
          </Button>
        </div>
      </div>
    </Disclosure>
  );
}

function sizeOf({ before, after }: EntryChange): string {
  const entry = before ?? after;
  return entry?.kind === 'file' ? formatBytes(entry.sizeBytes) : '';
}
