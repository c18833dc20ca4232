/** What is known of the chosen entry, or the sum of several, and what can be done with them. */
import { ArchiveRestore, Download, Search } from 'lucide-react';
import type { SnapshotEntry } from '#contract/snapshots.ts';
import { Button } from '../../components/button.tsx';
import { formatBytes, formatCount, formatExact } from '../../components/format.ts';
import { modeText, octalText } from '../../components/file-mode.ts';
import { EntryName } from './entry-name.tsx';
import { baseName, canSave, kindWords, putBackLimit } from './entry-words.ts';
import { Fact } from './snapshot-facts.tsx';

export interface EntryActs {
  readonly save: () => void;
  readonly putBack: () => void;
  /** Why it cannot be put back; null: it can. */
  readonly putBackReason: string | null;
  readonly search: (entry: SnapshotEntry) => void;
  readonly clear: () => void;
}

export function EntryDetails({ chosen, acts }: { chosen: readonly SnapshotEntry[]; acts: EntryActs }) {
  const entry = chosen.length === 1 ? chosen[0] : undefined;
  const notSaved = chosen.filter((one) => !canSave(one)).length;
  const tooMany =
    chosen.length > putBackLimit ? `At most ${putBackLimit} at once; choose a folder in their place` : null;
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-start justify-between gap-2">
        <h2 className="min-w-0 font-semibold wrap-anywhere">
          {entry ? (
            <EntryName name={baseName(entry.path)} className="whitespace-pre-wrap" />
          ) : (
            `${formatCount(chosen.length, 'entry', 'entries')} chosen`
          )}
        </h2>
        {!entry && (
          <Button variant="quiet" onClick={acts.clear}>
            Clear
          </Button>
        )}
      </div>
      <div className="flex flex-wrap gap-2">
        <Button
          icon={Download}
          onClick={acts.save}
          disabled={notSaved === chosen.length}
          reason="A link, pipe or device has no content of its own"
        >
          Save a copy…
        </Button>
        <Button
          icon={ArchiveRestore}
          onClick={acts.putBack}
          disabled={acts.putBackReason !== null || tooMany !== null}
          reason={acts.putBackReason ?? tooMany ?? ''}
        >
          Put back…
        </Button>
      </div>
      {entry ? <One entry={entry} acts={acts} /> : <Several chosen={chosen} notSaved={notSaved} />}
    </div>
  );
}

function Several({ chosen, notSaved }: { chosen: readonly SnapshotEntry[]; notSaved: number }) {
  const files = chosen.filter(({ kind }) => kind === 'file');
  const folders = chosen.length - files.length;
  return (
    <div className="flex flex-col gap-1 text-muted">
      <p>
        {formatCount(files.length, 'file', 'files')} with{' '}
        {formatBytes(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))}
        {folders > 0 && ` and ${formatCount(folders, 'other entry', 'other entries')}`}.
      </p>
      {notSaved > 0 && <p>Links, pipes and devices among them are not saved.</p>}
    </div>
  );
}

function One({ entry, acts }: { entry: SnapshotEntry; acts: EntryActs }) {
  const { sizeBytes } = entry;
  return (
    <>
      <dl className="m-0 flex flex-col gap-3">
        <Fact name="Path" copy={entry.path}>
          <EntryName name={entry.path} className="whitespace-pre-wrap" />
        </Fact>
        <Fact name="Kind">
          {kindWords[entry.kind]}
          {entry.hasAttributes && ', with extended attributes'}
          {entry.kind === 'folder' && '; saved as a .tar'}
        </Fact>
        {entry.target !== null && (
          <Fact name={entry.kind === 'hard-link' ? 'The same file as' : 'Leads to'}>
            <EntryName name={entry.target} className="whitespace-pre-wrap" />
          </Fact>
        )}
        {entry.kind === 'file' && (
          <Fact name="Size">
            <span className="tabular">
              {formatBytes(sizeBytes)}
              {sizeBytes >= 1024 && ` (${formatCount(sizeBytes, 'byte', 'bytes')})`}
            </span>
          </Fact>
        )}
        <Fact name="Permissions">
          <span className="font-code text-[0.96em]">
            {modeText(entry.mode)} <span className="text-muted">{octalText(entry.mode)}</span>
          </span>
        </Fact>
        <Fact name="Owner">
          <span className="tabular">
            user {entry.uid}, group {entry.gid}
          </span>
        </Fact>
        <Fact name="Changed">{formatExact(new Date(entry.modifiedAtMs))}</Fact>
        {entry.sha256 !== null && (
          <Fact name="SHA-256" copy={entry.sha256}>
            <span className="font-code text-[0.9em] break-all">{entry.sha256}</span>
          </Fact>
        )}
      </dl>
      <Button variant="quiet" icon={Search} onClick={() => acts.search(entry)} className="-ml-3 self-start">
        Find in other snapshots
      </Button>
    </>
  );
}
