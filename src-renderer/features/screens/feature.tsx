/** What screens give to the window: the tab that shows one. */
import { Monitor } from 'lucide-react';
import { lazy } from 'react';
import { defineView, type Feature } from '../../state/feature.ts';

const ScreenView = lazy(() => import('./screen-view.tsx'));

export const screensFeature: Feature = {
  name: 'screens',
  views: [
    defineView({
      type: 'screen',
      component: ScreenView,
      isFullBleed: true,
      describe: (ref, state) => {
        const workspace = state.workspaces.get(ref.workspaceId);
        if (workspace === undefined) return { title: 'Screen', icon: Monitor };
        const host = state.hosts.get(workspace.hostId);
        const name = workspace.apps?.find(({ port }) => port === ref.port)?.name ?? `port ${ref.port}`;
        return {
          title: workspace.name,
          icon: Monitor,
          hint: `${name} — ${workspace.name}${host === undefined ? '' : ` on ${host.name}`}`,
        };
      },
    }),
  ],
};
