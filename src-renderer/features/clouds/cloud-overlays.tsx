/** Draws the dialog about accounts or finds that is open (cloud-dialogs.ts), and closes it when what it is about is gone. */
import { useStore } from 'zustand';
import { useClouds, useFound } from '../../state/app-context.tsx';
import { cloudDialogs } from './cloud-dialogs.ts';
import { AdoptDialog, DestroyFoundDialog } from './found-dialogs.tsx';
import { ConnectDialog } from './connect-dialog.tsx';
import { DisconnectDialog } from './disconnect-dialog.tsx';
import { EditCloudDialog } from './edit-cloud-dialog.tsx';
import { TokenDialog } from './token-dialog.tsx';

export function CloudDialogs() {
  const open = useStore(cloudDialogs.store, (state) => state.open);
  const clouds = useClouds().byId;
  const found = useFound().byId;
  if (open === null) return null;
  const onClose = cloudDialogs.close;
  if (open.kind === 'connect') return <ConnectDialog onClose={onClose} />;
  if ('foundId' in open) {
    const one = found.get(open.foundId);
    if (one === undefined) return null;
    const Shown = open.kind === 'adopt' ? AdoptDialog : DestroyFoundDialog;
    return <Shown key={one.id} found={one} onClose={onClose} />;
  }
  const cloud = clouds.get(open.cloudId);
  if (cloud === undefined) return null;
  const Shown = { token: TokenDialog, edit: EditCloudDialog, disconnect: DisconnectDialog }[open.kind];
  return <Shown key={cloud.id} cloud={cloud} onClose={onClose} />;
}
