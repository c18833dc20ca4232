/** What forwards give to the window: the list of all, a tab for each app, the ports on a workspace's page, their commands. */
import { ArrowRightLeft, Globe } from 'lucide-react';
import { lazy } from 'react';
import { defineView, type Feature } from '../../state/feature.ts';
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
  commands: forwardCommands,
  overlays: [ForwardDialogs, PortAnnouncer, AppViewLink],
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
          title: forward.name === '' ? `${workspace} ${forward.port}` : forward.name,
          icon: Globe,
          mark: forward.state === 'ready' ? null : forwardMark(forward),
          hint: `${forwardAddress(forward) ?? 'no address yet'} — port ${forward.port} of ${workspace}`,
        };
      },
    }),
  ],
};
