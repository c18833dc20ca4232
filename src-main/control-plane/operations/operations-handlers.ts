/** Contract line → the runner's verb. */
import type { HandlersOf } from '../handler.ts';
import type { OperationRunner } from './operation-runner.ts';

export function operationsHandlers(runner: OperationRunner): HandlersOf<'operations'> {
  return {
    'operations.watch': (_input, { signal }) => runner.watch(signal),
    'operations.log': ({ id }, { signal }) => runner.log(id, signal),
    'operations.cancel': ({ id }) => runner.cancel(id),
    'operations.clear': async ({ ids }) => {
      await runner.clear(ids);
      return {};
    },
  };
}
