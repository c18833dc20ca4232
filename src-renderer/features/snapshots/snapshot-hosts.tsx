/** What snapshots use on each host and what is left, with a warning where the disk fills or something is missing. */
import { HardDrive, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import type { SnapshotHost } from '#contract/snapshots.ts';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes, formatPercent } from '../../components/format.ts';
import { Card } from '../../components/page.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { useHost, useSettings, useSnapshotHosts, useViewActions } from '../../state/app-context.tsx';
import { snapshotFilter } from './snapshot-filter.ts';
import { diskShare, isDiskFilling } from './snapshot-words.ts';

/** Hosts that are shown before "Show all". */
const hostsShown = 5;

/** Those that want something first, then by how much snapshots use there. Pure. */
export function sortedHosts(hosts: readonly SnapshotHost[], warningPercent: number): SnapshotHost[] {
  const rank = (host: SnapshotHost) =>
    host.problem !== null && host.state === 'unavailable' ? 0 : isDiskFilling(host, warningPercent) ? 1 : 2;
  return [...hosts].sort((a, b) => rank(a) - rank(b) || (b.usedBytes ?? 0) - (a.usedBytes ?? 0));
}

export function SnapshotHosts() {
  const { items } = useSnapshotHosts();
  const percent = useSettings().snapshotDiskWarningPercent;
  const [isWhole, setWhole] = useState(false);
  const sorted = sortedHosts(items, percent);
  if (sorted.length === 0) return null;
  const shown = isWhole ? sorted : sorted.slice(0, hostsShown);
  return (
    <section aria-label="Disks of the hosts" className="flex flex-col gap-2">
      {sorted.map((host) => (
        <Warning key={host.id} host={host} percent={percent} />
      ))}
      <Card>
        <ul className="m-0 list-none divide-y divide-line p-0">
          {shown.map((host) => (
            <li key={host.id}>
              <Line host={host} percent={percent} />
            </li>
          ))}
        </ul>
      </Card>
      {sorted.length > shown.length && (
        <Button variant="quiet" className="self-start" onClick={() => setWhole(true)}>
          Show all {sorted.length} hosts
        </Button>
      )}
    </section>
  );
}

function Warning({ host, percent }: { host: SnapshotHost; percent: number }) {
  const name = useHost(host.id)?.name ?? 'a removed host';
  const share = diskShare(host);
  if (host.state === 'unavailable' && host.problem !== null)
    return <ErrorNote title={`Snapshots cannot be made or read on ${name}`} error={host.problem} />;
  if (host.state !== 'ready' || share === null || !isDiskFilling(host, percent)) return null;
  return (
    <section
      aria-label={`The disk of ${name} fills`}
      className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-md border border-attention/40 bg-attention-soft px-3 py-2.5"
    >
      <TriangleAlert aria-hidden size={16} className="shrink-0 text-attention" />
      <p className="min-w-0 flex-1 basis-64 wrap-anywhere">
        The disk of <bdi className="font-medium">{name}</bdi> is {formatPercent(share)} full:{' '}
        {formatBytes(host.freeBytes)} are left, and snapshots use {formatBytes(host.usedBytes)}. Delete
        snapshots that nobody needs, or let rules do it.
      </p>
      <Button onClick={() => snapshotFilter.set({ hostId: host.id })}>Show its snapshots</Button>
    </section>
  );
}

function Line({ host, percent }: { host: SnapshotHost; percent: number }) {
  const view = useViewActions();
  const own = useHost(host.id);
  const share = diskShare(host);
  const isFilling = isDiskFilling(host, percent);
  const { usedBytes, freeBytes, totalBytes } = host;
  const part = totalBytes ? (usedBytes ?? 0) / totalBytes : 0;
  return (
    <div className="grid grid-cols-[minmax(0,240px)_minmax(60px,1fr)_300px] items-center gap-x-4 gap-y-1 px-3 py-1.5 max-sm:grid-cols-[minmax(0,1fr)_auto]">
      <span className="flex min-w-0 items-center gap-2">
        <HardDrive aria-hidden size={15} strokeWidth={1.75} className="shrink-0 text-muted" />
        {own === undefined ? (
          <span className="truncate text-muted">A removed host</span>
        ) : (
          <button
            type="button"
            dir="auto"
            onClick={() => view.open({ type: 'host', hostId: own.id })}
            className="truncate rounded-sm hover:text-accent"
          >
            {own.name}
          </button>
        )}
        <HostState host={host} />
      </span>
      {share === null ? (
        <span className="max-sm:hidden" />
      ) : (
        <span
          role="img"
          aria-label={`${formatPercent(share)} of the disk is used`}
          title={`Snapshots ${formatBytes(usedBytes)}, in all ${formatPercent(share)} of ${formatBytes(totalBytes)}`}
          className="flex h-1.5 overflow-hidden rounded-full bg-hover max-sm:order-3 max-sm:col-span-2"
        >
          <span
            className={classNames(isFilling ? 'bg-attention' : 'bg-accent')}
            style={{ width: `${part * 100}%` }}
          />
          <span className="bg-line-control" style={{ width: `${Math.max(0, share - part) * 100}%` }} />
        </span>
      )}
      <span className="tabular text-right text-meta text-muted">
        {usedBytes !== null && `${formatBytes(usedBytes)} in snapshots`}
        {freeBytes !== null && totalBytes !== null && (
          <span className="max-sm:hidden">
            {' '}
            · {formatBytes(freeBytes)} free of {formatBytes(totalBytes)}
          </span>
        )}
      </span>
    </div>
  );
}

function HostState({ host }: { host: SnapshotHost }) {
  switch (host.state) {
    case 'ready':
      return null;
    case 'reading':
      return <StateMark signal="busy" word="reading" className="text-meta" />;
    case 'away':
      return <StateMark signal="stopped" word="away" className="text-meta" />;
    case 'unavailable':
      return <StateMark signal="failed" word="not ready" className="text-meta" />;
    default:
      return host.state satisfies never;
  }
}
