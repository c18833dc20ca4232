/** One transfer: what, where to, how far, how quickly; its failures with what to do about each. */
import { Download, Pause, Play, RotateCw, Upload, X } from 'lucide-react';
import { IconButton } from '../../components/button.tsx';
import { Disclosure } from '../../components/disclosure.tsx';
import { formatCount } from '../../components/format.ts';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { FileName } from './file-name.tsx';
import { isOver, type Transfer, transferPart } from './transfer.ts';
import { transferMark, transferText } from './transfer-words.ts';
import type { Transfers } from './transfers.ts';

const signals = {
  running: 'running',
  failed: 'failed',
  attention: 'attention',
  busy: 'busy',
  stopped: 'busy',
} as const;

export function TransferRow({
  transfer,
  placeName,
  transfers,
}: {
  transfer: Transfer;
  placeName: string;
  transfers: Transfers;
}) {
  const { id, kind, title, phase, folder, currentName, failures, failureCount, canPause } = transfer;
  const Icon = kind === 'upload' ? Upload : Download;
  const mark = transferMark(transfer);
  const text = transferText(transfer);
  const hasEnded = isOver(transfer);
  return (
    <li className="flex flex-col gap-1 px-3 py-1.5">
      <div className="flex items-center gap-2">
        <Icon aria-hidden size={14} strokeWidth={1.75} className="shrink-0 text-muted" />
        <span className="min-w-0 flex-1 truncate">
          <FileName name={title} />
          <span className="text-meta text-muted">
            {kind === 'upload' ? ' to ' : ' from '}
            {placeName}: <FileName name={folder} />
          </span>
        </span>
        <StateMark signal={mark.signal} word={mark.word} className="shrink-0 text-meta" />
        <span className="flex shrink-0 items-center">
          {canPause && (phase === 'running' || phase === 'offline') && (
            <IconButton
              label={`Pause ${title}`}
              icon={Pause}
              size="small"
              onClick={() => transfers.pause(id)}
            />
          )}
          {phase === 'paused' && (
            <IconButton
              label={`Go on with ${title}`}
              icon={Play}
              size="small"
              onClick={() => transfers.resume(id)}
            />
          )}
          {(phase === 'failed' || phase === 'cancelled') && (
            <IconButton
              label={`Try ${title} again`}
              icon={RotateCw}
              size="small"
              onClick={() => transfers.retry(id)}
            />
          )}
          <IconButton
            label={hasEnded ? `Take ${title} off the list` : `Cancel ${title}`}
            icon={X}
            size="small"
            onClick={() => (hasEnded ? transfers.forget(id) : transfers.cancel(id))}
          />
        </span>
      </div>
      {!hasEnded && (
        <ProgressBar
          label={title}
          value={transferPart(transfer)}
          text={text}
          isThin
          signal={signals[mark.signal]}
        />
      )}
      <p className="tabular flex gap-3 text-meta text-muted">
        <span className="shrink-0">{text}</span>
        {currentName !== null && currentName !== title && !hasEnded && (
          <span className="min-w-0 truncate">
            <FileName name={currentName} />
          </span>
        )}
      </p>
      {failureCount > 0 && (
        <Disclosure
          label={`${formatCount(failureCount, 'file', 'files')} did not get through`}
          isOpenAtFirst={failureCount === 1}
        >
          <ul className="m-0 list-none p-0 text-meta">
            {failures.map(({ name, error }) => (
              <li key={name} className="py-0.5 wrap-anywhere">
                <FileName name={name} className="whitespace-pre-wrap" />
                <span className="text-failed"> — {error.message}</span>
              </li>
            ))}
            {failureCount > failures.length && (
              <li className="text-muted">and {failureCount - failures.length} more</li>
            )}
          </ul>
        </Disclosure>
      )}
    </li>
  );
}
