/** What forwards give to the window: the list of all, a tab for each app, the ports on a workspace's page, their commands. */
import { ArrowRightLeft, Globe } from 'lucide-react';
import { lazy } from 'react';
import { defineView, type Feature } from '../../state/feature.ts';
import { allTabs } from '../../state/panes.ts';
import { viewKey } from '../../state/view-ref.ts';
import { AppLoginDialog } from './app-login-dialog.tsx';
import { appPageCommands } from './app-page-commands.ts';
import { AppViewLink } from './app-view-link.tsx';
import { forwardCommands } from './forward-commands.ts';
import { ForwardDialogs } from './forward-overlays.tsx';
import { ForwardStatus } from './forward-status.tsx';
import { forwardAddress, forwardMark } from './forward-words.ts';
import { PortAnnouncer } from './port-announcer.tsx';
import { WorkspacePortsPart } from './workspace-ports.tsx';

const ForwardsPage = lazy(() => import('./forwards-page.tsx'));
const AppPage = lazy(() => import('./app-page.tsx'));

export const forwardsFeature: Feature = {
  name: 'forwards',
  commands: [...forwardCommands, ...appPageCommands],
  overlays: [ForwardDialogs, PortAnnouncer, AppViewLink, AppLoginDialog],
  statusItems: [ForwardStatus],
  workspaceParts: [WorkspacePortsPart],
  views: [
    defineView({
      type: 'ports',
      component: ForwardsPage,
      describe: () => ({ title: 'Ports', icon: ArrowRightLeft }),
    }),
    defineView({
      type: 'app',
      component: AppPage,
      isFullBleed: true,
      describe: (ref, state) => {
        const forward = state.forwards.get(ref.forwardId);
        if (forward === undefined) return { title: 'App', icon: Globe };
        const workspace = state.workspaces.get(forward.workspaceId)?.name ?? 'a removed workspace';
        return {
          title: `${forward.name === '' ? `${workspace} ${forward.port}` : forward.name}${ref.path === undefined ? '' : ` ${ref.path}`}`,
          icon: Globe,
          mark: forward.state === 'ready' ? null : forwardMark(forward),
          hint: `${forwardAddress(forward) ?? 'no address yet'} — port ${forward.port} of ${workspace}`,
        };
      },
      // Its page may hold what is not saved, and is asked as a browser asks it.
      beforeClose: async (ref, { shell, state }) => {
        const tab = allTabs(state.view.root).find((each) => viewKey(each.ref) === viewKey(ref));
        if (shell === null || tab === undefined) return true;
        return (await shell.request('appViewLeave', { tabId: tab.id })).isLeft;
      },
    }),
  ],
};
