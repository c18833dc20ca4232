/** What was dropped on a screen and is on its way, or has arrived. */
import { Check, X } from 'lucide-react';
import { useStore } from 'zustand';
import { Button, IconButton } from '../../components/button.tsx';
import { formatBytes, formatPercent } from '../../components/format.ts';
import { ProgressBar } from '../../components/progress-bar.tsx';
import type { Drop, DroppedFiles } from './send-dropped.ts';

export function DropList({ files }: { files: DroppedFiles }) {
  const drops = useStore(files.store, (state) => state.drops);
  if (drops.length === 0) return null;
  return (
    <section
      aria-label="Files for the desktop"
      className="floating absolute right-3 bottom-3 z-10 flex max-h-1/2 w-80 max-w-[calc(100%-24px)] flex-col overflow-y-auto"
    >
      <ul className="m-0 list-none divide-y divide-line p-0">
        {drops.map((drop) => (
          <Row key={drop.id} drop={drop} files={files} />
        ))}
      </ul>
    </section>
  );
}

function Row({ drop, files }: { drop: Drop; files: DroppedFiles }) {
  const part = drop.sizeBytes === 0 ? 1 : drop.sentBytes / drop.sizeBytes;
  return (
    <li className="flex flex-col gap-1 px-3 py-2">
      <div className="flex items-center gap-2">
        {drop.phase === 'done' && <Check aria-hidden size={14} className="shrink-0 text-running" />}
        <span className="min-w-0 flex-1 truncate" dir="auto" title={drop.path ?? drop.name}>
          {drop.name}
        </span>
        <IconButton
          label={drop.phase === 'done' ? `Clear ${drop.name}` : `Cancel ${drop.name}`}
          icon={X}
          size="small"
          onClick={() => files.drop(drop.id)}
        />
      </div>
      {drop.phase === 'sending' && <ProgressBar label={`Sending ${drop.name}`} value={part} isThin />}
      <span role="status" className="text-meta text-muted wrap-anywhere">
        {words(drop, part)}
      </span>
      {drop.error !== null && (
        <div className="flex flex-col items-start gap-1.5">
          <p className="text-meta text-failed wrap-anywhere">{drop.error.message}</p>
          <Button onClick={() => files.retry(drop.id)}>
            {drop.sentBytes > 0 ? 'Go on sending' : 'Send again'}
          </Button>
        </div>
      )}
    </li>
  );
}

function words(drop: Drop, part: number): string {
  switch (drop.phase) {
    case 'waiting':
      return `${formatBytes(drop.sizeBytes)}, waiting`;
    case 'sending':
      return `${formatPercent(part)} of ${formatBytes(drop.sizeBytes)}`;
    case 'done':
      return `In ${drop.path}`;
    case 'failed':
      return 'Not sent';
    default:
      return drop.phase satisfies never;
  }
}
