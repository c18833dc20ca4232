/** Draws the dialog about forwards that is open (forward-dialogs.ts), and closes it when what it is about is gone. */
import { useStore } from 'zustand';
import { useForward, useWorkspace } from '../../state/app-context.tsx';
import { ChooseForwardDialog } from './choose-forward-dialog.tsx';
import { EditForwardDialog, NewForwardDialog } from './forward-dialog.tsx';
import { forwardDialogs } from './forward-dialogs.ts';
import { RulesDialog } from './rules-dialog.tsx';

export function ForwardDialogs() {
  const open = useStore(forwardDialogs.store, (state) => state.open);
  const forward = useForward(open?.kind === 'edit' ? open.forwardId : null);
  const workspace = useWorkspace(open?.kind === 'rules' ? open.workspaceId : null);
  if (open === null) return null;
  const { close } = forwardDialogs;
  switch (open.kind) {
    case 'new':
      return (
        <NewForwardDialog
          workspaceId={open.workspaceId}
          kind={open.forwardKind}
          port={open.port}
          onClose={close}
        />
      );
    case 'edit':
      return forward === undefined ? null : (
        <EditForwardDialog key={forward.id} id={forward.id} onClose={close} />
      );
    case 'rules':
      return workspace === undefined ? null : (
        <RulesDialog key={workspace.id} workspace={workspace} onClose={close} />
      );
    case 'choose':
      return <ChooseForwardDialog act={open.act} onClose={close} />;
    default:
      return open satisfies never;
  }
}
