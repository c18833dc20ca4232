/** The rows of the command table that work on workspaces. */
import type { Workspace, WorkspaceState } from '#contract/workspaces.ts';
import { type AppState, type Command, subjectFor } from '../../state/commands.ts';
import { openableApps, openApp, openLabel } from '../../state/open-app.ts';
import { workspaceDialogs } from './workspace-dialogs.ts';

function workspaceOf(state: AppState): Workspace | undefined {
  return state.subject?.kind === 'workspace' ? state.workspaces.get(state.subject.id) : undefined;
}

/** Its host answers and nothing else is under way on it, so something can be begun. */
export function isFree(workspace: Workspace, state: Pick<AppState, 'hosts'>): boolean {
  return workspace.operationId === null && state.hosts.get(workspace.hostId)?.state.phase === 'ready';
}

function canBegin(states: readonly WorkspaceState[]): Command['isEnabled'] {
  return (state) => {
    const workspace = workspaceOf(state);
    return workspace !== undefined && states.includes(workspace.state) && isFree(workspace, state);
  };
}

/** Berth may forget it only where it would not find it again by itself. */
export function canForget(workspace: Workspace, state: Pick<AppState, 'hosts'>): boolean {
  const isHostGone = !state.hosts.has(workspace.hostId);
  return workspace.operationId === null && (workspace.state === 'missing' || isHostGone);
}

