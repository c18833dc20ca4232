/** The rows of the command table about when workspaces end by themselves. */
import type { Command } from '../../state/commands.ts';
import { policyDialog } from './lifecycle-dialogs.ts';
import { isDestroyedNext } from './lifecycle-words.ts';

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
    label: ({ subject, workspaces }) =>
      subject?.kind === 'workspace' && workspaces.get(subject.id)?.state === 'stopped'
        ? 'Keep for another hour'
        : 'Keep running for another hour',
    description: 'Nothing ends it by itself for an hour from now on.',
    menu: 'Workspace',
    group: 4,
    on: 'workspace',
    keywords: 'extend snooze awake idle',
    inTray: true,
    isEnabled: ({ lifecycles, subject, workspaces }) => {
      const workspace = subject?.kind === 'workspace' ? workspaces.get(subject.id) : undefined;
      return (
        workspace !== undefined &&
        (workspace.state === 'running' || isDestroyedNext(lifecycles.get(workspace.id)))
      );
    },
    run: async ({ subject, client, notices, state }) => {
      if (subject?.kind !== 'workspace') return;
      await client.call('lifecycles.putOff', { workspaceId: subject.id, minutes: 60 });
      const name = state.workspaces.get(subject.id)?.name ?? 'The workspace';
      notices.show({ level: 'info', title: `Nothing ends ${name} by itself for an hour` });
    },
  },
];
