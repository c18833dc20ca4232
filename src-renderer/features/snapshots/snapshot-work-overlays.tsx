/** Draws the dialogs about making, restoring, moving and keeping, and follows the snapshots that were begun by a key. */
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { useApp, useNotices, useSnapshot, useWorkspace } from '../../state/app-context.tsx';
import { AddRepositoryDialog } from './add-repository-dialog.tsx';
import { ChooseSnapshotDialog, ChooseWorkspaceDialog } from './choose-dialogs.tsx';
import { CreateDialog } from './create-dialog.tsx';
import { ExportDialog } from './export-dialog.tsx';
import { ForkDialog } from './fork-dialog.tsx';
import { ImportDialog } from './import-dialog.tsx';
import { MoveDialog } from './move-dialog.tsx';
import { NoteDialog } from './note-dialog.tsx';
import { RestoreDialog } from './restore-dialog.tsx';
import { RulesDialog } from './rules-dialog.tsx';
import { openCreate, openRestore, snapshotDialogs } from './snapshot-dialogs.ts';
import { workDialogs } from './snapshot-work-dialogs.ts';
import { beginSnapshot, followSnapshot, takenSnapshots } from './take-snapshot.ts';

/** The dialogs that a page about snapshots asks for (snapshot-dialogs.ts). */
export function SnapshotWorkDialogs() {
  const open = useStore(snapshotDialogs.store, (state) => state.open);
  const snapshot = useSnapshot(open !== null && 'snapshotId' in open ? open.snapshotId : null);
  const workspace = useWorkspace(open !== null && 'workspaceId' in open ? open.workspaceId : null);
  if (open === null) return null;
  const onClose = snapshotDialogs.close;
  if (open.kind === 'import') return <ImportDialog hostId={open.hostId} onClose={onClose} />;
  if (workspace !== undefined) {
    if (open.kind === 'create') return <CreateDialog key={workspace.id} {...{ workspace, onClose }} />;
    if (open.kind === 'rules') return <RulesDialog key={workspace.id} {...{ workspace, onClose }} />;
  }
  if (snapshot !== undefined) {
    if (open.kind === 'restore') return <RestoreDialog key={snapshot.id} {...{ snapshot, onClose }} />;
    if (open.kind === 'fork') return <ForkDialog key={snapshot.id} {...{ snapshot, onClose }} />;
    if (open.kind === 'export') return <ExportDialog key={snapshot.id} {...{ snapshot, onClose }} />;
  }
  return null;
}

/** Those that only a command asks for (snapshot-work-dialogs.ts). */
export function WorkDialogs() {
  const { client, mirror } = useApp();
  const notices = useNotices();
  const open = useStore(workDialogs.store, (state) => state.open);
  const workspace = useWorkspace(open?.kind === 'move' ? open.workspaceId : null);
  if (open === null) return null;
  const onClose = workDialogs.close;
  switch (open.kind) {
    case 'choose-workspace':
      return (
        <ChooseWorkspaceDialog
          title={
            open.for === 'now'
              ? 'Take a snapshot of which workspace?'
              : 'Take a snapshot with a note of which workspace?'
          }
          onClose={onClose}
          onChoose={(chosen) => {
            onClose();
            if (open.for === 'note') openCreate(chosen.id);
            else
              beginSnapshot(chosen, client).catch((cause: unknown) =>
                notices.fail(`No snapshot of ${chosen.name} was taken`, cause),
              );
          }}
        />
      );
    case 'choose-snapshot':
      return (
        <ChooseSnapshotDialog
          workspaceId={open.workspaceId}
          onClose={onClose}
          onChoose={(id) => {
            const snapshot = mirror.snapshots.getState().byId.get(id);
            onClose();
            if (snapshot) openRestore(snapshot.id);
          }}
        />
      );
    case 'note':
      return <NoteDialog key={open.snapshotId} {...open} onClose={onClose} />;
    case 'move':
      return workspace === undefined ? null : <MoveDialog key={workspace.id} {...{ workspace, onClose }} />;
    case 'add-repository':
      return <AddRepositoryDialog hostId={open.hostId} onClose={onClose} />;
    default:
      return open satisfies never;
  }
}

/** Shows the notice of each snapshot that was begun, from its beginning to its end. Draws nothing. */
export function SnapshotFollower() {
  const app = useApp();
  useEffect(() => {
    // Asking twice gives the same operation: it is told once.
    const stops = new Map<string, () => void>();
    const follow = () => {
      const { taken } = takenSnapshots.getState();
      if (taken.length === 0) return;
      takenSnapshots.setState({ taken: [] });
      for (const each of taken)
        if (!stops.has(each.operation.id)) stops.set(each.operation.id, followSnapshot(app, each));
    };
    follow();
    const stopListening = takenSnapshots.subscribe(follow);
    return () => {
      stopListening();
      for (const stop of stops.values()) stop();
    };
  }, [app]);
  return null;
}