export const workspaceCommands: readonly Command[] = [
  {
    id: 'workspace.new',
    scope: 'workspaces.write',
    label: 'New workspace',
    description: 'Makes a container with lasting files on a host.',
    menu: 'Workspace',
    group: 0,
    keywords: 'create container image',
    isEnabled: () => true,
    run: ({ state, view }) => {
      const host = subjectFor({ on: 'host' }, state);
      const project = subjectFor({ on: 'project' }, state);
      view.open({
        type: 'new-workspace',
        hostId: host?.kind === 'host' ? host.id : null,
        projectId: project?.kind === 'project' ? project.id : null,
      });
    },
  },
  {
    id: 'workspace.open-app',
    scope: 'workspaces.write',
    label: (state) => {
      const [main] = openableApps(workspaceOf(state)?.apps);
      return main === undefined ? 'Open its main app' : openLabel(main);
    },
    description: 'Shows its desktop in a tab, or opens the web app that its project names first.',
    menu: 'Workspace',
    group: 1,
    on: 'workspace',
    keywords: 'desktop screen vnc browser app',
    isEnabled: (state) => {
      const workspace = workspaceOf(state);
      return workspace?.state === 'running' && openableApps(workspace.apps).length > 0;
    },
    run: async (context) => {
      const workspace = workspaceOf(context.state);
      const [main] = openableApps(workspace?.apps);
      if (workspace !== undefined && main !== undefined) await openApp(context, workspace.id, main);
    },
  },
  {
    id: 'workspace.start',
    scope: 'workspaces.write',
    label: (state) => (workspaceOf(state)?.state === 'missing' ? 'Make it again' : 'Start workspace'),
    description: 'Wants it running from now on. Makes its container again if that is gone.',
    menu: 'Workspace',
    group: 2,
    on: 'workspace',
    keywords: 'run up',
    // The source of a move stays stopped until the move is confirmed or taken back.
    isEnabled: (state) =>
      canBegin(['stopped', 'failed', 'missing'])(state) && workspaceOf(state)?.move?.role !== 'source',
    run: async ({ subject, client }) => {
      if (subject?.kind === 'workspace') await client.call('workspaces.start', { id: subject.id });
    },
  },
  {
    id: 'workspace.stop',
    scope: 'workspaces.write',
    label: 'Stop workspace',
    description: 'Programs in it get SIGTERM, then SIGKILL after the grace time. Its files stay.',
    menu: 'Workspace',
    group: 2,
    on: 'workspace',
    keywords: 'halt down',
    isEnabled: canBegin(['running', 'paused', 'starting']),
    run: async ({ subject, client }) => {
      if (subject?.kind === 'workspace') await client.call('workspaces.stop', { id: subject.id });
    },
  },
  {
    id: 'workspace.restart',
    scope: 'workspaces.write',
    label: 'Restart workspace',
    description: 'Stops and starts it. Programs and terminals in it end.',
    menu: 'Workspace',
    group: 2,
    on: 'workspace',
    keywords: 'reboot',
    isEnabled: canBegin(['running', 'paused', 'failed']),
    run: async ({ state, subject, client, confirm }) => {
      const workspace = workspaceOf(state);
      if (workspace === undefined || subject?.kind !== 'workspace') return;
      const live = [...state.terminals.values()].filter(
        ({ target, state: own }) =>
          target.kind === 'workspace' && target.workspaceId === workspace.id && own.phase === 'live',
      );
      if (live.length > 0) {
        const isAgreed = await confirm({
          title: `Restart ${workspace.name}?`,
          body:
            live.length === 1
              ? 'What runs in its terminal ends. Its files stay.'
              : `What runs in its ${live.length} terminals ends. Its files stay.`,
          action: 'Restart workspace',
        });
        if (!isAgreed) return;
      }
      await client.call('workspaces.restart', { id: subject.id });
    },
  },
  {
    id: 'workspace.rename',
    scope: 'workspaces.write',
    label: 'Rename workspace',
    description: 'Gives it another name; nothing restarts.',
    menu: 'Workspace',
    group: 3,
    on: 'workspace',
    isEnabled: (state) => {
      const workspace = workspaceOf(state);
      return workspace !== undefined && state.hosts.get(workspace.hostId)?.state.phase === 'ready';
    },
    run: ({ subject }) => {
      if (subject?.kind === 'workspace') workspaceDialogs.open({ kind: 'rename', id: subject.id });
    },
  },
  {
    id: 'workspace.change-password',
    scope: 'workspaces.write',
    label: (state) =>
      workspaceOf(state)?.accessPassword === undefined ? 'Give it a password…' : 'Change its password…',
    description: 'For programs in the container that ask for one. Holds from the next restart on.',
    menu: 'Workspace',
    group: 3,
    on: 'workspace',
    keywords: 'secret vnc',
    isEnabled: canBegin(['running', 'paused', 'stopped', 'failed']),
    run: ({ subject }) => {
      if (subject?.kind === 'workspace') workspaceDialogs.open({ kind: 'password', id: subject.id });
    },
  },
  {
    id: 'workspace.forget',
    scope: 'workspaces.write',
    label: 'Forget workspace',
    description: 'Removes the record of one that is missing from its host, or whose host was removed.',
    menu: 'Workspace',
    group: 4,
    on: 'workspace',
    isEnabled: (state) => {
      const workspace = workspaceOf(state);
      return workspace !== undefined && canForget(workspace, state);
    },
    run: async ({ state, client, confirm }) => {
      const workspace = workspaceOf(state);
      if (workspace === undefined) return;
      const isAgreed = await confirm({
        title: `Forget ${workspace.name}?`,
        body: 'Berth forgets this workspace. Nothing on any host is touched.',
        deletes: ['Its record in Berth'],
        keeps: [`Its volume ${workspace.volumeName}, where that is still on the host`],
        action: 'Forget workspace',
      });
      if (isAgreed) await client.call('workspaces.forget', { id: workspace.id });
    },
  },
  {
    id: 'workspace.destroy',
    scope: 'workspaces.write',
    label: 'Destroy workspace',
    description: 'Deletes its container and network; its files only when told so.',
    menu: 'Workspace',
    group: 4,
    on: 'workspace',
    isDangerous: true,
    keywords: 'delete remove',
    isEnabled: (state) => {
      const workspace = workspaceOf(state);
      return workspace !== undefined && isFree(workspace, state);
    },
    run: ({ subject }) => {
      if (subject?.kind === 'workspace') workspaceDialogs.open({ kind: 'destroy', id: subject.id });
    },
  },
];
