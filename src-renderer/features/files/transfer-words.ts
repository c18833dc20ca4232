/** What is said of a transfer: how far, how quickly, how long. Pure. */
import { formatBytes, formatClock, formatCount, formatPercent, formatRate } from '../../components/format.ts';
import type { Signal } from '../../state/feature.ts';
import { isOver, type Transfer, transferPart } from './transfer.ts';
import { bytesPerSecond, timeLeftMs } from './transfer-rate.ts';

const marks: Readonly<Record<Transfer['phase'], { readonly signal: Signal; readonly word: string }>> = {
  running: { signal: 'busy', word: 'under way' },
  asking: { signal: 'attention', word: 'waits for you' },
  paused: { signal: 'stopped', word: 'paused' },
  offline: { signal: 'attention', word: 'waits for the connection' },
  done: { signal: 'running', word: 'done' },
  failed: { signal: 'failed', word: 'failed' },
  cancelled: { signal: 'stopped', word: 'cancelled' },
};

export function transferMark(transfer: Transfer) {
  const { phase, filesDone, filesTotal, kind } = transfer;
  // Some of it got through.
  if (phase === 'failed' && kind === 'upload' && filesDone > 0 && filesDone < filesTotal)
    return { signal: 'attention', word: 'partly done' } as const;
  return marks[phase];
}

/** "412 of 1,000 files · 3.1 of 8.0 MiB · 2.2 MiB/s · 0:14 left". */
export function transferText(transfer: Transfer): string {
  const { kind, phase, filesDone, filesSkipped, filesTotal, bytesDone, bytesTotal, samples } = transfer;
  const parts: string[] = [];
  const count = new Intl.NumberFormat('en');
  if (kind === 'upload' && filesTotal !== 1)
    parts.push(`${count.format(filesDone)} of ${formatCount(filesTotal, 'file', 'files')}`);
  if (filesSkipped > 0) parts.push(`${count.format(filesSkipped)} skipped`);
  if (phase === 'done') parts.push(formatBytes(bytesTotal ?? bytesDone));
  else if (bytesTotal === null) parts.push(formatBytes(bytesDone));
  else parts.push(`${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`);
  if (kind === 'download' && bytesTotal === null && !isOver(transfer))
    parts.push('begins anew if the connection is cut');
  if (phase === 'running') {
    const rate = bytesPerSecond(samples);
    if (rate !== null) parts.push(formatRate(rate));
    const leftMs = bytesTotal === null ? null : timeLeftMs(samples, bytesTotal - bytesDone);
    if (leftMs !== null) parts.push(`${formatClock(leftMs)} left`);
  }
  return parts.join(' · ');
}

/** For the status bar, of all that is not over: "3 transfers 62 % — 0:14 left". Null: there is none. */
export function allText(transfers: readonly Transfer[]) {
  const open = transfers.filter((one) => !isOver(one));
  if (open.length === 0) return null;
  const parts = open.map(transferPart);
  const known = parts.every((part) => part !== null);
  const total = open.reduce((sum, { bytesTotal }) => sum + (bytesTotal ?? 0), 0);
  const done = open.reduce((sum, { bytesDone }) => sum + bytesDone, 0);
  const part = known && total > 0 ? Math.min(1, done / total) : null;
  const lefts = open.map(({ samples, bytesTotal, bytesDone }) =>
    bytesTotal === null ? null : timeLeftMs(samples, bytesTotal - bytesDone),
  );
  const leftMs = lefts.every((left) => left !== null) ? Math.max(...lefts) : null;
  const [only] = open;
  const title = open.length === 1 && only ? only.title : formatCount(open.length, 'transfer', 'transfers');
  return {
    title,
    part,
    percent: part === null ? null : formatPercent(part),
    left: leftMs === null ? null : `${formatClock(leftMs)} left`,
    isAttention: open.some(({ phase }) => phase === 'asking' || phase === 'offline'),
  };
}
