/** Saves a whole snapshot as one file on this computer. Says what the file is and who can open it. */
import { useState } from 'react';
import type { Snapshot } from '#contract/snapshots.ts';
import { Button } from '../../components/button.tsx';
import { CodeBlock } from '../../components/code-block.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { formatBytes, formatCount } from '../../components/format.ts';
import { useClient, useNotices } from '../../state/app-context.tsx';
import { collectedBytes } from '../../state/byte-pump.ts';
import { savePlace } from '../../state/save-place.ts';
import { inQuotes } from './restore-words.ts';
import { saveItems } from './save-stream.ts';
import { dayAndTime } from './snapshot-words.ts';

/** "api-server 2026-11-25 14-05.tar.zst": letters that some file system refuses are left out. */
export function exportName({
  workspaceName,
  createdAt,
}: Pick<Snapshot, 'workspaceName' | 'createdAt'>): string {
  const safe =
    workspaceName
      .replaceAll(/[\p{Cc}\\/:*?"<>|]/gu, '')
      .trim()
      .replace(/^\.+/, '') || 'snapshot';
  return `${safe} ${createdAt.slice(0, 10)} ${createdAt.slice(11, 16).replace(':', '-')}.tar.zst`;
}

export function ExportDialog({ snapshot, onClose }: { snapshot: Snapshot; onClose: () => void }) {
  const client = useClient();
  const notices = useNotices();
  const [isBusy, setBusy] = useState(false);
  const [place] = useState(() => savePlace());
  const name = exportName(snapshot);
  // What a repository holds is packed anew for the file: its size there says nothing about the file's.
  const sizeBytes = snapshot.storage === 'archive' ? snapshot.sizeBytes : null;
  const isTooLarge = place.isCollecting && (sizeBytes ?? snapshot.contentBytes) > collectedBytes;
  const save = () => {
    if (isBusy) return;
    setBusy(true);
    // Begun within the press itself: browsers let nobody choose a file later.
    void saveItems({ notices, place }, [
      { name, sizeBytes, open: () => client.bytes('snapshots.export', { id: snapshot.id }) },
    ]);
    onClose();
  };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="Export snapshot"
      description={`${snapshot.workspaceName} as in ${inQuotes(snapshot)}, as one file on this computer.`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="primary"
            isBusy={isBusy}
            disabled={isTooLarge}
            reason="It is too large for this browser to save"
            onClick={save}
          >
            Export snapshot
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <dl className="grid grid-cols-[auto_1fr] gap-x-5 gap-y-1">
          {(
            [
              ['File', name],
              ['Size', sizeBytes === null ? 'known at the end' : formatBytes(sizeBytes)],
              [
                'Holds',
                `${formatCount(snapshot.entryCount, 'file or folder', 'files and folders')}, ${formatBytes(snapshot.contentBytes)}, as of ${dayAndTime(snapshot.createdAt)}`,
              ],
            ] as const
          ).map(([label, value]) => (
            <div key={label} className="contents">
              <dt className="text-muted">{label}</dt>
              <dd className="m-0 min-w-0 wrap-anywhere">{value}</dd>
            </div>
          ))}
        </dl>
        <div className="flex flex-col gap-1.5">
          <p className="text-muted">Berth takes it in again on any host, and plain tar opens it:</p>
          <CodeBlock label="Command" text={`tar --zstd -xf '${name.replaceAll("'", String.raw`'\''`)}'`} />
        </div>
        <p className="text-meta text-muted">
          The file is not encrypted: whoever has it can read everything in it.
        </p>
        {isTooLarge && (
          <p role="alert" className="text-failed">
            This browser can only save files that fit into its memory, up to {formatBytes(collectedBytes)}.
            Export it in the Berth app, or in Chrome or Edge.
          </p>
        )}
      </div>
    </Dialog>
  );
}
