/** What operations give to the window: the list, a page for each, and word of their end. */
import { ListChecks } from 'lucide-react';
import { lazy } from 'react';
import { defineView, type Feature } from '../../state/feature.ts';
import { operationMark } from '../../state/marks.ts';
import { OperationAnnouncer } from './operation-announcer.tsx';
import { operationCommands } from './operation-commands.ts';

const OperationsPage = lazy(() => import('./operations-page.tsx'));
const OperationPage = lazy(() => import('./operation-page.tsx'));

export const operationsFeature: Feature = {
  name: 'operations',
  commands: operationCommands,
  overlays: [OperationAnnouncer],
  views: [
    defineView({
      type: 'operations',
      component: OperationsPage,
      describe: () => ({ title: 'Operations', icon: ListChecks }),
    }),
    defineView({
      type: 'operation',
      component: OperationPage,
      describe: (ref, state) => {
        const operation = state.operations.get(ref.operationId);
        if (operation === undefined) return { title: 'Operation', icon: ListChecks };
        return { title: operation.title, icon: ListChecks, mark: operationMark(operation) };
      },
    }),
  ],
};
