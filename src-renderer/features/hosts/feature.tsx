/** What hosts give to the window: pages, commands, and the questions of their connections. */
import { Server, ServerCog } from 'lucide-react';
import { lazy } from 'react';
import { machineOfHost } from '../../state/commands.ts';
import { defineView, type Feature } from '../../state/feature.ts';
import { hostMark } from '../../state/marks.ts';
import { hostCommands } from './host-commands.ts';
import { hostAddress } from './host-words.ts';
import { QuestionDialog } from './question-dialog.tsx';

const AddHostPage = lazy(() => import('./add-host-page.tsx'));
const HostPage = lazy(() => import('./host-page.tsx'));

export const hostsFeature: Feature = {
  name: 'hosts',
  commands: hostCommands,
  overlays: [QuestionDialog],
  views: [
    defineView({
      type: 'add-host',
      scope: 'hosts.write',
      component: AddHostPage,
      describe: () => ({ title: 'Add a host', icon: ServerCog }),
    }),
    defineView({
      type: 'host',
      component: HostPage,
      describe: (ref, state) => {
        const host = state.hosts.get(ref.hostId);
        if (host === undefined) return { title: 'Host', icon: Server };
        return {
          title: host.name,
          icon: Server,
          mark: hostMark(host, machineOfHost(state.machines, host.id)),
          hint: `${host.name} — ${hostAddress(host.definition)}`,
        };
      },
    }),
  ],
};
