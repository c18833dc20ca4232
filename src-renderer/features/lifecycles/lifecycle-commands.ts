/** The rows of the command table about when workspaces end by themselves. */
import type { AppState, Command } from '../../state/commands.ts';
import { policyDialog } from './lifecycle-dialogs.ts';
import { shownEnd } from './lifecycle-words.ts';

export const lifecycleCommands: readonly Command[] = [
  {
    id: 'workspace.policy',
    scope: 'workspaces.write',
    label: 'Change when it stops by itself…',
    description: 'Idle time, an end, working hours, what keeps it awake.',
    menu: 'Workspace',
    group: 4,
    on: 'workspace',
    keywords: 'idle timeout expiry policy lease hours sleep',
    isEnabled: ({ subject }) => subject?.kind === 'workspace',
    run: ({ subject }) => {
      if (subject?.kind === 'workspace') policyDialog.open(subject.id);
    },
  },
  {
    id: 'workspace.put-off',
    scope: 'workspaces.write',
    label: (state) =>
      stateOf(state) !== 'running' && endOf(state) !== null
        ? 'Keep for another hour'
        : 'Keep running for another hour',
    description: 'Nothing ends it by itself for an hour from now on.',
    menu: 'Workspace',
    group: 4,
    on: 'workspace',
    keywords: 'extend snooze awake idle',
    inTray: true,
    isEnabled: (state) => stateOf(state) === 'running' || endOf(state) !== null,
    run: async ({ subject, client, notices, state }) => {
      if (subject?.kind !== 'workspace') return;
      await client.call('lifecycles.putOff', { workspaceId: subject.id, minutes: 60 });
      const name = state.workspaces.get(subject.id)?.name ?? 'The workspace';
      notices.show({ level: 'info', title: `Nothing ends ${name} by itself for an hour` });
    },
  },
];

function stateOf({ subject, workspaces }: AppState) {
  return subject?.kind === 'workspace' ? workspaces.get(subject.id)?.state : undefined;
}

function endOf(state: AppState) {
  const { lifecycles, subject } = state;
  return subject?.kind === 'workspace' ? shownEnd(stateOf(state), lifecycles.get(subject.id)) : null;
}
