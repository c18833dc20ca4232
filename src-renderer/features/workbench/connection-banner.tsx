/**
 * What the whole window must know: that the plane is away (pages then show what was last known) and when it is tried
 * again; that nothing can be changed; and what the plane has to tell since its start, until the person has read it.
 */
import { Info, Lock, Unplug, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { Button, IconButton } from '../../components/button.tsx';
import { formatClock } from '../../components/format.ts';
import { useNow } from '../../components/now.ts';
import { Spinner } from '../../components/spinner.tsx';
import { useAbout, useApp, useConnection } from '../../state/app-context.tsx';

function Band({ children }: { children: ReactNode }) {
  return (
    <div
      role="status"
      className="flex min-h-9 shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-attention-soft px-4 py-1 text-text"
    >
      {children}
    </div>
  );
}

export function ConnectionBanner() {
  return (
    <>
      <LostBand />
      <ReadOnlyBand />
      <NoticeBand />
    </>
  );
}

function LostBand() {
  const { client } = useApp();
  const connection = useConnection();
  const nowMs = useNow(connection.phase === 'lost');
  if (connection.phase !== 'lost') return null;
  const leftMs = connection.retryAtMs === null ? null : connection.retryAtMs - nowMs;
  return (
    <Band>
      <Unplug aria-hidden size={15} className="shrink-0 text-attention" />
      <span className="min-w-0 flex-1 basis-60 max-sm:basis-[calc(100%-40px)]">
        The connection to Berth was lost. What you see is the last that was known; work on hosts goes on.
      </span>
      {leftMs === null ? (
        <span className="flex items-center gap-2 text-muted">
          <Spinner /> Trying now
        </span>
      ) : (
        <span className="tabular text-muted">Trying again in {formatClock(Math.max(0, leftMs))}</span>
      )}
      <Button onClick={() => client.reconnect()} disabled={leftMs === null}>
        Try now
      </Button>
    </Band>
  );
}

function ReadOnlyBand() {
  const about = useAbout();
  if (!about.value?.isReadOnly) return null;
  return (
    <Band>
      <Lock aria-hidden size={15} className="shrink-0 text-attention" />
      <span className="min-w-0 flex-1">
        The data is from a newer Berth. Everything can be read; nothing can be changed until Berth is updated.
      </span>
    </Band>
  );
}

function NoticeBand() {
  const notice = useAbout().value?.notice ?? null;
  // By its words: another one, after a restart of the plane, is news again.
  const [read, setRead] = useState<string | null>(null);
  if (notice === null || notice === read) return null;
  return (
    <Band>
      <Info aria-hidden size={15} className="shrink-0 text-attention" />
      <span className="min-w-0 flex-1 basis-60 max-sm:basis-[calc(100%-40px)] wrap-anywhere">{notice}</span>
      <IconButton label="Close this notice" icon={X} size="small" onClick={() => setRead(notice)} />
    </Band>
  );
}
