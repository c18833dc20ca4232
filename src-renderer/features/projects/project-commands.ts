/** The rows of the command table that work on projects. */
import { BerthError } from '#contract/berth-error.ts';
import type { ImageRecipe } from '#contract/projects.ts';
import type { AppState, Command } from '../../state/commands.ts';

function projectOf(state: AppState) {
  return state.subject?.kind === 'project' ? state.projects.get(state.subject.id) : undefined;
}

/** Berth's own images, as the acts that build them anew say it. */
const recipes: readonly (readonly [ImageRecipe, string])[] = [
  ['browser', 'Build Berth’s browser image'],
  ['shell', 'Build Berth’s shell image'],
];

export const projectCommands: readonly Command[] = [
  ...recipes.map(
    ([recipe, label]): Command => ({
      id: `host.build-${recipe}-image`,
      scope: 'hosts.write',
      label,
      description:
        'With today’s packages, also where it is there already. New workspaces get it; old ones keep theirs.',
      menu: 'Host',
      group: 5,
      on: 'host',
      keywords: 'docker desktop template update',
      isEnabled: ({ hosts, subject }) =>
        subject?.kind === 'host' && hosts.get(subject.id)?.state.phase === 'ready',
      run: async ({ subject, client, view }) => {
        if (subject?.kind !== 'host') return;
        const { id } = await client.call('projects.buildImage', { hostId: subject.id, recipe });
        view.open({ type: 'operation', operationId: id });
      },
    }),
  ),
  {
    id: 'project.new',
    scope: 'projects.write',
    label: 'New project',
    description: 'Says once which image, limits and environment its workspaces have.',
    menu: 'Workspace',
    group: 7,
    keywords: 'create definition template',
    isEnabled: () => true,
    run: ({ view }) => view.open({ type: 'project', projectId: null }),
  },
  {
    id: 'project.new-workspace',
    scope: 'workspaces.write',
    label: 'New workspace of this project',
    menu: 'Workspace',
    group: 7,
    on: 'project',
    isEnabled: (state) => projectOf(state) !== undefined,
    run: ({ subject, view }) => {
      if (subject?.kind === 'project')
        view.open({ type: 'new-workspace', hostId: null, projectId: subject.id });
    },
  },
  {
    id: 'project.remove',
    scope: 'projects.write',
    label: 'Remove project',
    description: 'Berth forgets the definition. Only a project without workspaces can be removed.',
    menu: 'Workspace',
    group: 8,
    on: 'project',
    isDangerous: true,
    isEnabled: (state) => projectOf(state) !== undefined,
    run: async ({ state, client, confirm, notices, view }) => {
      const project = projectOf(state);
      if (project === undefined) return;
      const isAgreed = await confirm({
        title: `Remove ${project.name}?`,
        body: 'Berth forgets this definition. Nothing on any host is touched.',
        deletes: ['The project’s image, limits and environment as they are written here'],
        action: 'Remove project',
        isDangerous: true,
      });
      if (!isAgreed) return;
      try {
        await client.call('projects.remove', { id: project.id });
        const { id: _id, createdAt: _createdAt, changedAt: _changedAt, ...definition } = project;
        notices.show({
          level: 'done',
          title: `${project.name} was removed`,
          action: {
            label: 'Undo',
            run: () => {
              client.call('projects.create', definition).then(
                (again) => view.open({ type: 'project', projectId: again.id }),
                (cause: unknown) => notices.fail(`${project.name} was not brought back`, cause),
              );
            },
          },
        });
      } catch (cause) {
        if (!BerthError.is(cause, 'project.in-use')) throw cause;
        notices.fail(`${project.name} was not removed`, cause, {
          label: 'Show its workspaces',
          run: () => view.open({ type: 'project', projectId: project.id }),
        });
      }
    },
  },
];
