/** What rented machines give to the window: accounts with what they cost, the making of a machine, and word of what matters. */
import { Cloud, CloudCog } from 'lucide-react';
import { lazy } from 'react';
import { defineView, type Feature } from '../../state/feature.ts';
import { CloudAnnouncer } from './cloud-announcer.tsx';
import { cloudCommands } from './cloud-commands.ts';
import { CloudDialogs } from './cloud-overlays.tsx';
import { CostStatus } from './cost-status.tsx';

const CloudsPage = lazy(() => import('./clouds-page.tsx'));
const CreateMachinePage = lazy(() => import('./create-machine-page.tsx'));

export const cloudsFeature: Feature = {
  name: 'clouds',
  commands: cloudCommands,
  overlays: [CloudDialogs, CloudAnnouncer],
  statusItems: [CostStatus],
  views: [
    defineView({
      type: 'clouds',
      scope: 'machines.read',
      component: CloudsPage,
      describe: () => ({ title: 'Machines and costs', icon: Cloud }),
    }),
    defineView({
      type: 'create-machine',
      scope: 'machines.write',
      component: CreateMachinePage,
      // Another account, or an answer that is waited for: what was typed stays.
      keepsPage: true,
      describe: () => ({ title: 'Create a machine', icon: CloudCog }),
    }),
  ],
};
