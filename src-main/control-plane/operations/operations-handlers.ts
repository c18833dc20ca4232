/** Contract line → the runner's verb. */
import type { HandlersOf } from '../handler.ts';
import type { Ownership } from '../ownership.ts';
import type { OperationRunner } from './operation-runner.ts';

export function operationsHandlers(runner: OperationRunner, ownership: Ownership): HandlersOf<'operations'> {
  return {
    'operations.watch': (_input, { caller, signal }) => runner.watch(signal, ownership.shownTo(caller)),
    'operations.log': ({ id }, { signal }) => runner.log(id, signal),
    'operations.cancel': ({ id }) => runner.cancel(id),
    'operations.clear': async ({ ids }) => {
      await runner.clear(ids);
      return {};
    },
  };
}
