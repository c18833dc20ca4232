/** The rows of the command table that work on operations. */
import type { Operation } from '#contract/operations.ts';
import type { AppState, Command } from '../../state/commands.ts';
import { isUnderWay } from '../../state/operation-progress.ts';

function operationOf(state: AppState): Operation | undefined {
  return state.subject?.kind === 'operation' ? state.operations.get(state.subject.id) : undefined;
}

export const operationCommands: readonly Command[] = [
  {
    id: 'operation.cancel',
    scope: 'operations.write',
    label: 'Cancel operation',
    description: 'Stops it and takes back what it half made.',
    menu: 'Workspace',
    group: 6,
    on: 'operation',
    keywords: 'abort stop undo',
    isEnabled: (state) => {
      const operation = operationOf(state);
      if (!operation?.canCancel) return false;
      return operation.state === 'running' || operation.state === 'waiting';
    },
    run: async ({ subject, client }) => {
      if (subject?.kind === 'operation') await client.call('operations.cancel', { id: subject.id });
    },
  },
  {
    id: 'operation.clear-ended',
    scope: 'operations.write',
    label: 'Clear ended operations',
    description: 'Forgets operations that have ended, with their logs. Nothing else changes.',
    menu: 'Go',
    group: 3,
    isEnabled: (state) => [...state.operations.values()].some((operation) => !isUnderWay(operation)),
    run: async ({ state, client }) => {
      const ids = [...state.operations.values()].filter((each) => !isUnderWay(each)).map(({ id }) => id);
      // The contract takes at most this many at once.
      for (let from = 0; from < ids.length; from += 1000)
        await client.call('operations.clear', { ids: ids.slice(from, from + 1000) });
    },
  },
];
