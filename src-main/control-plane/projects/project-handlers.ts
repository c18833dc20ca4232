/** The contract's `projects.*` lines, each to its service call. */
import { BerthError } from '#contract/berth-error.ts';
import type { HandlersOf } from '../handler.ts';
import type { Ownership } from '../ownership.ts';
import type { ProjectService } from './project-service.ts';

export function createProjectHandlers(service: ProjectService, ownership: Ownership): HandlersOf<'projects'> {
  return {
    'projects.watch': (_input, { caller, signal }) => service.watch(signal, ownership.shownTo(caller)),
    'projects.create': (definition, { caller }) => service.create(definition, caller.userId),
    'projects.edit': ({ id, ...edit }) => service.edit(id, edit),
    'projects.remove': async ({ id }) => {
      await service.remove(id);
      return {};
    },
    'projects.templates': () => {
      throw new BerthError('internal', 'not there yet');
    },
    'projects.buildImage': () => {
      throw new BerthError('internal', 'not there yet');
    },
  };
}
