/** The rows of the command table that open screens. */
import type { AppDefinition } from '#contract/projects.ts';
import type { AppState, Command } from '../../state/commands.ts';

function screenOf(state: AppState): AppDefinition | undefined {
  const workspace = state.subject?.kind === 'workspace' ? state.workspaces.get(state.subject.id) : undefined;
  const screens = workspace?.apps?.filter(({ protocol }) => protocol === 'vnc') ?? [];
  return screens.find(({ isMain }) => isMain) ?? screens[0];
}

export const screenCommands: readonly Command[] = [
  {
    id: 'screen.open',
    scope: 'workspaces.write',
    label: 'Open desktop',
    description: 'Shows the screen of a workspace in a tab, over VNC.',
    menu: 'Workspace',
    group: 1,
    on: 'workspace',
    keywords: 'vnc screen remote browser',
    isEnabled: (state) => screenOf(state) !== undefined,
    run: ({ state, subject, view }) => {
      const screen = screenOf(state);
      if (subject?.kind === 'workspace' && screen !== undefined)
        view.open({ type: 'screen', workspaceId: subject.id, port: screen.port });
    },
  },
];
