/** Marks and facts of one snapshot, the same in every place: consistency, verified, pinned, damaged, where it is. */
import { CirclePause, CircleStop, Pin, Radio, ShieldCheck, ShieldQuestion, ShieldX } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Snapshot } from '#contract/snapshots.ts';
import { classNames } from '../../components/class-names.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { formatBytes, formatCount, formatExact } from '../../components/format.ts';
import { RelativeTime } from '../../components/relative-time.tsx';
import { useRepositories } from '../../state/app-context.tsx';
import { consistencyWords, reasonWords } from './snapshot-words.ts';

const shapes = { paused: CirclePause, stopped: CircleStop, live: Radio } as const;

export function ConsistencyMark({ snapshot, className }: { snapshot: Snapshot; className?: string }) {
  const { word, detail, sentence } = consistencyWords(snapshot);
  const Shape = shapes[snapshot.consistency];
  const isDoubtful = snapshot.isChangedWhileRead;
  return (
    <span
      title={sentence}
      className={classNames(
        'inline-flex min-w-0 items-center gap-1.5',
        isDoubtful ? 'text-attention' : 'text-muted',
        className,
      )}
    >
      <Shape aria-hidden size={14} strokeWidth={1.75} className="shrink-0" />
      <span className="truncate">
        {word}
        {detail !== null && ` ${snapshot.consistency === 'live' ? '· ' : ''}${detail}`}
      </span>
    </span>
  );
}

export function VerifiedMark({ snapshot, className }: { snapshot: Snapshot; className?: string }) {
  const { verifiedAt, problem } = snapshot;
  if (problem !== null)
    return (
      <span
        title={problem.message}
        className={classNames('inline-flex min-w-0 items-center gap-1.5 text-failed', className)}
      >
        <ShieldX aria-hidden size={14} strokeWidth={1.75} className="shrink-0" />
        <span className="truncate">found damaged</span>
      </span>
    );
  const Shape = verifiedAt === null ? ShieldQuestion : ShieldCheck;
  return (
    <span
      title={
        verifiedAt === null
          ? 'Nobody has read every byte of it yet.'
          : `Every byte of it was read and found good: ${formatExact(new Date(verifiedAt))}`
      }
      className={classNames('inline-flex min-w-0 items-center gap-1.5 text-muted', className)}
    >
      <Shape
        aria-hidden
        size={14}
        strokeWidth={1.75}
        className={classNames('shrink-0', verifiedAt !== null && 'text-running')}
      />
      <span className="truncate">
        {verifiedAt === null ? (
          'not verified'
        ) : (
          <>
            verified <RelativeTime at={verifiedAt} />
          </>
        )}
      </span>
    </span>
  );
}

export function PinnedMark() {
  return (
    <span
      title="Pinned: no rule deletes it"
      className="inline-flex h-5 shrink-0 items-center gap-1 rounded-full bg-accent-soft px-2 text-small font-medium text-accent"
    >
      <Pin aria-hidden size={11} strokeWidth={2.25} />
      pinned
    </span>
  );
}

/** The table beside the tree, while no entry is chosen. */
export function SnapshotFacts({ snapshot }: { snapshot: Snapshot }) {
  const repositories = useRepositories();
  const repository = snapshot.repositoryId === null ? null : repositories.byId.get(snapshot.repositoryId);
  const { frozenMs } = snapshot;
  return (
    <dl className="m-0 flex flex-col gap-3">
      {snapshot.note !== '' && (
        <Fact name="Note">
          <span dir="auto" className="whitespace-pre-wrap">
            {snapshot.note}
          </span>
        </Fact>
      )}
      <Fact name="Made">
        {formatExact(new Date(snapshot.createdAt))}, {reasonWords[snapshot.reason]}
        {snapshot.hadHooks && '; a command ran in the workspace before or after'}
      </Fact>
      <Fact name="Consistency">{consistencyWords(snapshot).sentence}</Fact>
      <Fact name="Files">
        {formatCount(snapshot.entryCount, 'entry', 'entries')}, {formatBytes(snapshot.contentBytes)} of
        content
      </Fact>
      <Fact name={snapshot.storage === 'archive' ? 'Archive' : 'Repository'}>
        {snapshot.storage === 'archive'
          ? `${formatBytes(snapshot.sizeBytes)} on the host, compressed`
          : `It added ${formatBytes(snapshot.sizeBytes)} to ${repository?.name ?? 'a repository that was removed'}`}
      </Fact>
      <Fact name="Mount point">
        <span className="font-code text-[0.96em]">{snapshot.mountPoint}</span>
      </Fact>
      <Fact name="Image">
        <span className="font-code text-[0.96em]">{snapshot.image}</span>
        {snapshot.imageDigest !== null && (
          <span className="block font-code text-[0.9em] break-all text-muted">{snapshot.imageDigest}</span>
        )}
      </Fact>
      {frozenMs !== null && frozenMs > 5000 && (
        <Fact name="Stood still">{formatCount(Math.round(frozenMs / 1000), 'second', 'seconds')}</Fact>
      )}
      <Fact name="SHA-256 of the archive" copy={snapshot.archiveSha256}>
        <span className="font-code text-[0.9em] break-all">{snapshot.archiveSha256}</span>
      </Fact>
    </dl>
  );
}

export function Fact({ name, copy, children }: { name: string; copy?: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="flex items-center gap-1 text-meta text-muted">
        {name}
        {copy !== undefined && <CopyButton text={copy} label={`Copy ${name}`} isIconOnly />}
      </dt>
      <dd className="m-0 wrap-anywhere">{children}</dd>
    </div>
  );
}
