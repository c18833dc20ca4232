/** The dialogs about machines, drawn over everything; each closes when its machine goes. */
import { useStore } from 'zustand';
import type { Machine } from '#contract/machines.ts';
import { useMachine } from '../../state/app-context.tsx';
import { DestroyDialog } from './destroy-dialog.tsx';
import { EndDialog } from './end-dialog.tsx';
import { HibernateDialog } from './hibernate-dialog.tsx';
import { type MachineDialogKind, machineDialogs } from './machine-dialogs.ts';
import { RebuildDialog } from './rebuild-dialog.tsx';
import { RenameDialog } from './rename-dialog.tsx';
import { ResizeDialog } from './resize-dialog.tsx';
import { RestoreDialog } from './restore-dialog.tsx';
import { SshAccessDialog } from './ssh-access-dialog.tsx';
import { TakeSnapshotDialog } from './take-snapshot-dialog.tsx';
import { WakeDialog } from './wake-dialog.tsx';

const dialogs: Record<
  MachineDialogKind,
  (props: { machine: Machine; onClose: () => void }) => React.ReactNode
> = {
  resize: ResizeDialog,
  rebuild: RebuildDialog,
  rename: RenameDialog,
  'ssh-access': SshAccessDialog,
  end: EndDialog,
  'take-snapshot': TakeSnapshotDialog,
  destroy: DestroyDialog,
  hibernate: HibernateDialog,
  wake: WakeDialog,
};

export function MachineDialogs() {
  const open = useStore(machineDialogs.store, (state) => state.open);
  const machine = useMachine(open?.id);
  if (open === null || machine === undefined) return null;
  const common = { machine, onClose: machineDialogs.close };
  if (open.kind === 'restore') return <RestoreDialog {...common} snapshot={open.snapshot} />;
  const Dialog = dialogs[open.kind];
  return <Dialog key={`${open.kind} ${open.id}`} {...common} />;
}
