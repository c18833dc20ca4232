/** The contract's `projects.*` lines, each to its service call. */
import type { HandlersOf } from '../handler.ts';
import type { ProjectService } from './project-service.ts';

export function createProjectHandlers(service: ProjectService): HandlersOf<'projects'> {
  return {
    'projects.watch': (_input, { signal }) => service.watch(signal),
    'projects.create': (definition) => service.create(definition),
    'projects.edit': ({ id, ...edit }) => service.edit(id, edit),
    'projects.remove': async ({ id }) => {
      await service.remove(id);
      return {};
    },
  };
}
