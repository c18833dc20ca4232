/** What workspaces give to the window: the list, a page for each, their commands and dialogs. */
import { Container, Layers, MonitorDot } from 'lucide-react';
import { lazy } from 'react';
import { useStore } from 'zustand';
import { useWorkspace } from '../../state/app-context.tsx';
import { machineOfHost } from '../../state/commands.ts';
import { defineView, type Feature } from '../../state/feature.ts';
import { workspaceMark } from '../../state/marks.ts';
import { DestroyDialog } from './destroy-dialog.tsx';
import { PasswordDialog } from './password-dialog.tsx';
import { RenameDialog } from './rename-dialog.tsx';
import { workspaceCommands } from './workspace-commands.ts';
import { workspaceDialogs } from './workspace-dialogs.ts';

const WorkspacesPage = lazy(() => import('./workspaces-page.tsx'));
const WorkspacePage = lazy(() => import('./workspace-page.tsx'));

const dialogs = { destroy: DestroyDialog, rename: RenameDialog, password: PasswordDialog } as const;

function WorkspaceDialogs() {
  const open = useStore(workspaceDialogs.store, (state) => state.open);
  const workspace = useWorkspace(open?.id);
  if (open === null || workspace === undefined) return null;
  const Dialog = dialogs[open.kind];
  return <Dialog key={workspace.id} workspace={workspace} onClose={workspaceDialogs.close} />;
}

export const workspacesFeature: Feature = {
  name: 'workspaces',
  commands: workspaceCommands,
  overlays: [WorkspaceDialogs],
  views: [
    defineView({
      type: 'workspaces',
      component: WorkspacesPage,
      describe: () => ({ title: 'Workspaces', icon: Layers }),
    }),
    defineView({
      type: 'workspace',
      component: WorkspacePage,
      describe: (ref, state) => {
        const workspace = state.workspaces.get(ref.workspaceId);
        if (workspace === undefined) return { title: 'Workspace', icon: Container };
        const host = state.hosts.get(workspace.hostId);
        return {
          title: workspace.name,
          icon: workspace.kind === 'desktop' ? MonitorDot : Container,
          mark: workspaceMark(workspace, machineOfHost(state.machines, workspace.hostId)),
          hint:
            host === undefined ? workspace.name : `${workspace.name} — ${workspace.image} on ${host.name}`,
        };
      },
    }),
  ],
};
