/** The contract's `projects.*` lines, each to its service call. */
import type { HandlersOf } from '../handler.ts';
import type { Ownership } from '../ownership.ts';
import type { ImageBuilds } from './image-builds.ts';
import type { ProjectService } from './project-service.ts';
import { projectTemplates } from './templates.ts';

export function createProjectHandlers(
  service: ProjectService,
  builds: ImageBuilds,
  ownership: Ownership,
): HandlersOf<'projects'> {
  return {
    'projects.watch': (_input, { caller, signal }) => service.watch(signal, ownership.shownTo(caller)),
    'projects.create': (definition, { caller }) => service.create(definition, caller.userId),
    'projects.edit': ({ id, ...edit }) => service.edit(id, edit),
    'projects.remove': async ({ id }) => {
      await service.remove(id);
      return {};
    },
    'projects.templates': () => ({ templates: [...projectTemplates] }),
    'projects.buildImage': ({ hostId, recipe }, { caller }) => builds.start(hostId, recipe, caller.userId),
  };
}
