/** What machines give to the window: a page for each, their commands and dialogs, and word of them on their hosts' pages. */
import { CloudCog } from 'lucide-react';
import { lazy } from 'react';
import { defineView, type Feature } from '../../state/feature.ts';
import { machineMark } from '../../state/marks.ts';
import { EndAnnouncer } from './end-announcer.tsx';
import { HostBand } from './host-band.tsx';
import { machineCommands } from './machine-commands.ts';
import { MachineDialogs } from './machine-overlays.tsx';
import { RetryAnnouncer } from './retry-announcer.tsx';
import { WorkspaceBand } from './workspace-band.tsx';

const MachinePage = lazy(() => import('./machine-page.tsx'));

export const machinesFeature: Feature = {
  name: 'machines',
  commands: machineCommands,
  overlays: [MachineDialogs, EndAnnouncer, RetryAnnouncer],
  hostBands: [HostBand],
  workspaceBands: [WorkspaceBand],
  views: [
    defineView({
      type: 'machine',
      scope: 'machines.read',
      component: MachinePage,
      describe: (ref, state) => {
        const machine = state.machines.get(ref.machineId);
        if (machine === undefined) return { title: 'Machine', icon: CloudCog };
        return {
          title: machine.name,
          icon: CloudCog,
          mark: machineMark(machine),
          hint: `${machine.name} — the machine, in ${machine.region}`,
        };
      },
    }),
  ],
};
