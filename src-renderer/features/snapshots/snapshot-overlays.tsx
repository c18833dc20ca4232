/** Draws the dialog about snapshots that is open (snapshot-dialogs.ts), and closes it when what it is about is gone. */
import { useStore } from 'zustand';
import { useSnapshot } from '../../state/app-context.tsx';
import { DescribeDialog } from './describe-dialog.tsx';
import { snapshotDialogs } from './snapshot-dialogs.ts';

export function SnapshotDialogs() {
  const open = useStore(snapshotDialogs.store, (state) => state.open);
  const snapshot = useSnapshot(open !== null && 'snapshotId' in open ? open.snapshotId : null);
  if (open === null) return null;
  if (open.kind === 'describe' && snapshot !== undefined)
    return <DescribeDialog key={snapshot.id} snapshot={snapshot} onClose={snapshotDialogs.close} />;
  return null;
}
